"""What of the machine's files a child may read: programs, this interpreter, and never a configuration of others."""

import functools
import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

PROGRAMS = (
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/libreoffice",
    "/var/cache/fontconfig",
)
"""What programs need beside /usr: links, libraries, fonts, and the settings that Debian's LibreOffice links to."""

NETWORK = (
    *("/etc/gai.conf", "/etc/host.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/resolv.conf"),
    "/run/systemd/resolve",
    *("/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/pki/tls/certs", "/etc/pki/ca-trust/extracted"),
    "/etc/ca-certificates/extracted",
    *("/etc/localtime", "/etc/timezone", "/etc/mime.types"),
)
"""What a child needs that looks names up and speaks TLS; and the time zone."""


def interpreter() -> Iterator[Path]:
    """The folders of Python and its packages; of a checkout only the packages themselves."""
    yield from {Path(prefix) for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix)} - {Path("/usr")}
    for package in ("filemill", "workers"):
        spec = find_spec(package)
        yield from map(Path, spec.submodule_search_locations or () if spec else ())


@functools.cache
def below_tmp() -> frozenset[str]:
    """The names in /tmp below which the interpreter lies: removing them from outside would take the mounts away."""
    tmp = Path("/tmp")  # noqa: S108 -- what a child has there is its own
    return frozenset(path.relative_to(tmp).parts[0] for path in interpreter() if path.is_relative_to(tmp))


def certificates() -> Iterator[Path]:
    """The file of certificates that the environment names."""
    if named := os.environ.get("SSL_CERT_FILE"):
        yield Path(named)
