"""For Piccolo's own command line: the engine, told its address, and the one app."""

import os

from piccolo.conf.apps import AppRegistry

from filemill.connections import DB

DB.config = {"dsn": os.environ.get("FILEMILL_DATABASE_URL", "")}
APP_REGISTRY = AppRegistry(apps=["filemill.piccolo_app"])
