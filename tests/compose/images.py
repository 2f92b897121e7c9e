"""The images compose.yaml names: pulled where a registry can be reached, else small stand-ins of the same names."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filemill.local import minio_server
from tests.compose.composefile import ROOT
from tests.compose.engine import Engine

BASE = "debian:bookworm-slim"
STAND_INS = ("postgres", "redis", "minio", "nginx", "clamd")
PULL_SECONDS = 300
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def provide(engine: Engine, services: dict[str, Any], say: Callable[[str], None]) -> None:
    """Sees to it that the engine has the base and every server's image."""
    pulls = _pull(engine, BASE)
    if pulls:
        say(f"{BASE} was pulled")
    elif engine.run(["docker", "image", "inspect", BASE], check=False).returncode == 0:
        say(f"{BASE} is kept from before")
    else:
        _make_base(engine)
        say(f"{BASE} was made by debootstrap: no registry is in reach")
    for name in STAND_INS:
        image = services[name]["image"]
        if pulls and _pull(engine, image):
            say(f"{image} was pulled")
        else:
            _stand_in(engine, name, image)
            say(f"{image} was built as a stand-in")


def _pull(engine: Engine, image: str) -> bool:
    try:
        return engine.run(["docker", "pull", "-q", image], check=False, seconds=PULL_SECONDS).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _make_base(engine: Engine) -> None:
    """Debian's smallest system under the public image's name, knowing whose certificates this machine believes.

    The certificates lie at a path of their own: where Debian's are, the next apt-get would write over them.
    """
    root = engine.folder / "rootfs"
    # As the public image has it, and debootstrap takes it over: no file is waited for until the disk has it.
    (root / "etc/dpkg/dpkg.cfg.d").mkdir(parents=True)
    (root / "etc/dpkg/dpkg.cfg.d/docker-apt-speedup").write_text("force-unsafe-io\n")
    engine.run(["debootstrap", "--variant=minbase", "bookworm", str(root)])
    archive = engine.folder / "rootfs.tar"
    engine.run(["tar", "-C", str(root), "-cf", str(archive), "."])
    shutil.rmtree(root)
    engine.run(["docker", "import", str(archive), "filemill-test-plain"])
    archive.unlink()
    context = engine.folder / "base"
    context.mkdir()
    shutil.copy(CERTIFICATES, context / "ca.crt")
    (context / "Dockerfile").write_text(
        "FROM filemill-test-plain\nCOPY ca.crt /etc/ssl/machine-ca.crt\n"
        "ENV PIP_CERT=/etc/ssl/machine-ca.crt SSL_CERT_FILE=/etc/ssl/machine-ca.crt\n"
        "RUN apt-get update\n"  # here once: each build after it only asks whether the lists are still the same
        'CMD ["bash"]\n'
    )
    engine.run(["docker", "build", "-q", "-t", BASE, str(context)])


def _stand_in(engine: Engine, name: str, image: str) -> None:
    folder = ROOT / "tests/compose/stand_ins" / name
    context = minio_server.program().parent if name == "minio" else folder
    engine.run(["docker", "build", "-q", "-t", image, "-f", str(folder / "Dockerfile"), str(context)])
