"""The docs say what is there: every setting, error code, room and make target; links lead somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from filemill.accounts import passwords, sign_in
from filemill.apis.conversion import closing
from filemill.apis.conversion import routes as conversion_routes
from filemill.apis.data import account_routes, new_jobs, planning, routes, transfers
from filemill.engines.documents import archives, drawings, markup, media_queries, pdfium, pictures
from filemill.engines.tables import preview, schema
from filemill.engines.tables.readers import excerpt, inflate, json_kinds, ndjson, records
from filemill.engines.tables.writers import sheet_room
from filemill.jobs import plans, sweep, wakeups
from filemill.jobs.job import ERROR_CODES, MOST_RUNS, TRANSITIONS
from filemill.jobs.rows import transitions
from filemill.pipelines import expressions, file_names, formats, steps, targets, value_steps
from filemill.pipelines.functions import FUNCTIONS
from filemill.pipelines.steps import STEPS
from filemill.settings import PREFIX, RENAMED, TOKENS_PER_DOWNLOAD, Settings

ROOT = Path(__file__).parents[2]
DOCS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
LONGEST_README = 150


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def read(name: str) -> str:
    return (ROOT / name).read_text()


def rows(text: str) -> Iterator[list[str]]:
    """The rows of all tables of a page, as cells; the lines under their heads left out."""
    for line in text.splitlines():
        if line.startswith("|") and not re.fullmatch(r"[|\s:-]+", line):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", without_code(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


# --- links ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", DOCS, ids=name_of)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    wrong = []
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
            wrong.append(link)
    assert not wrong


@pytest.mark.parametrize("page", DOCS, ids=name_of)
def test_every_page_can_be_found(page: Path) -> None:
    if page == ROOT / "README.md":
        return
    linked = {
        (other.parent / link.partition("#")[0]).resolve()
        for other in DOCS
        for link in re.findall(r"\]\(([^)\s:]+)\)", other.read_text())
    }
    assert page in linked or page.parent / "README.md" == page


# --- README -----------------------------------------------------------------------------------------------------------


def test_the_readme_is_short() -> None:
    assert len(read("README.md").splitlines()) < LONGEST_README


@pytest.mark.parametrize("page", ["README.md", "docs/development.md", "docs/operations.md"])
def test_every_make_target_that_is_named_exists(page: str) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", read("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z][a-z-]*)", read(page), re.MULTILINE))

    assert named
    assert named <= targets


def test_every_make_target_is_told() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", read("Makefile"), re.MULTILINE))

    told = set(re.findall(r"`make ([a-z-]+)`", read("docs/development.md")))

    assert targets <= told


# --- settings ---------------------------------------------------------------------------------------------------------

SETTINGS = [row for row in rows(read("docs/settings.md")) if row[0].startswith(f"`{PREFIX}")]


def test_every_setting_has_one_row() -> None:
    told = [row[0].split("`")[1] for row in SETTINGS]

    assert sorted(told) == sorted(PREFIX + field.name.upper() for field in msgspec.structs.fields(Settings))


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row[0].split("`")[1])
def test_the_default_is_that_of_the_code(row: list[str]) -> None:
    name = row[0].split("`")[1].removeprefix(PREFIX).lower()
    field = next(field for field in msgspec.structs.fields(Settings) if field.name == name)
    told = row[1].strip("`")

    if field.required:
        assert told == "*required*"
    elif field.default in ("", ()):
        assert told in ("*(empty)*", "that of `FILEMILL_S3_URL")
    else:
        assert told == str(field.default)


def test_settings_in_other_pages_exist() -> None:
    known = {PREFIX + field.name.upper() for field in msgspec.structs.fields(Settings)}
    known |= set(re.findall(r"FILEMILL_[A-Z0-9_]+", read("compose.yaml")))  # which has some of its own
    known |= {PREFIX + old for old in RENAMED}  # told of as renamed
    named = {name for page in DOCS for name in re.findall(r"FILEMILL_[A-Z0-9_]*[A-Z0-9]", page.read_text())}

    assert named <= known


# --- jobs -------------------------------------------------------------------------------------------------------------


def test_every_error_code_has_one_row_that_says_who_can_mend_it() -> None:
    told = {row[0].strip("`"): row for row in rows(read("docs/errors.md")) if len(row) == 4 and row[0].startswith("`")}

    assert list(told) == list(ERROR_CODES)
    for code, (_, at_fault, cause, remedy) in told.items():
        assert at_fault in ("caller", "us"), code
        assert cause, code
        assert remedy, code


def test_every_transition_has_a_row_and_no_other() -> None:
    statuses = {status.value for status in TRANSITIONS}
    told = {
        (one.strip(), row[1])
        for row in rows(read("docs/architecture.md"))
        if len(row) == 3 and row[1] in statuses
        for one in row[0].split(",")
    }

    assert told == {(one.value, other.value) for one, others in TRANSITIONS.items() for other in others}


def test_every_status_of_data_jobs_tells_its_transitions() -> None:
    told = {row[0].strip("`"): row[2] for row in rows(read("docs/api/data-jobs.md")) if len(row) == 3}

    for status, others in TRANSITIONS.items():
        assert set(re.findall(r"[A-Z_]{6,}", told[status.value])) == {target.value for target in others}


def test_every_route_of_data_jobs_has_a_row() -> None:
    told = {row[0].strip("`") for row in rows(read("docs/api/data-jobs.md")) if re.match(r"`[A-Z]+ /", row[0])}

    there = set()
    for route in routes.router.routes:
        for handler in route.route_handlers:
            path = route.path.removeprefix("/api/v1").replace("{job_id:uuid}", "{id}").rstrip("/")
            there |= {f"{method} {path}" for method in handler.http_methods if method != "OPTIONS"}
    assert told == there


def test_every_route_of_conversion_sessions_has_a_row() -> None:
    told = {
        row[0].strip("`") for row in rows(read("docs/api/conversion-sessions.md")) if re.match(r"`[A-Z]+ /", row[0])
    }

    there = set()
    for route in conversion_routes.router.routes:
        for handler in route.route_handlers:
            there |= {f"{method} {route.path}" for method in handler.http_methods if method != "OPTIONS"}
    assert told == there


def test_every_step_has_its_section_and_nothing_else_has() -> None:
    sections = re.split(r"^## Steps$", read("docs/tables.md"), flags=re.MULTILINE)[1].split("\n## ")[0]

    assert re.findall(r"^### `([a-z_]+)`", sections, re.MULTILINE) == list(STEPS)


def test_every_function_has_its_row_and_nothing_else_has() -> None:
    told = [" | ".join(row) for row in rows(read("docs/expressions.md")) if len(row) == 4 and row[0].startswith("`")]

    there = []
    for name, function in FUNCTIONS.items():
        source, value = function.example
        example = f"`{source}` → " + ("null" if value is None else f"`{value}`")
        there.append(" | ".join([f"`{name}({function.signature})`", function.gives, function.meaning, example]))
    assert told == there


def _default(name: str) -> int:
    return next(int(field.default) for field in msgspec.structs.fields(Settings) if field.name == name)


# --- numbers ----------------------------------------------------------------------------------------------------------


def _longest_sides() -> list[str]:
    jpg, *others = pictures.MOST_SIDE.items()
    return [f"{jpg[0]} {jpg[1]:,} pixels", *(f"{name} {side:,}" for name, side in others)]


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("tables.md", f"first {schema.SAMPLE_ROWS:,} rows"),
        ("formats.md", f"no row above {records.LONGEST >> 20} MiB"),
        ("formats.md", f"no line above {ndjson._LONGEST >> 20} MiB"),
        ("formats.md", f"nested at most {json_kinds.DEEPEST} deep"),
        ("formats.md", f"1 to {targets.MOST_ROWS_IN_A_GROUP:,} rows"),
        ("formats.md", f"{sheet_room.MOST_COLUMNS:,} columns or {sheet_room.MOST_ROWS - 1:,} rows"),
        ("formats.md", f"{sheet_room.LONGEST_TEXT:,} characters"),
        ("tables.md", f"more than {inflate.FREE_BYTES >> 30} GiB and more than {inflate.MOST_TIMES} times"),
        ("tables.md", f"at most {steps.MOST_CONDITIONS:,}, nested at most {steps.DEEPEST_CONDITION} deep"),
        ("tables.md", f"a list of at most {steps.MOST_VALUES:,}"),
        ("tables.md", f"more than {steps.MOST_STEPS} steps"),
        ("documents.md", f"more than {archives.MOST_TIMES} times its size (beyond {archives.FREE_BYTES >> 20} MiB)"),
        ("documents.md", f"more than {archives.MOST_BYTES >> 30} GiB"),
        ("documents.md", f"drawn at {pdfium.DOTS_PER_INCH} dots per inch"),
        ("documents.md", f"more than {pdfium.MOST_PIXELS // 1_000_000} million pixels; an svg"),
        ("documents.md", f"are more than {archives.MOST_ENTRIES:,}"),
        ("documents.md", ", ".join(_longest_sides())),
        ("documents.md", f"no wider than {drawings.MOST_WIDTH} of its pixels"),
        ("documents.md", f"At most {drawings.MOST_DRAWINGS} of a page"),
        ("documents.md", f"of {media_queries.WIDTH:,} by {media_queries.HEIGHT} pixels"),
        ("documents.md", f"elements more than {markup.DEEPEST:,} deep"),
        ("documents.md", f"more than {pictures.MOST_PIXELS // 1_000_000} million pixels"),
        ("documents.md", f"more than {pdfium.MOST_PAGES:,} pages, of more than {pdfium.MOST_DRAWN_PAGES} where"),
        ("expressions.md", f"At most {expressions.MOST_CHARACTERS:,} characters"),
        ("expressions.md", f"{expressions.MOST_PARTS} columns, constants, operators and functions"),
        ("expressions.md", f"most {expressions.DEEPEST} deep"),
        ("expressions.md", f"at most {expressions.MOST_WORDS:,} words and signs"),
        ("expressions.md", f"all of a job {value_steps.MOST_EXPRESSION_WORDS:,}"),
        ("expressions.md", f"at most {value_steps.MOST_EXPRESSION_PARTS:,} such parts"),
        ("api/data-jobs.md", f"0 to {new_jobs.MOST_BYTES >> 30} GB"),
        ("api/data-jobs.md", f"1 to {file_names.LONGEST} bytes"),
        ("api/data-jobs.md", f"(1 to {transfers.MOST_PARTS:,}; at most {transfers.MOST_PARTS_AT_ONCE:,} at once)"),
        ("api/data-jobs.md", f"{routes.MOST_JOB_BYTES >> 10} KiB for a new job"),
        ("api/data-jobs.md", f"beside its sample of at most {planning.MOST_SAMPLE_BYTES >> 20} MiB"),
        ("api/data-jobs.md", f"more than {excerpt.CUT_BYTES >> 10} KiB may break off"),
        ("api/data-jobs.md", f"{excerpt.MOST_BYTES >> 20} MiB of a text, {excerpt.MOST_ROWS:,} rows"),
        ("api/data-jobs.md", f"first {preview.ROWS} of the output"),
        ("api/data-jobs.md", f"cut at {preview.LONGEST_TEXT:,} characters"),
        ("api/data-jobs.md", f"free within {plans.WAIT_SECONDS} seconds"),
        ("api/data-jobs.md", f"{routes.MOST_BODY_BYTES >> 20} MiB for everything else below"),
        ("api/data-jobs.md", f"{account_routes.MOST_CREDENTIALS_BYTES >> 10} KiB for accounts"),
        ("api/data-jobs.md", f"{passwords.SHORTEST} to {passwords.LONGEST} characters"),
        ("api/data-jobs.md", f"after {sign_in.MOST_PER_NAME_AND_ADDRESS} with one name from one address"),
        ("api/data-jobs.md", f"after {sign_in.MOST_PER_ADDRESS} from one"),
        ("api/data-jobs.md", f"after {sign_in.MOST_PER_NAME} with one name"),
        ("api/data-jobs.md", f"ends in one of {', '.join(formats.TABLES)}"),
        ("api/conversion-sessions.md", f"at most {_default('conversion_bytes') >> 20} MB"),
        ("api/conversion-sessions.md", f"no longer than {closing.WAIT_SECONDS} seconds"),
        ("api/conversion-sessions.md", f"| begins a session | {_default('sessions_per_minute')} a minute |"),
        ("api/conversion-sessions.md", f"of these, {_default('unused_sessions'):,} are kept"),
        (
            "api/conversion-sessions.md",
            f"| asks for a download | {_default('downloads_per_minute') * TOKENS_PER_DOWNLOAD} a minute |",
        ),
        ("api/conversion-sessions.md", f"| takes in one file | {_default('uploads_per_minute')} a minute |"),
        ("api/conversion-sessions.md", f"| has it converted | {_default('conversions_per_minute')} a minute |"),
        ("api/conversion-sessions.md", f"| the converted file | {_default('downloads_per_minute')} a minute |"),
        ("settings.md", f"| {transitions.LEASE_SECONDS} s, renewed every second |"),
        ("settings.md", f"| {MOST_RUNS} |"),
        ("settings.md", f"| every {sweep.EVERY_SECONDS} s |"),
        ("settings.md", f"| {wakeups.MOST_WAKEUPS} at most |"),
    ],
)
def test_the_numbers_are_those_of_the_code(page: str, said: str) -> None:
    assert said in " ".join(read(f"docs/{page}").split())


# --- rooms ------------------------------------------------------------------------------------------------------------


def told_rooms() -> dict[str, set[str]]:
    """Folder -> the files that the architecture page names under its heading."""
    rooms: dict[str, set[str]] = {}
    for section in re.split(r"^### ", read("docs/architecture.md"), flags=re.MULTILINE)[1:]:
        folder = section.partition(":")[0].rstrip("/")
        for row in rows(section.split("\n## ")[0]):
            rooms.setdefault(folder, set()).update(re.findall(r"`([\w/]+\.py)`", row[0]))
    return rooms


def there_rooms() -> dict[str, set[str]]:
    """Folder -> the files that are there; an API's folder counts with `apis`."""
    rooms: dict[str, set[str]] = {}
    for root in (ROOT / "src", ROOT / "workers"):
        for path in root.rglob("*.py"):
            if path.name == "__init__.py" and path.parent.name != "filemill":
                continue
            folder, file = name_of(path.parent), path.name
            if folder.startswith("src/filemill/apis/"):
                folder, file = "src/filemill/apis", f"{path.parent.name}/{file}"
            rooms.setdefault(folder, set()).add(file)
    return rooms


def test_the_architecture_page_names_every_room() -> None:
    told, there = told_rooms(), there_rooms()

    assert set(told) == set(there)
    for folder, files in there.items():
        assert told[folder] == files, folder


def test_everything_in_the_plan_is_there() -> None:
    plan = re.findall(r"^```\n(.*?)^```$", read("docs/architecture.md"), re.DOTALL | re.MULTILINE)[0]

    for line in plan.splitlines():
        for name in line.partition("   ")[0].split(", "):
            assert (ROOT / name.split()[0]).exists(), name
