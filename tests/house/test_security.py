"""docs/security.md has one table of limits: each row stands once, and has the numbers of the code."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from filemill.engines.documents import markup
from filemill.engines.tables import planning, preview
from filemill.engines.tables.readers import nesting
from filemill.jobs import commands
from filemill.local import environment
from filemill.logs import LONGEST_VALUE
from filemill.pipelines import entry_names, expressions, file_names, value_steps
from filemill.sandbox import trees, weighing
from filemill.server import connection, transport
from filemill.server import heads as gathered
from filemill.settings import PREFIX, Settings
from filemill.storage import incoming, slots, sniffing, zip_heads
from filemill.threads import AT_ONCE
from filemill.web import arrival, departure
from filemill.web import heads as looked_at
from workers import folders

PAGE = (Path(__file__).parents[2] / "docs/security.md").read_text()
SECTIONS = ["Threats", "Walls of a job's process", "Limits", "What stays of a file, and for how long"]
SERVED = environment.given({})


def table_of(section: str) -> Iterator[list[str]]:
    """The rows below the table's head in a section, as cells."""
    text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:])


LIMITS = {what: (how_much, setting, beyond) for what, how_much, setting, beyond in table_of("Limits")}


def default(name: str) -> int:
    return int(Settings.__struct_defaults__[Settings.__struct_fields__.index(name) - len(Settings.__struct_fields__)])


def test_the_page_goes_from_threats_to_what_is_not_promised() -> None:
    assert re.findall(r"^## (.+)$", PAGE, re.MULTILINE) == [*SECTIONS, "What is not promised"]


@pytest.mark.parametrize("section", SECTIONS)
def test_no_row_stands_twice(section: str) -> None:
    firsts = [" ".join(row[:2]) if section == "Threats" else row[0] for row in table_of(section)]

    assert firsts
    assert len(set(firsts)) == len(firsts)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("connections of one address to one API process", f"{default('connections_per_address')};"),
        ("connections to one API process", f"{default('connections'):,}"),
        (
            "a request's head",
            (
                f"{gathered.MOST_BYTES >> 10} KiB; {connection.HEAD_SECONDS:g} s after the connection began,"
                f" {connection.IDLE_SECONDS} s after the last answer"
            ),
        ),
        (
            "the address of a request",
            f"{looked_at.LONGEST_ADDRESS >> 10} KiB, {looked_at.MOST_QUERY_FIELDS} fields in the query",
        ),
        ("the headers of a request", f"{looked_at.MOST_HEADER_BYTES >> 10} KiB"),
        ("a body", f"{arrival.SECONDS:g} s, and a second more for every {arrival.LEAST_PER_SECOND >> 10} KiB"),
        ("a body", f"is read for {transport.SECONDS:g} s at most"),
        ("an answer that its reader does not take", f"after {default('reader_seconds')} s, and a second more"),
        ("an answer that its reader does not take", f"every {departure.LEAST_PER_SECOND >> 10} KiB"),
        ("requests of one account that wait for a job at once, in one API process", f"{default('waiters')}"),
        (
            "accounts asked for by one address",
            f"{default('registrations_per_hour')} an hour; {SERVED[PREFIX + 'REGISTRATIONS_PER_HOUR']} under `serve`",
        ),
        (
            "an expression",
            (
                f"{default('expression_characters'):,} characters, {expressions.MOST_WORDS:,} words and signs,"
                f" {expressions.DEEPEST} deep; {value_steps.MOST_EXPRESSION_WORDS:,} words and signs in a job"
            ),
        ),
        ("the name of a file", f"{file_names.LONGEST} bytes"),
        ("files taken in at once by one API process", f"{default('intake_slots')};"),
        ("files taken in at once by one API process", f"503 after {slots.WAIT_SECONDS} s"),
        (
            f"what of a file must come each second, after the first {incoming.FIRST_SECONDS} s",
            f"{default('intake_bytes_per_second') >> 10} KiB",
        ),
        (
            "how long a file may hold its slot, up to 20 MB; above",
            f"{default('intake_seconds') // 60} minutes; {default('intake_large_seconds') // 60} minutes",
        ),
        (
            "a look at a file's first bytes",
            (
                f"{sniffing.HEAD_BYTES >> 10} KiB, of a zip {zip_heads.MOST_ENTRIES:,} headers and two entries of"
                f" {zip_heads.MOST_UNPACKED >> 10} KiB unpacked"
            ),
        ),
        ("stored bytes of one account: unmarked uploads", f"{default('stored_bytes') >> 30} GiB"),
        (
            "free disk",
            f"{default('disk_free_percent')} %, at least {default('disk_free_bytes') >> 30} GiB",
        ),
        ("time of a document without an account", f"{default('guest_documents_seconds')} s"),
        ("names in an archive", f"{entry_names.LONGEST} bytes, {entry_names.DEEPEST} levels"),
        ("elements of a document in each other", f"{markup.DEEPEST:,};"),
        ("levels of nested columns", f"{nesting.MOST_LEVELS}; {nesting.MOST_PARQUET_LEVELS}"),
        (
            "files of one document's conversion, on disk at once",
            f"{weighing.MOST_FILES:,}, at most {weighing.DEEPEST} folders in one another",
        ),
        ("rows and columns told by a plan", f"{preview.MOST_BYTES >> 20} MiB each"),
        ("rows and columns told by a plan", f"{planning.MOST_SCHEMA_BYTES >> 20} MiB each"),
        (
            "a removal of what a job has left",
            f"{trees.MOST_SECONDS:g} s; {folders.BOOT_SECONDS:g} s at a worker's boot",
        ),
        ("rows of ended jobs of one account", f"{default('ended_rows_bytes') >> 20} MiB"),
        ("events of one job", f"{commands.MOST_EVENTS:,}"),
        ("the log", f"a value {LONGEST_VALUE} characters"),
    ],
)
def test_the_limits_are_those_of_the_code(what: str, said: str) -> None:
    found = [" | ".join(cells) for first, cells in LIMITS.items() if first.startswith(what)]

    assert any(said in cells for cells in found), found


def test_costly_reading_has_as_many_threads_as_told() -> None:
    assert LIMITS["costly reading at once, in one API process"][0].startswith({2: "two threads"}[AT_ONCE])


@pytest.mark.parametrize("name", sorted({name for row in LIMITS.values() for name in re.findall(r"\w+", row[1])}))
def test_settings_in_the_table_exist(name: str) -> None:
    if name.startswith(PREFIX):
        assert name.removeprefix(PREFIX).lower() in Settings.__struct_fields__
