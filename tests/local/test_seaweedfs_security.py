"""SeaweedFS keeps other users of the machine out: its parts want a certificate or a signature from whoever comes."""

import http.client
import io
import os
import socket
import ssl
import subprocess

import psutil
import pytest

from filemill.local import certificates, object_store, seaweedfs, seaweedfs_security
from filemill.local.keys import Keys
from filemill.local.process import LOOPBACK, NotStarted

SECRET = b"words that are nobody else's"
GRPC = {"s3": 4, "master": 5, "volume": 6, "filer": 7}


def make(folder):
    return object_store.make(
        "seaweedfs",
        folder / "store/objects",
        ports=object_store.choose_ports("seaweedfs"),
        keys=Keys("r" * 40, "s" * 40, "c" * 40),
        log=folder / "log",
        buckets=["filemill"],
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    running = make(tmp_path_factory.mktemp("home"))
    running.start()
    try:
        object_store.prepare(running)
        object_store.root_client(running).put_object("filemill", "input/a", io.BytesIO(SECRET), len(SECRET))
        yield running
    finally:
        running.stop()


@pytest.fixture
def private(store):
    return store.folder.parent / "seaweedfs"


def http2(port, *, certificate=None):
    """What gRPC says first to whoever comes with this certificate; b"" where it hangs up."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    if certificate:
        context.load_cert_chain(*certificate)
    try:
        with (
            socket.create_connection((LOOPBACK, port), timeout=5) as plain,
            context.wrap_socket(plain) as connection,
        ):
            connection.sendall(seaweedfs_security._PREFACE)
            return connection.recv(9)
    except (ssl.SSLError, ConnectionError):
        return b""


@pytest.mark.parametrize("part", GRPC)
def test_grpc_wants_the_certificate(store, private, tmp_path, part):
    port = store._ports[GRPC[part]]
    # given a certificate of somebody else's, of the same name
    own, other = private / ".seaweedfs", tmp_path
    for name, content in zip(("node.crt", "node.key"), certificates.make(), strict=True):
        (other / name).write_bytes(content)
    # then
    assert seaweedfs_security.first_open([port]) is None, "without TLS"
    assert http2(port) == b"", "without a certificate"
    assert http2(port, certificate=(other / "node.crt", other / "node.key")) == b""
    assert http2(port, certificate=(own / "node.crt", own / "node.key"))[3:4] == b"\4", "with it"


def test_the_admins_grpc_wants_the_certificate_too(store):
    port = store._ports[8] + seaweedfs._ADMIN_SECOND_PORT
    with socket.create_connection((LOOPBACK, port), timeout=5):
        pass
    assert seaweedfs_security.first_open([port]) is None
    assert http2(port) == b""


def test_its_own_shell_reads_an_object_with_the_certificate_and_nothing_without(store, private, tmp_path):
    def said(folder):
        address = [f"{LOOPBACK}:{store._ports[http]}.{store._ports[http + 4]}" for http in (1, 3)]
        argv = [seaweedfs.program(), "shell", f"-master={address[0]}", f"-filer={address[1]}"]
        try:
            return subprocess.run(
                argv,
                input=b"fs.cat /buckets/filemill/input/a\n",
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"HOME": str(folder), "PATH": os.defpath},
                cwd=tmp_path / "empty",
                timeout=5,
                check=False,
            ).stdout
        except subprocess.TimeoutExpired as over:  # it goes on trying
            return over.stdout or b""

    (tmp_path / "empty").mkdir()
    # The paths in its settings are those of the server's own descriptors.
    mine = tmp_path / ".seaweedfs"
    mine.mkdir()
    for name in ("node.crt", "node.key"):
        (mine / name).write_bytes((private / ".seaweedfs" / name).read_bytes())
    settings = (private / ".seaweedfs/security.toml").read_text()
    there = settings.split('ca = "')[1].split("/node.crt")[0]
    (mine / "security.toml").write_text(settings.replace(there, str(mine)))

    assert SECRET in said(tmp_path)
    assert SECRET not in said(tmp_path / "elsewhere")


def test_http_wants_a_signature(store):
    paths = ("/", "/buckets/filemill/input/a", "/1,01637037d6", "/2,01637037d6", "/filemill/input/a", "/dir/assign")
    s3, master, volume, filer, *_, admin = store._ports
    for port in (s3, master, volume, filer, admin):
        for path in paths:
            connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            assert answer.status in (401, 403, 404) or (port, path) == (master, "/"), (port, path, answer.status)
            assert SECRET not in body
            assert b"input" not in body or port == s3  # S3 repeats the path that was asked for


def test_it_listens_on_loopback_alone_and_its_sockets_are_its_own(store):
    running = psutil.Process(store.process.pid)
    for one in running.net_connections("inet"):
        if one.status == psutil.CONN_LISTEN:
            assert one.laddr.ip == LOOPBACK
    sockets = [one.laddr for one in running.net_connections("unix") if one.laddr.startswith("/tmp/seaweedfs")]
    assert sockets
    assert not any(os.stat(path).st_mode & 0o022 for path in sockets), "connecting takes the right to write"


def test_its_secrets_are_for_its_user_alone(store, private):
    files = [path for path in private.rglob("*") if path.is_file()]

    assert {path.name for path in files} == {"node.crt", "node.key", "security.toml", "s3.json"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in (private, *files))


def test_one_that_does_not_want_the_certificate_is_not_left_running(tmp_path, monkeypatch):
    # given a SeaweedFS that looks for its settings elsewhere, as another version might
    monkeypatch.setattr(seaweedfs_security, "FOLDER", "elsewhere")
    store = make(tmp_path)
    # when, then
    with pytest.raises(NotStarted, match="lets every user of this machine read all objects"):
        store.start()
    assert not store.process.alive
