"""The order of locks, as far as a statement tells it: who changes several rows locks them by their ids first.

The order itself stands in docs/architecture.md; tests/jobs/test_endings_in_crowds.py holds it under load.
"""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = sorted(
    path
    for path in (ROOT / "src/filemill").rglob("*.py")
    if path.parent.name == "rows" or path.stem.endswith("queries")
)

SHARED = r"(account|job|object|conversion_file|sign_in|sign_in_attempt)"
CHANGED = re.compile(rf"\b(UPDATE|DELETE FROM) {SHARED}\b")
ONE_ROW = re.compile(
    r"WHERE (\w+\.)?(id|key|email|token) = (lower\()?\$\d"  # named by its key
    r"|LIMIT 1 FOR"  # or the first of a queue
    r"|WHERE (owner|f\.job|job) = \$1 AND (idempotency_key = \$2|object)"  # or by another unique one
)
LOCKED = re.compile(r"ORDER BY (\w+\.)?id\s+FOR (NO KEY )?UPDATE|LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED")
LOCKED_BEFORE = {
    ("jobs/rows/closing.py", "expire_now"): "lock_jobs",
    ("jobs/rows/files.py", "keep_inputs"): "the SELECT above",
    ("jobs/rows/jobs.py", "delete"): "the SELECT above",
    ("apis/conversion/queries.py", "forget_original"): "the one file of a job, whose object is locked",
    ("apis/conversion/queries.py", "expire_all"): "their guest and their objects",
    ("apis/conversion/queries.py", "forget_all"): "their guest and their objects",
}
"""Statements whose rows the same transaction has locked before."""


def _text(node: ast.expr, module: object) -> str:
    """The text of a string as it is put together from constants of its module."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part, module) for part in node.values)
    if isinstance(node, ast.FormattedValue) and isinstance(node.value, ast.Name):
        return str(getattr(module, node.value.id, ""))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left, module) + _text(node.right, module)
    return ""


BUILDERS = {"_transition"}
"""What makes statements for constants of its module, which are looked at in its place."""


def _strings(node: ast.AST) -> Iterator[ast.expr]:
    """The whole strings of a function, not the pieces they are put together from."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Constant | ast.JoinedStr):
            yield child
        else:
            yield from _strings(child)


def _statements() -> Iterator[tuple[str, str, str]]:
    """(file, function or constant, SQL) of everything that changes rows which others change as well."""
    for path in ROOMS:
        name = path.relative_to(ROOT / "src").with_suffix("").as_posix().replace("/", ".")
        module = importlib.import_module(name)
        place = path.relative_to(ROOT / "src/filemill").as_posix()
        texts = [(name, value) for name, value in vars(module).items() if isinstance(value, str) and name != "__doc__"]
        for function in ast.parse(path.read_text()).body:
            if isinstance(function, ast.AsyncFunctionDef | ast.FunctionDef) and function.name not in BUILDERS:
                texts += [(function.name, _text(node, module)) for node in _strings(function)]
        for name, sql in texts:
            if CHANGED.search(sql):
                yield place, name, " ".join(sql.split())


FOUND = list(dict.fromkeys(_statements()))


@pytest.mark.parametrize(("place", "function", "sql"), FOUND, ids=[f"{p}:{f}" for p, f, _ in FOUND])
def test_who_changes_several_rows_locks_them_in_order(place: str, function: str, sql: str) -> None:
    assert ONE_ROW.search(sql) or LOCKED.search(sql) or (place, function) in LOCKED_BEFORE, sql


def test_there_is_something_to_look_at() -> None:
    assert len(FOUND) > 25
    assert {place for place, *_ in FOUND} >= {"storage/queries.py", "jobs/rows/jobs.py", "accounts/queries.py"}


TRANSACTION = re.compile(r"\bconnections\.transaction\(\)")
WITHOUT_REPEAT = {
    "src/filemill/migrations.py": 1,  # one process at a time migrates
    "src/filemill/jobs/uploads.py": 1,  # locks one row, and asks the store meanwhile
}


def test_transactions_can_be_begun_again() -> None:
    there = {
        path.relative_to(ROOT).as_posix(): count
        for folder in ("src", "workers")
        for path in (ROOT / folder).rglob("*.py")
        if (count := len(TRANSACTION.findall(path.read_text())))
    }
    assert there == WITHOUT_REPEAT
