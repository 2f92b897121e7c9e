"""The desk of a warm LibreOffice: converts what standard input asks for, a JSON line each, in a copy of itself.

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

The desk itself opens no document but its own samples. Every order is carried out by a copy of the process, which ends
with the order; then the folder of LibreOffice is put back as it was. So nothing of a document reaches another.

It runs under the system's own Python, which has `uno`, and so imports nothing of filemill. When a copy dies the desk
ends as well, with a code of its own where that was for want of memory: whoever started it starts another.
"""

import contextlib
import gc
import importlib.util
import json
import os
import sys
import unicodedata
from functools import partial
from typing import Any

import uno
from com.sun.star.beans import PropertyValue

MOST_TURNED = 20_000
RIGHT_TO_LEFT = 1  # of WritingMode2
AT_THE_RIGHT = uno.Enum("com.sun.star.style.ParagraphAdjust", "RIGHT")


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
copies, folders, samples = neighbour("office_copies"), neighbour("office_folder"), neighbour("office_samples")


def prop(name: str, value: object) -> Any:
    """One named value as LibreOffice takes it."""
    made = PropertyValue()
    made.Name, made.Value = name, value
    return made


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


def carry_out(context: Any, desktop: Any, order: "dict[str, Any]") -> bytes:
    """Carries out an order -> the line that tells how it went."""
    told: dict[str, Any] = {}
    try:
        if "draws" in order:
            drawings.draw(context, desktop, order["draws"])
        else:
            told = convert(desktop, order)
    except Exception as error:  # noqa: BLE001 -- told to whoever asked
        return line(ok=False, error=f"{type(error).__name__}: {error}"[:500])
    return line(ok=True, **told)


def line(**words: object) -> bytes:
    """What is said, as a line."""
    return json.dumps(words).encode() + b"\n"


def serve(context: Any, folder: str, short: int, killed: int) -> None:
    """Carries out orders until there are no more; exits with `short` when memory is, with `killed` when it is."""
    outbox = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
    samples.convert(desktop, folder, partial(convert, desktop))
    gc.freeze()
    kept = folders.Folder(folder)
    outbox.write(line(ready=True))
    for asked in sys.stdin:
        try:
            told = copies.work(partial(carry_out, context, desktop, json.loads(asked)))
        except copies.Died as end:
            sys.exit(short if end.memory else killed if end.killed else str(end))
        kept.put_back()
        outbox.write(told)
