"""Every file and dotted name that the docs name is there: a reader who follows one finds it."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
SOURCE = ROOT / "src/filemill"
SUFFIXES = "py|md|js|css|html|conf|yaml|sh|toml|lua|typ|txt|svg|json"
FORMER = {"0014-rooms-and-words.md": {"words.py"}}
"""Names of before, on the page that says what became of them."""

FILE = re.compile(rf"[\w./-]*\w\.(?:{SUFFIXES})")
DOTTED = re.compile(r"((?:[a-z_]+/)*[a-z_0-9]+)((?:\.[A-Za-z_]\w*)+)")
PLACE = re.compile(r"(?:[a-z_]+/)+[a-z_0-9]*")


def code_of(text: str) -> list[str]:
    """What stands between single backticks, outside of fenced blocks."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE))


@cache
def files() -> tuple[str, ...]:
    """The path of every file of the repository that is no dependency."""
    left_out = {".git", ".venv", "node_modules", "__pycache__", "build"}
    return tuple(
        "/" + path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*")
        if path.is_file() and not left_out & set(path.relative_to(ROOT).parts)
    )


def rooms() -> set[str]:
    """What the first part of a path may be."""
    return {path.name for folder in (ROOT, SOURCE) for path in folder.iterdir() if path.is_dir()} - {"build", "src"}


def module_of(name: str) -> Path | None:
    """`jobs/rows/claims` -> its file, in the package or beside it."""
    return next((path for path in (SOURCE / f"{name}.py", ROOT / f"{name}.py") if path.is_file()), None)


def names_of(body: list[ast.stmt]) -> dict[str, list[ast.stmt]]:
    """What a module or class defines: name -> the body, of a class."""
    found: dict[str, list[ast.stmt]] = {}
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found[node.name] = node.body if isinstance(node, ast.ClassDef) else []
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        found |= {target.id: [] for target in targets if isinstance(target, ast.Name)}
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name: [] for alias in node.names}
    return found


def defines(module: Path, attributes: list[str]) -> bool:
    """Whether a module defines `Name` or `Name.of_its_class`."""
    body = ast.parse(module.read_text()).body
    for attribute in attributes:
        there = names_of(body)
        if attribute not in there:
            return False
        body = there[attribute]
    return True


def is_there(code: str) -> bool | None:
    """Whether what the code names is there; None where the code names no place of ours."""
    is_address, is_readers = code.startswith("/"), "/" not in code and not code.endswith(".py")
    if FILE.fullmatch(code):
        return (
            None if is_address or is_readers else any(path.endswith(f"/{code.removeprefix('./')}") for path in files())
        )
    if dotted := DOTTED.fullmatch(code):
        module = module_of(dotted[1])
        if module is None:
            return False if dotted[1].split("/")[0] in rooms() and "/" in dotted[1] else None
        return defines(module, dotted[2].removeprefix(".").split("."))
    if PLACE.fullmatch(code) and code.split("/", maxsplit=1)[0] in rooms():
        place = code.rstrip("/")
        return module_of(place) is not None or any((root / place).is_dir() for root in (SOURCE, ROOT, ROOT / "docs"))
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_names_is_there(page: Path) -> None:
    former = FORMER.get(page.name, set())

    missing = {code for code in code_of(page.read_text()) if is_there(code) is False}

    assert not missing - former


@pytest.mark.parametrize(
    ("code", "there"),
    [
        ("jobs/uploads.sign", True),
        ("jobs/uploads.stamp", False),
        ("storage/s3.Store.presign_put", True),
        ("jobs/rows/", True),
        ("jobs/content", False),
        ("runs/runner.py", True),
        ("runs/runners.py", False),
        ("workers/engines.ENGINES", True),
        ("pipelines/formats.LANES", False),
        ("people.csv", None),
        ("qty * price", None),
    ],
)
def test_the_look_itself_tells_what_is_there_from_what_is_not(code: str, there: bool | None) -> None:
    assert is_there(code) is there
