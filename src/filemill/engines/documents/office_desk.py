"""The desk of a running LibreOffice: starts it, then converts what standard input asks for, a JSON line each.

    {"source", "target": paths, "reads": import filter, "reads_how": its options, "writes": export filter,
     "writes_how": its options as text, "view": the number of the view it is opened in, unless it is the usual,
     "settings": {name: value} of the export, "calculates": whether every formula is worked out anew,
     "packs": whether long runs of rows and columns without content are taken out,
     "fits": whether columns and rows are made to fit what they hold,
     "widens": whether columns that are too narrow for their numbers are widened,
     "digits": whether the first sheet shows all digits of its numbers,
     "says": whether the words of drawings are put into cells below the others,
     "turns": whether the paragraphs of a text run from right to left that begin so}
    -> {"ok": true, "sheets": how many, "errors": [[sheet, left, top, right, bottom], ...]: formulas that show an error,
        "too_high": how many rows no page holds, "rounded": how many numbers lose digits}
    or {"ok": false, "error": why}; before the first, {"ready": true}
    {"draws": [[source, target], ...]: paths of drawings and of the png files to be made of them} -> {"ok": true}

It runs under the system's own Python, which has `uno`, and so imports nothing of filemill. When LibreOffice dies it
ends as well, with a code of its own where that was for want of memory: whoever started it starts another.
"""

import contextlib
import ctypes
import importlib.util
import json
import os
import resource
import signal
import subprocess
import sys
import time
import unicodedata
from typing import Any

import uno
from com.sun.star.beans import PropertyValue

START_SECONDS = 60
DYING_SECONDS = 3
NEARLY_ALL = 0.7
"""Of the limit: a single large allocation fails before everything is in use."""

MOST_TURNED = 20_000
RIGHT_TO_LEFT = 1  # of WritingMode2
AT_THE_RIGHT = uno.Enum("com.sun.star.style.ParagraphAdjust", "RIGHT")

WANTS_A_RESTART = 81
"""What soffice.bin ends with after it has made its profile."""


def neighbour(name: str) -> Any:
    """Another file of this folder, which is no place where Python looks for modules."""
    spec = importlib.util.spec_from_file_location(name, os.path.join(os.path.dirname(__file__), f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


workbooks, drawings = neighbour("office_workbooks"), neighbour("office_drawings")
columns, digits = neighbour("office_columns"), neighbour("office_digits")


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
    """Starts LibreOffice -> its process and the context of its services."""
    office = start(program, profile, address)
    here = uno.getComponentContext()
    resolver = here.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", here)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            return office, resolver.resolve(f"uno:{address};urp;StarOffice.ComponentContext")
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
        prop("ReadOnly", not any(map(order.get, ("fits", "widens", "digits")))),  # it keeps widths and formats
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
        told = workbooks.prepare(document, order) if hasattr(document, "Sheets") else {}
        if order.get("fits"):
            told["too_high"] = columns.fit(document)
        if order.get("widens"):
            columns.show_values(document)
        if order.get("digits"):
            told["rounded"] = digits.write_out_or_count(document)
        elif hasattr(document, "Sheets") and order["target"].endswith((".xlsx", ".ods")):
            told["rounded"] = digits.rounded(document)
        if order.get("turns"):
            turn(document)
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


def turn(document: Any) -> None:
    """Turns every paragraph that begins with a letter from right to left, up to a number that takes seconds."""
    paragraphs = document.Text.createEnumeration()
    for _ in range(MOST_TURNED):
        if not paragraphs.hasMoreElements():
            return
        paragraph = paragraphs.nextElement()
        kinds = (unicodedata.bidirectional(sign) for sign in paragraph.getString())
        if next((kind for kind in kinds if kind in ("L", "R", "AL")), "L") != "L":
            paragraph.WritingMode = RIGHT_TO_LEFT
            paragraph.ParaAdjust = AT_THE_RIGHT


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
    office, context = connect(*sys.argv[1:4])
    desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)

    def say(**words: object) -> None:
        outbox.write(json.dumps(words) + "\n")
        outbox.flush()

    say(ready=True)
    for line in sys.stdin:
        order = json.loads(line)
        told: dict[str, Any] = {}
        try:
            if "draws" in order:
                drawings.draw(context, desktop, order["draws"])
            else:
                told = convert(desktop, order)
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
