"""What keeps other users of the machine away from SeaweedFS: one certificate for all its parts, and signed requests.

Its parts speak gRPC and HTTP to one another, through ports of loopback that every user of the machine reaches. gRPC
takes whoever shows this certificate (mTLS); HTTP takes requests signed with these keys. Both are made at each start.
"""

import importlib
import secrets
import socket
from collections.abc import Iterable
from pathlib import Path

from filemill.local import home, users
from filemill.local.process import LOOPBACK, User

FOLDER = ".seaweedfs"
"""Below its HOME it looks for `security.toml` there."""

_PARTS = ("master", "volume", "filer", "s3", "admin", "worker", "msg_broker", "msg_agent", "mq", "client")
_KEYS = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
"""How a client of gRPC without TLS begins."""


def write(folder: Path, place: Path, user: User | None) -> None:
    """Makes certificate and keys below `folder`, which SeaweedFS finds as `place`, readable by the user alone."""
    # What it imports takes longer than all of this, and only a home with SeaweedFS needs it.
    certificate, key = importlib.import_module("filemill.local.certificates").make()
    for name, content in (("node.crt", certificate), ("node.key", key), ("security.toml", _settings(place))):
        home.write_privately(folder / name, content)
        users.give(folder / name, user)


def first_open(ports: Iterable[int]) -> int | None:
    """The first of these ports at which gRPC answers whoever comes; None where none does."""
    return next((port for port in ports if _answers(port)), None)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=2) as connection:
            connection.sendall(_PREFACE)
            said = connection.recv(9)
    except OSError:
        return False
    return said[3:4] == b"\4"  # a frame with its settings; TLS sends an alert, or hangs up


def _settings(place: Path) -> bytes:
    lines = [f'[{name}]\nkey = "{secrets.token_urlsafe(32)}"' for name in _KEYS]
    lines.append(f'[grpc]\nca = "{place}/node.crt"')
    lines += [f'[grpc.{part}]\ncert = "{place}/node.crt"\nkey = "{place}/node.key"' for part in _PARTS]
    return "\n".join([*lines, ""]).encode()
