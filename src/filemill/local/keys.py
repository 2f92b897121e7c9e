"""The three keys of an embedded object store: whose they are and what they are called."""

import msgspec

ROOT = "filemill-root"
SERVICE = "filemill"
CAGE = "filemill-cage"


class Keys(msgspec.Struct, frozen=True):
    """The secrets that belong to `ROOT`, `SERVICE` and `CAGE`."""

    root: str
    service: str
    cage: str
