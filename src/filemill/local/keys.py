"""The three keys of an embedded object store: whose they are and what they are called."""

import msgspec

ROOT = "filemill-root"
SERVICE = "filemill"
SANDBOX = "filemill-cage"
"""The user's name in the store since version 0.1.0. `secrets.json` and `.env` keep their names as well."""


class Keys(msgspec.Struct, frozen=True):
    """The secrets that belong to `ROOT`, `SERVICE` and `SANDBOX`."""

    root: str
    service: str
    sandbox: str
