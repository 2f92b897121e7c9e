"""The command line: what is wrong is said in one sentence that names it, at once, and without a traceback."""

import os
import re
import socket
import subprocess
import sys
from importlib import metadata

import pytest

from filemill.cli import COMMANDS
from filemill.commands.demo import PREVIEW_COLUMNS, PREVIEW_ROWS
from filemill.local import home as homes
from filemill.local.home import Notes


def run(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FILEMILL_")}
    return subprocess.run(
        [sys.executable, "-m", "filemill.cli", *words],
        capture_output=True,
        text=True,
        env={**clean, **environ},
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("words", "environ", "named"),
    [
        (["serve", "--prot", "1"], {}, "--prot"),
        (["serve", "--port", "99999"], {}, "--port"),
        (["serve", "--port", "many"], {}, "--port"),
        (["serve", "--store", "floppy"], {}, "--store"),
        (["server"], {}, "server"),
        (["worker", "coffee"], {}, "coffee"),
        (["worker"], {}, "LANE"),
        (["serve"], {"FILEMILL_TABLES_SLOTS": "two"}, "FILEMILL_TABLES_SLOTS"),
        (["serve"], {"FILEMILL_TRUSTED_PROXIES": "10.0.0.0/8,nginx"}, "FILEMILL_TRUSTED_PROXIES"),
        (["serve"], {"FILEMILL_CLAMD": "localhost:3310"}, "FILEMILL_CLAMD"),
        (["serve"], {"FILEMILL_CLAMD": "tcp://localhost:many"}, "FILEMILL_CLAMD"),
        (["serve"], {"FILEMILL_CLAMD": "unix:relative"}, "FILEMILL_CLAMD"),
        (["serve"], {"FILEMILL_TABLE_SLOTS": "2"}, "FILEMILL_TABLE_SLOTS"),
        (["serve"], {"FILEMILL_DATABASE_URL": "postgresql://elsewhere/x"}, "FILEMILL_DATABASE_URL"),
        (["serve"], {"FILEMILL_LANES": "tables"}, "FILEMILL_LANES"),
        (["serve", "--home", "/dev/null/home"], {}, "/dev/null/home"),
        (["api"], {}, "FILEMILL_DATABASE_URL"),
        (["worker", "tables"], {}, "FILEMILL_DATABASE_URL"),
        (["migrate"], {}, "FILEMILL_DATABASE_URL"),
        (["admin", "promote"], {}, "EMAIL"),
        (["demo", "--file", "/no/such/table.csv"], {}, "/no/such/table.csv"),
        (["demo", "--file", sys.executable], {}, "--file"),
    ],
)
def test_one_sentence_names_what_is_wrong(words, environ, named, tmp_path):
    told = run(*words, **{"HOME": str(tmp_path), **environ})

    assert told.returncode == 2
    assert told.stdout == ""
    assert named in told.stderr
    assert told.stderr.count("\n") == 1, "one line"
    assert "Traceback" not in told.stderr


def test_a_home_keeps_the_store_that_wrote_it(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "notes.json").write_text('{"store":"seaweedfs"}')

    told = run("serve", "--home", str(home), "--store", "minio")

    assert told.returncode == 2
    assert told.stderr.startswith("--store minio cannot be used")


def test_a_folder_with_files_of_others_becomes_no_home(tmp_path):
    # given a folder in which something lies
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to ada.txt").write_text("Dear Ada")

    # when it is to be a home
    told = run("serve", "--home", str(tmp_path / "letters"))

    # then the folder is named, and what lies in it, and nothing is added
    assert told.returncode == 2
    assert told.stderr == (
        f"The folder {tmp_path}/letters is no home of filemill and not empty; it holds 'to ada.txt', for one."
        " Choose an empty folder, or one that is not there yet, by --home DIR.\n"
    )
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["to ada.txt"]


@pytest.mark.parametrize("name", ["secrets.json", "serve.lock", "servers.lock"])
def test_a_home_with_files_of_others_stays_one(tmp_path, name):
    # given a home of which the first start broke off, or which has lost its locks, and a note of its owner's in it
    with_note = tmp_path / "home"
    homes.open_home(with_note).close()
    (with_note / "README").write_text("my files")
    for other in {"secrets.json", "serve.lock", "servers.lock"} - {name}:
        (with_note / other).unlink()

    # when it is opened, then it is one
    home = homes.open_home(with_note)
    home.close()
    assert (with_note / "README").read_text() == "my files"


def a_server() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def test_a_port_that_is_taken_leaves_no_home_behind(tmp_path):
    # given a server of somebody else's
    with a_server() as taken:
        port = taken.getsockname()[1]
        # when serve is to make a home for that port, in a folder that is not there or is empty
        (tmp_path / "empty").mkdir()
        told = [run("serve", "--home", f"{tmp_path}/{name}", "--port", str(port)) for name in ("new/home", "empty")]

    # then the port is named, and there is what was there before
    assert [one.returncode for one in told] == [2, 2]
    (said,) = {one.stderr for one in told}
    assert said.startswith(f"--port {port} cannot be used: ")
    assert f"(process {os.getpid()}) listens on 127.0.0.1:{port} already. Choose another one, such as --port " in said
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


def test_a_port_that_is_taken_leaves_a_home_as_it_was(tmp_path):
    # given a home, such as `serve` made it
    home = homes.open_home(tmp_path / "home")
    home.remember(Notes(store="seaweedfs"))
    home.close()
    before = {path: path.read_bytes() for path in (tmp_path / "home").iterdir()}

    # when it is to serve at somebody else's port
    with a_server() as taken:
        told = run("serve", "--home", str(home.folder), "--port", str(taken.getsockname()[1]))

    # then nothing in it has changed
    assert told.returncode == 2
    assert {path: path.read_bytes() for path in (tmp_path / "home").iterdir()} == before


@pytest.mark.parametrize("words", [[], ["--help"]])
def test_help_lists_every_command(words):
    told = run(*words)

    assert told.returncode == 0
    assert all(command in told.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    assert run(command, "--help").returncode == 0


def test_doctor_says_what_is_there():
    told = run("doctor")

    assert told.returncode == 0, told.stdout
    needed = ("Python", "PostgreSQL", "Redis", "Object store", "bubblewrap", "clamd")
    assert all(name in told.stdout for name in (*needed, "LibreOffice", "pandoc", "typst", "Fonts", "Session cookie"))
    assert f"typst           {metadata.version('typst')}\n" in told.stdout, "programs are told with their versions"
    assert "FILEMILL_COOKIE_SECURE=off" in told.stdout, "and what to do where a browser drops the cookie"


def test_demo_tells_what_it_does_how_long_that_took_and_what_it_does_not_show(tmp_path):
    told = run("demo", "--out", str(tmp_path / "out"), COLUMNS="120")

    assert told.returncode == 0, told.stdout + told.stderr
    assert "filter country eq IN -> convert_format parquet" in told.stdout
    said = re.search(r"took \d+\.\d\d s: ([\d,]+) rows in, ([\d,]+) rows out", told.stdout)
    assert said is not None
    rows = int(said[2].replace(",", ""))
    assert 0 < rows < int(said[1].replace(",", ""))
    assert f"{rows - PREVIEW_ROWS} rows and {11 - PREVIEW_COLUMNS} columns more are in the file." in told.stdout
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["airports_processed.parquet"]


def test_doctor_tells_of_a_scanner_that_does_not_start(tmp_path):
    broken = tmp_path / "clamd"
    broken.write_text("#!/bin/sh\necho no such library >&2\nexit 127\n")
    broken.chmod(0o755)

    told = run("doctor", PATH=f"{tmp_path}:{os.environ['PATH']}")

    assert told.returncode == 0
    assert "does not start: clamd ended with code 127: no such library" in told.stdout


def test_doctor_says_what_is_missing_and_what_to_do(tmp_path):
    told = run("doctor", PATH=str(tmp_path))

    bubblewrap = told.stdout.split("bubblewrap", 1)[1]
    assert "missing" in bubblewrap
    assert "filemill install" in bubblewrap


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root's leave to become somebody else")
def test_install_without_root_and_sudo_names_the_package(tmp_path):
    """Given a user with neither, on a machine without libmagic: the sentence names the package, and it stops."""
    script = (
        "import ctypes.util, os, sys;"
        "from filemill import cli; from filemill.commands import install;"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534);"
        "ctypes.util.find_library = lambda name: None;"
        "sys.argv = ['filemill', 'install']; cli.main()"
    )
    told = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
        check=False,
    )
    assert told.returncode == 1
    assert "libmagic1" in told.stderr
