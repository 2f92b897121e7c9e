"""Files as they should not be, each with the answer to it: what arrives, or why not."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import fastavro
import msgspec
import pyarrow as pa
import pyarrow.feather
from backports import zstd
from openpyxl import Workbook

from filemill.pipelines.options import InputOptions
from tests.engines.tables.workshop import PLAIN, cast, keep, parquet_of, select


class Fails(msgspec.Struct, frozen=True):
    """The job fails and names the file, and so do these words; `code` is its error code."""

    words: tuple[str, ...]
    code: str = "bad_file"


class Nasty(msgspec.Struct, frozen=True):
    """One file. `answer` is the output: as text, or as rows where it is converted to a typed format."""

    what: str
    data: bytes | str
    answer: str | list[tuple[Any, ...]] | Fails
    steps: tuple[dict[str, Any], ...] = ()
    to: str | None = None
    file_name: str = "t.csv"
    given: InputOptions = PLAIN


def same(what: str, text: str, **more: Any) -> Nasty:
    """A file that arrives as it is."""
    return Nasty(what, text, text, **more)


def bad(what: str, data: bytes | str, *words: str, **more: Any) -> Nasty:
    """A file that is damaged."""
    return Nasty(what, data, Fails(words), **more)


def misfit(what: str, data: bytes | str, *words: str, **more: Any) -> Nasty:
    """A file with a value that its column has no place for."""
    return Nasty(what, data, Fails(words, "bad_value"), **more)


def many(count: int, row: str) -> str:
    """Rows enough for the types to be decided on before the one that comes behind them."""
    return row * count


WIDE = ",".join(f"c{n}" for n in range(10_000))
TEN_THOUSAND = ",".join(map(str, range(10_000)))
MEGABYTE = 1 << 20
DEEP = '{"a":' * 62 + "1" + "}" * 62
TOO_DEEP = '{"a":' * 80 + "1" + "}" * 80
TYPED = {"to": "ndjson"}

ENCODINGS = (
    Nasty("utf-16 with a mark", "a,b\n1,ä\n".encode("utf-16"), "a,b\n1,ä\n"),
    Nasty("utf-16 without one", "a,b\n1,ä\n".encode("utf-16-be"), "a,b\n1,ä\n"),
    Nasty("utf-8 with a mark", "\ufeffa,b\n1,ä\n", "a,b\n1,ä\n"),
    Nasty("latin-1", "a,b\n1,ä\n".encode("latin-1"), "a,b\n1,ä\n"),
    Nasty("windows-1252", "a,b\n1,„5 €“\n".encode("cp1252"), "a,b\n1,„5 €“\n"),
    Nasty("what the caller names", "a,b\n1,Ж\n".encode("cp1251"), "a,b\n1,Ж\n", given=InputOptions(encoding="cp1251")),
    bad("another alphabet unnamed", "a,b\n1,Жизнь\n".encode("cp1251"), "encoding", "input_options"),
    bad("latin-1 late in utf-8", b"a,b\n" + b"1,x\n" * 300_000 + b"2,\xe4\n", "row 300001", "0xE4"),
    bad("half a letter at the end", "a,b\n1,ä".encode()[:-1], "row 1", given=InputOptions(encoding="utf-8")),
    bad("zero bytes", b"a,b\n1,\0\n", "zero bytes"),
    bad("zero bytes late", b"a,b\n" + b"1,x\n" * 3_000 + b"2,\0\n", "row 3001", "zero byte"),
)

CELLS = (
    same("line ends in quotes", 'a,b\n1,"two\nlines"\n2,"x\r\ny"\n3,"x\ry"\n'),
    same("quotes in quotes", 'a,b\n1,"say ""hi"""\n2,""""\n'),
    Nasty("quotes within a bare cell", 'a,b\n1,6" pipe\n', 'a,b\n1,"6"" pipe"\n'),
    bad("a quote that does not close", 'a,b\n1,x\n2,"y\n3,z\n', "row 2", "does not end"),
    bad("letters behind a closing quote", 'a,b\n1,"x"y\n', "row 1", "closing quote"),
    same("a cell of a megabyte", f"a,b\n{'x' * MEGABYTE},1\n"),
    same("a quoted cell of a megabyte", 'a,b\n"' + "x,\n" * (MEGABYTE // 3) + '",1\n'),
    same("signs that look like line ends", "a,b\n1,x\u2028y\x0b\x0c\x85z\u2029\n"),
    same("letters of all kinds", "a,b\n\U0001f600e\u0301,\u202eabc\u200d\u00a0\n"),
    same("blanks around", "a, b \n 1,x \n"),
    Nasty("blanks make text", "a\n 1\n2\n", [(" 1",), ("2",)], **TYPED),
    same("formulas", "a\n=1+1\n@SUM(A1)\n+1\n-2+3\n"),
    Nasty("formulas stay text in a sheet", "a\n=1+1\n@SUM(A1)\n", [("=1+1",), ("@SUM(A1)",)], to="xlsx"),
    same("markup and scripts", "a\n<b>x</b>\n'; DROP TABLE x; --\n${x} {{y}}\n"),
)

ROWS = (
    bad("a row too short", "a,b,c\n1,2,3\n4,5\n", "row 2", "2 cells", "header 3"),
    bad("a row too long", "a,b\n1,2\n3,4,5\n", "row 2", "3 cells", "header 2"),
    bad("a separator at every end", "a,b\n1,2,\n3,4,\n", "row 1", "3 cells"),
    bad("a short row far behind", "a,b\n" + many(20_000, "1,2\n") + "3\n", "row 20001", "1 cell"),
    Nasty("blank lines", "\n\na,b\n\n1,2\n\n\n3,4\n\n", "a,b\n1,2\n3,4\n"),
    Nasty("no line end at the end", "a,b\n1,2", "a,b\n1,2\n"),
    Nasty("CRLF", "a,b\r\n1,2\r\n", "a,b\n1,2\n"),
    Nasty("CRLF and LF", "a,b\r\n1,2\n3,4\r\n", "a,b\n1,2\n3,4\n"),
    bad("CR alone", "a,b\r1,2\r3,4\r", "carriage return"),
    Nasty("CR in a bare cell", "a,b\n1,x\n2,x\ry\n", 'a,b\n1,x\n2,"x\ry"\n'),
    Nasty("CR at the end of a bare cell", "a,b\n1,x\n2\r,y\n", 'a,b\n1,x\n"2\r",y\n'),
    Nasty("CR beside a quote within a cell", 'a,b\n1,6" x\ry\n', 'a,b\n1,"6"" x\ry"\n'),
    bad("CR behind a closing quote", 'a,b\n1,x\n"2"\r,y\n', "row 2", "closing quote"),
    bad("CR in a header", "a,b\r1,2\r3,4\n", "header", "carriage return"),
    bad(
        "a short row and a long one, neither needed",
        "a,b,c,d\n" + many(20_000, "1,2,3,4\n") + "1,2,3,4,5\n1,2,3\n",
        "row 20001",
        "5 cells",
        steps=(select("a"),),
    ),
    bad("an old end of file", "a,b\n1,2\n\x1a", "row 2", "1 cell"),
    same("rows of nothing", "a,b\n,\n,\n"),
)

HEADERS = (
    bad("empty", "", "empty"),
    bad("a mark alone", "\ufeff", "empty"),
    bad("blank lines alone", "\n\n\n", "empty"),
    same("a header alone", "a,b\n"),
    Nasty("a header alone, typed", "a,b\n", [], **TYPED),
    bad("a name twice", "a,b,a\n1,2,3\n", "'a'", "twice"),
    Nasty("no name, twice", "a,,\n1,2,3\n", "a,column_2,column_3\n1,2,3\n"),
    Nasty("no name once", ",b\n0,1\n", '"",b\n0,1\n'),
    same("names that mean something elsewhere", "*,^a$,select,\\0,a.b\n1,2,3,4,5\n"),
    same("ten thousand columns", f"{WIDE}\n{TEN_THOUSAND}\n"),
    Nasty(
        "ten thousand columns, one needed", f"{WIDE}\n{TEN_THOUSAND}\n", [(7,)],
        steps=(keep("c9999", "eq", 9999), select("c7")), **TYPED,
    ),
    Nasty("semicolons", "a;b\n1;x\n", "a,b\n1,x\n"),
    Nasty("tabs", "a\tb\n1\tx\n", "a,b\n1,x\n"),
    bad("semicolons here and there", "a;b;c\n1;2;3\n4;5\n", "semicolons", "delimiter"),
    Nasty("no header", "1,2.5\n3,4.5\n", "column_1,column_2\n1,2.5\n3,4.5\n"),
)  # fmt: skip

VALUES = (
    Nasty("whole numbers of every length", f"a,b,c\n{2**63 - 1},{2**63},{10**38 - 1}\n",
          [(2**63 - 1, 2**63, 10**38 - 1)], **TYPED),
    Nasty("whole numbers beyond every length", f"a\n{10**38}\n", [(str(10**38),)], **TYPED),
    Nasty("leading zeros and signs", "a,b,c\n007,+5,-0\n", [("007", "+5", "-0")], **TYPED),
    same("late leading zeros pass", "a\n" + many(10_000, "1\n") + "007\n"),
    misfit("late leading zeros where types are needed", "a\n" + many(10_000, "1\n") + "007\n",
           "row 10001", "column 'a'", "'007'", **TYPED),
    misfit("a late word among numbers", "a,b\n" + many(10_000, "1,x\n") + "x,x\n",
           "row 10001", "column 'a'", "'x'", steps=(keep("a", "gt", 0),)),
    Nasty("fractions of many digits", "a\n0.12345678901234567890\n", [("0.12345678901234567890",)], **TYPED),
    misfit("a late fraction of many digits", "a\n" + many(10_000, "1.5\n") + "0.12345678901234567890\n",
           "row 10001", "column 'a'", "0.1234567", **TYPED),
    same("zeros at the end of fractions", "a\n1.50\n2.00\n"),
    Nasty("decimals are not cut", "a\n12.345\n1.5\n", "a\n12.345\n1.500\n", steps=(cast(a="decimal"),)),
    misfit("a decimal with more places than those before", "a\n" + many(10_000, "1.25\n") + "12.345\n",
           "row 10001", "column 'a'", "12.345", steps=(cast(a="decimal"),)),
    Nasty("what is no number", "a,b,c,d\nNaN,inf,1E5,1_000\n", [("NaN", "inf", "1E5", "1_000")], **TYPED),
    Nasty("too large for a float", "a\n1.0e999\n", [("1.0e999",)], **TYPED),
    Nasty("dates in five styles", "a,b,c,d,e\n2024-01-02,02.01.2024,1/2/2024,2024-01-02T03:04:05Z,Jan 2 2024\n",
          [("2024-01-02", "02.01.2024", "1/2/2024", "2024-01-02T03:04:05Z", "Jan 2 2024")], **TYPED),
    misfit("a date that is none", "a\n2024-01-02\n2024-02-30\n", "row 2", "column 'a'", "2024-02-30",
           steps=(cast(a="date"),), to="parquet"),
    misfit("a date in another style", "a\n2024-01-02\n02.01.2024\n", "row 2", "column 'a'", "02.01.2024",
           steps=(cast(a="date"),), to="parquet"),
    Nasty("truths in many styles", "a,b,c\ntrue,True,yes\n", [(True, "True", "yes")], **TYPED),
    Nasty("nulls", 'a,b\n,x\n"",NA\n1,null\n', [(None, "x"), (None, "NA"), (1, "null")], **TYPED),
    Nasty("nulls that are named", "a,b\nNA,x\n1,NA\n", [(None, "x"), (1, None)],
          given=InputOptions(null_values=("NA",)), **TYPED),
    Nasty("not equal, and nulls", "a,b\n1,x\n2,\n3,y\n", "a,b\n3,y\n", steps=(keep("b", "ne", "x"),)),
    Nasty("not one of, and nulls", "a,b\n1,x\n2,\n3,y\n", "a,b\n3,y\n", steps=(keep("b", "not_in", ["x"]),)),
    Nasty("nulls, asked for", "a,b\n1,x\n2,\n", "a,b\n2,\n", steps=(keep("b", "is_null"),)),
    Nasty("a column of nothing", "a,b\n1,\n2,\n", [(1, None), (2, None)], **TYPED),
    Nasty("decimal commas", "a;b\n1,5;x\n-0,25;y\n", [(1.5, "x"), (-0.25, "y")], **TYPED),
    Nasty("commas that may be thousands", "a;b\n1,234;x\n", [("1,234", "x")], **TYPED),
)  # fmt: skip

ND = "t.ndjson"
JSON = (
    Nasty("a late key", '{"a":1}\n' * 20_000 + '{"b":2}\n', [(None, 2)], steps=(keep("b", "eq", 2),), file_name=ND),
    Nasty("a late key in an object", '{"o":{"x":1}}\n{"o":{"y":2}}\n',
          [({"x": 1, "y": None},), ({"x": None, "y": 2},)], file_name=ND),
    misfit("a late word", '{"a":1}\n' * 20_000 + '{"a":"x"}\n', "row 20001", "column 'a'", "x", file_name=ND),
    bad("a key twice", '{"a":1}\n{"a":1,"a":2}\n', "row 2", "'a'", "twice", file_name=ND),
    misfit("a fraction of many digits", '{"a":1.5}\n{"a":0.1234567890123456789}\n',
           "row 2", "column 'a'", "0.1234567890123456789", file_name=ND),
    Nasty("large numbers", f'{{"a":{2**63},"b":{-(10**30)}}}\n', [(2**63, -(10**30))], file_name=ND),
    misfit("a number beyond every length", f'{{"a":1}}\n{{"a":{10**50}}}\n', "row 2", "column 'a'", "1000000",
           file_name=ND),
    Nasty("deep", DEEP, [({"a": json.loads(DEEP)["a"]["a"]},)], file_name=ND),
    misfit("too deep", '{"b":1}\n' + TOO_DEEP + "\n", "row 2", "column 'a'", file_name=ND),
    bad("as deep as it gets", "[" * 100_000, "row 1", file_name="t.json"),
    bad("NaN", '{"a":1}\n{"a":NaN}\n', "row 2", "no JSON", file_name=ND),
    bad("half a pair", '{"a":"x"}\n{"a":"\\ud83d!"}\n', "row 2", r"\ud83d is half of a pair", file_name=ND),
    bad("cut short", '{"a":1}\n{"a":', "row 2", "no JSON: it ends too early", file_name=ND),
    bad("an array cut short", '[{"a":1},{"a":', "row 2", "This is no JSON: it ends too early", file_name="t.json"),
    bad("a comma too many", '[{"a":1},{"a":2},]', "row 3", file_name="t.json"),
    bad("an array where lines should be", '[{"a":1}]', "array", file_name=ND),
    bad("half a pair of surrogates", '{"a":1}\n{"a":"\\ud83d"}\n', "row 2", file_name=ND),
    bad("no objects", '{"a":1}\n5\n', "row 2", "no JSON object", file_name=ND),
    bad("nothing at all", "[]", "array is empty", file_name="t.json"),
    Nasty("odd names", '{"":1,"a.b":2,"*":3,"^x$":4,"a\\nb":5}\n', [(1, 2, 3, 4, 5)], file_name=ND),
    Nasty("blanks and line ends of all kinds", '\n [ {"a" :\r\n1},\t{ "a":\n2 } ] \n', [(1,), (2,)],
          file_name="t.json", to="ndjson"),
    Nasty("null alone", '{"a":null}\n{"a":null}\n', [(None,), (None,)], file_name=ND),
    misfit("a list of this and that", '{"a":[1]}\n{"a":[1,"x"]}\n', "row 2", "column 'a'", file_name=ND),
)  # fmt: skip


def _workbook(*rows: list[Any]) -> bytes:
    book, sink = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(sink)
    return sink.getvalue()


def _arrow(of: Any) -> bytes:
    sink = io.BytesIO()
    pyarrow.feather.write_feather(pa.table(of), sink, compression="zstd")
    return sink.getvalue()


def _avro(rows: list[dict[str, Any]]) -> bytes:
    sink = io.BytesIO()
    fastavro.writer(sink, {"type": "record", "name": "r", "fields": [{"name": "n", "type": "long"}]}, rows, "deflate")
    return sink.getvalue()


TEXT = "a,b\n" + "".join(f"{n},{n * n % 977}\n" for n in range(5_000))
NUMBERS = {"n": list(range(5_000))}

WHOLE: dict[str, bytes] = {
    "t.csv.gz": gzip.compress(TEXT.encode()),
    "t.csv.zst": zstd.compress(TEXT.encode()),
    "t.ndjson.gz": gzip.compress(b'{"a":1}\n' * 5_000),
    "t.parquet": parquet_of(NUMBERS),
    "t.arrow": _arrow(NUMBERS),
    "t.avro": _avro([{"n": n} for n in range(5_000)]),
    "t.xlsx": _workbook(["a", "b"], *([n, "x"] for n in range(500))),
}
"""One good file of every format that can be cut, each of some thousand rows."""

Cut = Callable[[bytes], bytes]
CUTS: tuple[Cut, ...] = (
    lambda whole: whole[:-1],
    lambda whole: whole[: len(whole) * 9 // 10],
    lambda whole: whole[: len(whole) // 2],
    lambda whole: whole[:20],
)


def bomb() -> bytes:
    """A workbook of some kilobytes that unpacks to 64 MiB."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", "<x/>")
        packed.writestr("xl/workbook.xml", "<x/>")
        packed.writestr("xl/worksheets/sheet1.xml", b" " * (64 << 20))
    return sink.getvalue()


def _with_part(name: str) -> bytes:
    """A workbook with one part more, of this name."""
    sink = io.BytesIO(_workbook(["a"], [1]))
    with zipfile.ZipFile(sink, "a") as packed:
        packed.writestr(name, b"x")
    return sink.getvalue()


SHEETS = (
    bad("a name twice in a sheet", _workbook(["a", "a"], [1, 2]), "'a'", "twice", file_name="t.xlsx", to="csv"),
    Nasty("a column without a name", _workbook(["a", None], [1, 2]), "a,column_2\n1,2\n", file_name="t.xlsx", to="csv"),
    bad("an empty sheet", _workbook(), "empty", file_name="t.xlsx", to="csv"),
    Nasty("codes in a sheet", _workbook(["a"], ["007"], [" =1+1"]), [("007",), (" =1+1",)],
          file_name="t.xlsx", to="ndjson"),
    bad("a zip that is no workbook", b"PK\x03\x04" + b"x" * 100, "workbook", file_name="t.xlsx", to="csv"),
    bad("a workbook with a deep part", _with_part("a/" * 32 + "x"), "33 levels deep; 32 are allowed",
        file_name="t.xlsx", to="csv"),
    bad("a workbook with a long name in it", _with_part("x" * 256), "256 bytes; 255 are allowed",
        file_name="t.xlsx", to="csv"),
    bad("csv in disguise", "a,b\n1,2\n", "xlsx", file_name="t.xlsx", to="csv"),
    bad("gzip in disguise", gzip.compress(b"a,b\n1,2\n"), ".gz"),
    bad("a page in disguise", "<!DOCTYPE html><html></html>", "HTML"),
)  # fmt: skip

CORPUS = (*ENCODINGS, *CELLS, *ROWS, *HEADERS, *VALUES, *JSON, *SHEETS)
