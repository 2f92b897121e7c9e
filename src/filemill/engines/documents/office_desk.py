"""The desk of a running LibreOffice: starts it, then converts what standard input asks for, a JSON line each.

    {"source", "target": paths, "reads": import filter, "reads_how": its options, "writes": export filter,
     "writes_how": its options as text, "view": the number of the view it is opened in, unless it is the usual,
     "settings": {name: value} of the export, "calculates": whether every formula is worked out anew,
     "packs": whether long runs of rows and columns without content are taken out}
    -> {"ok": true, "sheets": how many, "errors": [[sheet, left, top, right, bottom], ...]: formulas that show an error}
    or {"ok": false, "error": why}; before the first, {"ready": true}

It runs under the system's own Python, which has `uno`, and so imports nothing of filemill. When LibreOffice dies it
ends as well, with a code of its own where that was for want of memory: whoever started it starts another.
"""

import bisect
import contextlib
import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time
from typing import Any

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.uno import RuntimeException

START_SECONDS = 60
DYING_SECONDS = 3
NEARLY_ALL = 0.7
"""Of the limit: a single large allocation fails before everything is in use."""

WANTS_A_RESTART = 81
"""What soffice.bin ends with after it has made its profile."""

CONTENT, ERRORS = 31, 4
"""Of CellFlags: every kind of content. Of FormulaResult: errors."""

MOST_ERRORS = 5_000
"""Ranges of errors that are told of a document; of a sheet beyond them, all that is used of it is told as one."""

MOST_DRAWN = 1_000
"""Drawings for which is looked where they stand; a sheet with more of them stays as long as it is."""

LONGEST_RUN = 50
"""Rows or columns without content that stay one beside the other; longer runs become one."""


def prop(name: str, value: object) -> Any:
    """One named value as LibreOffice takes it."""
    made = PropertyValue()
    made.Name, made.Value = name, value
    return made


def start(program: str, profile: str, address: str) -> "subprocess.Popen[bytes]":
    """soffice.bin, as a child that dies with us."""

    def die_with_us() -> None:
        ctypes.CDLL(None).prctl(1, int(signal.SIGKILL), 0, 0, 0)

    return subprocess.Popen(
        [
            program,
            f"-env:UserInstallation=file://{profile}",
            "--headless",
            "--invisible",
            "--nologo",
            "--norestore",
            "--nodefault",
            "--nolockcheck",
            f"--accept={address};urp;",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_us,  # noqa: PLW1509 -- one C call, and this program has one thread
    )


def connect(program: str, profile: str, address: str) -> "tuple[subprocess.Popen[bytes], Any]":
    """Starts LibreOffice -> its process and its desktop."""
    office = start(program, profile, address)
    here = uno.getComponentContext()
    resolver = here.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", here)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            there = resolver.resolve(f"uno:{address};urp;StarOffice.ComponentContext")
            return office, there.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", there)
        except Exception:  # noqa: BLE001 -- whatever it is, it does not answer yet
            code = office.poll()
            if code == WANTS_A_RESTART:
                office = start(program, profile, address)
            elif code is not None:
                sys.exit(f"soffice ended with {code}")
            time.sleep(0.03)
    sys.exit("soffice did not start")


def convert(desktop: Any, order: "dict[str, Any]") -> "dict[str, Any]":
    """Carries out one order -> what is told of the document. Raises whatever LibreOffice raises."""
    reading = [
        prop("Hidden", True),
        prop("ReadOnly", True),
        prop("MacroExecutionMode", 0),  # never
        prop("UpdateDocMode", 0),  # links are not followed
        prop("FilterName", order["reads"]),
    ]
    if order.get("reads_how"):
        reading.append(prop("FilterOptions", order["reads_how"]))
    if order.get("view"):
        reading.append(prop("ViewId", uno.Any("short", order["view"])))
    document = desktop.loadComponentFromURL(uno.systemPathToFileUrl(order["source"]), "_blank", 0, tuple(reading))
    if document is None:
        raise ValueError("cannot be loaded")
    try:
        told = prepare(document, order) if hasattr(document, "Sheets") else {}
        writing = [prop("FilterName", order["writes"])]
        if order.get("writes_how"):
            writing.append(prop("FilterOptions", order["writes_how"]))
        if order.get("settings"):
            settings = tuple(prop(name, value) for name, value in order["settings"].items())
            writing.append(prop("FilterData", uno.Any("[]com.sun.star.beans.PropertyValue", settings)))
        uno.invoke(document, "storeToURL", (uno.systemPathToFileUrl(order["target"]), tuple(writing)))
        return told
    finally:
        with contextlib.suppress(Exception):
            document.close(True)


def prepare(document: Any, order: "dict[str, Any]") -> "dict[str, Any]":
    """Makes a workbook ready for its export -> how many sheets it has, and which of its formulas show an error."""
    if order.get("calculates"):
        document.calculateAll()
    told = {"sheets": document.Sheets.Count, "errors": errors_of(document.Sheets)}
    if order["target"].endswith(".csv"):
        put_one_that_is_seen_first(document.Sheets)
    if order.get("packs"):
        document.enableAutomaticCalculation(False)  # results stay what they are, wherever their cells go
        for sheet in document.Sheets:
            with contextlib.suppress(RuntimeException):  # a protected sheet stays as long as it is
                pack(sheet)
    return told


def errors_of(sheets: Any) -> "list[list[Any]]":
    """The formulas that show an error: the name of their sheet, and left, top, right and bottom of a range."""
    found: list[list[Any]] = []
    for sheet in sheets:
        ranges = sheet.queryFormulaCells(ERRORS).getRangeAddresses()
        if len(found) + len(ranges) > MOST_ERRORS:
            used = sheet.createCursor()
            used.gotoEndOfUsedArea(True)
            ranges = (used.getRangeAddress(),)
        found += [[sheet.Name, one.StartColumn, one.StartRow, one.EndColumn, one.EndRow] for one in ranges]
    return found


def pack(sheet: Any) -> None:
    """Takes long runs of rows and columns out that have no content and no drawing.

    One cell at the end of a sheet would else make a million rows of it.
    """
    used = content_of(sheet)
    if not used or sheet.DrawPage.Count > MOST_DRAWN:
        return
    for lines, spans in (
        (sheet.Rows, [(top, bottom) for _, top, _, bottom in used]),
        (sheet.Columns, [(left, right) for left, _, right, _ in used]),
    ):
        for start, count in reversed(gaps(spans, lines.Count)):
            lines.removeByIndex(start, count)


def content_of(sheet: Any) -> "list[Any]":
    """Left, top, right and bottom of each range in which something stands, or above which something is drawn."""
    ranges = sheet.queryContentCells(CONTENT).getRangeAddresses()
    found = [(one.StartColumn, one.StartRow, one.EndColumn, one.EndRow) for one in ranges]
    for number in range(min(sheet.DrawPage.Count, MOST_DRAWN)):
        shape = sheet.DrawPage.getByIndex(number)
        left, top = shape.Position.X, shape.Position.Y
        right, bottom = left + shape.Size.Width, top + shape.Size.Height
        found.append((*cell_at(sheet, left, top), *cell_at(sheet, right, bottom)))
    return found


def cell_at(sheet: Any, x: int, y: int) -> "tuple[int, int]":
    """Column and row of the cell at a place of a sheet, in hundredths of a millimetre."""
    columns, rows = range(sheet.Columns.Count), range(sheet.Rows.Count)
    column = bisect.bisect_right(columns, x, key=lambda at: sheet.getCellByPosition(at, 0).Position.X)
    row = bisect.bisect_right(rows, y, key=lambda at: sheet.getCellByPosition(0, at).Position.Y)
    return max(column - 1, 0), max(row - 1, 0)


def gaps(spans: "list[tuple[int, int]]", count: int) -> "list[tuple[int, int]]":
    """Of lines of which some are in use: (first, how many) of each that may go, one of every run staying."""
    found, end = [], 0
    for first, last in [*sorted(spans), (count, count)]:
        if first - end > LONGEST_RUN:
            found.append((end, first - end - (first < count)))
        end = max(end, last + 1)
    return found


def put_one_that_is_seen_first(sheets: Any) -> None:
    """Moves the first sheet that is not hidden to the front, from where a file of one sheet is made."""
    seen = next((sheet.Name for sheet in sheets if sheet.IsVisible), None)
    if seen is not None:
        sheets.moveByName(seen, 0)


def has_died(office: "subprocess.Popen[bytes]", desktop: Any) -> bool:
    """Whether it is gone, after an error of whatever kind: it says different things while it dies, so it is asked."""
    try:
        desktop.getName()
    except Exception:  # noqa: BLE001 -- whatever it is: one that lives answers this
        return True
    return office.poll() is not None


def was_killed(office: "subprocess.Popen[bytes]") -> bool:
    """Whether somebody else has ended it, rather than the document; asked once it is gone."""
    return office.poll() in (-signal.SIGKILL, -signal.SIGTERM)


def is_out_of_memory(office: "subprocess.Popen[bytes]") -> bool:
    """Whether it died near the limit of memory that it shares with us; waits until it is gone."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        office.wait(DYING_SECONDS)
    kilobytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
    return limit != resource.RLIM_INFINITY and kilobytes << 10 > limit * NEARLY_ALL


def main() -> None:
    """`office_desk.py PROGRAM PROFILE ADDRESS SHORT KILLED`: its exit codes when memory is short or it is killed."""
    outbox = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    office, desktop = connect(*sys.argv[1:4])

    def say(**words: object) -> None:
        outbox.write(json.dumps(words) + "\n")
        outbox.flush()

    say(ready=True)
    for line in sys.stdin:
        try:
            told = convert(desktop, json.loads(line))
        except Exception as error:  # noqa: BLE001 -- told to whoever asked
            if has_died(office, desktop):
                if is_out_of_memory(office):
                    sys.exit(int(sys.argv[4]))
                sys.exit(int(sys.argv[5]) if was_killed(office) else "soffice has died")
            say(ok=False, error=f"{type(error).__name__}: {error}"[:500])
        else:
            say(ok=True, **told)


if __name__ == "__main__":
    main()
