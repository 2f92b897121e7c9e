"""The house rules that no other tool holds: where SQL, processes, the environment and the store's client may stand."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks import __main__ as attacks

ROOT = Path(__file__).parents[2]
SOURCES = sorted(p for folder in ("src", "workers") for p in (ROOT / folder).rglob("*.py"))
NOT_NAMES = {"utils", "helpers", "common", "base", "manager", "service"}

SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b\s+\S+.*\b(FROM|SET|VALUES|WHERE)\b", re.DOTALL)


def room(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", SOURCES, ids=room)
def test_every_module_opens_by_saying_what_the_room_is_for(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring, "no docstring"
    assert docstring.split("\n\n")[0].rstrip().endswith((".", ":", "?")), "not a sentence"


@pytest.mark.parametrize("path", SOURCES, ids=room)
def test_names_say_something(path: Path) -> None:
    assert path.stem not in NOT_NAMES


@pytest.mark.parametrize("path", SOURCES, ids=room)
def test_imports_stand_on_top(path: Path) -> None:
    tree = ast.parse(path.read_text())
    inside = [
        node.lineno
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not inside, f"imports inside functions at lines {inside}"


SQL_ROOMS = re.compile(r"(jobs/rows/\w+|queries|migrations|connections)\.py$")
PROCESS_ROOMS = {
    "src/filemill/sandbox/choice.py",
    "src/filemill/sandbox/pool.py",
    "src/filemill/local/process.py",
    "src/filemill/engines/documents/programs.py",  # inside a sandbox
}
STORE_ROOMS = re.compile(r"^(src/filemill/storage/|src/filemill/local/|src/filemill/engines/|workers/checksum.py)")


@pytest.mark.parametrize("path", SOURCES, ids=room)
def test_sql_stands_in_its_rooms(path: Path) -> None:
    if SQL_ROOMS.search(room(path)):
        return
    found = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value)
    ]
    assert not found, f"SQL at lines {found}"


@pytest.mark.parametrize("path", SOURCES, ids=room)
def test_processes_are_started_in_their_rooms(path: Path) -> None:
    if room(path) not in PROCESS_ROOMS:
        tree = ast.parse(path.read_text())
        assert "subprocess" not in set(imports(tree))
        assert not [node.attr for node in ast.walk(tree) if getattr(node, "attr", "").startswith("create_subprocess")]


@pytest.mark.parametrize("path", SOURCES, ids=room)
def test_the_store_is_called_in_its_rooms(path: Path) -> None:
    if not STORE_ROOMS.search(room(path)):
        assert not {name for name in imports(ast.parse(path.read_text())) if name.split(".")[0] == "minio"} - {
            "minio.error"
        }


def test_every_room_has_its_floor() -> None:
    """A room that no layer names might import anything, and be imported by anybody."""
    here = {
        path.stem for path in (ROOT / "src/filemill").iterdir() if path.name[0] not in "_." and path.suffix != ".typed"
    }
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each["type"] == "layers" and "containers" not in each)
    held = [name.removeprefix("filemill.") for layer in layers for name in re.findall(r"[\w.]+", layer)]
    table = (ROOT / "docs/architecture.md").read_text().partition("| | rooms |")[2].partition("\n\n")[0]
    told = re.findall(r"`(\w+)`", table)

    assert sorted(held) == sorted(here | {"workers"})
    assert sorted(told) == sorted(held)


def test_every_decision_is_listed() -> None:
    listed = (ROOT / "docs/decisions/README.md").read_text()
    missing = [p.name for p in (ROOT / "docs/decisions").glob("0*.md") if p.name not in listed]
    assert not missing
    named = set(re.findall(r"\((\d{4}[^)]*\.md)\)", listed))
    assert named == {p.name for p in (ROOT / "docs/decisions").glob("0*.md")}


def test_pinned_packages_record_no_address() -> None:
    assert "://" not in (ROOT / "constraints.txt").read_text()


def test_every_attack_is_made() -> None:
    """A module with an attack that nobody lists would hold nothing."""
    modules = {path.stem for path in (ROOT / "tests/attacks").glob("*.py") if "\ndef attack(" in path.read_text()}
    assert modules == set(attacks.ATTACKS)


RECURSING = re.compile(r"shutil\.rmtree|os\.f?walk|.*\.rglob|.*\.TemporaryDirectory", re.DOTALL)
OWN_TREES = {
    "src/filemill/commands/demo.py",  # the home of its own table
    "src/filemill/local/postgres.py",  # the folder of the database
    "src/filemill/engines/tables/writers/xlsx_sink.py",  # files of one folder, which it has named itself
}


@pytest.mark.parametrize("path", [path for path in SOURCES if room(path) not in OWN_TREES], ids=room)
def test_no_folder_that_a_stranger_may_have_filled_is_walked_by_recursion(path: Path) -> None:
    # sandbox/trees.py removes folders of any depth, sandbox/weighing.py looks at them
    used = [ast.unparse(node) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)]
    assert not list(filter(RECURSING.fullmatch, used))


@pytest.mark.parametrize("path", SOURCES, ids=room)
def test_cookies_are_read_by_us(path: Path) -> None:
    # Litestar's reading takes the square of a cookie's length: web/cookies.py has one that does not
    used = [ast.unparse(node) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)]
    assert not [each for each in used if re.fullmatch(r".*(request|connection)\.cookies", each)]
