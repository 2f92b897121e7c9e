"""csv and tsv: what stands in a file comes out of it, or the job fails and says where."""

import contextlib
import csv
import gzip
import io
import random
import re
from collections.abc import Iterator

import pytest

from filemill.engines.tables.readers import records
from filemill.engines.tables.readers.dialect import Dialect
from filemill.pipelines.run import Phase, Progress
from tests.engines.tables.workshop import Workshop, keep, limit, select, sort

MEGABYTE = 1 << 20


def same(shop: Workshop, text: str, name: str = "t.csv") -> bool:
    return shop.run(name, text).text == text


def test_cells_pass_as_they_stood(shop: Workshop) -> None:
    assert same(shop, 'a,b,c\n00123,+5,1E5\n0.10,NA, x \n-0,1e400,"q""q"\n"a,b","l\nm",""\n,,\n#c,%d,=1+1\n')


def test_tabs_separate_a_tsv(shop: Workshop) -> None:
    assert same(shop, 'a\tb\n1,5\t"x\ty"\n\t\n', "t.tsv")
    assert shop.run("t.tsv", "a\tb\n1\tx,y\n", to="csv").text == 'a,b\n1,"x,y"\n'


def test_line_ends_of_windows_and_a_mark_of_utf8_are_understood(shop: Workshop) -> None:
    data = b'\xef\xbb\xbfa,b\r\n1,\r\n"x\r\ny",2\r\n\r\n,\r\n'
    assert shop.run("t.csv", data, keep("b", "eq", 2)).text == 'a,b\n"x\r\ny",2\n'
    assert shop.run("t.csv", data).done.rows_in == 3


def test_the_last_line_needs_no_end(shop: Workshop) -> None:
    assert shop.run("t.csv", "a,b\n1,2\n3,").text == "a,b\n1,2\n3,\n"
    assert shop.run("t.csv", "a,b").text == "a,b\n"


def test_a_header_alone_is_a_table_of_no_rows(shop: Workshop) -> None:
    for to in ("csv", "tsv", "parquet", "ndjson", "csv.gz"):
        result = shop.run("t.csv", "a,b\n", to=to)
        assert result.rows == []
        assert list(result.types) == ["a", "b"]
    assert shop.run("t.csv", "a,b\n", to="tsv").text == "a\tb\n"


def test_blank_lines_are_passed_over_and_not_counted(shop: Workshop) -> None:
    data = "\n\na,b\n\n1,x\n\n\n,\n\n2,y\n\n"
    assert shop.run("t.csv", data).text == "a,b\n1,x\n,\n2,y\n"
    assert shop.run("t.csv", "a\n1\n\n2\n\n").text == "a\n1\n2\n"
    assert shop.run("t.csv", 'a,b\n\n"1",x\n\n\n,\n\n2,"y\n\n\nz"\n\n').text == 'a,b\n1,x\n,\n2,"y\n\n\nz"\n'
    failure = shop.fails("t.csv", "a,b\n\n1,x\n\n\n2\n")
    assert "row 2:" in failure.message


def test_a_quoted_empty_cell_in_a_single_column_is_a_row(shop: Workshop) -> None:
    assert shop.run("t.csv", 'a\n1\n""\n2\n').text == 'a\n1\n""\n2\n'


@pytest.mark.parametrize("cell", ["x" * (70 << 20), '"' + "1,2\n" * (18 << 20)])
def test_a_row_that_is_too_long_is_told_so(shop: Workshop, cell: str) -> None:
    # given a row of more than 32 MB, whether one cell is as long or a quote was forgotten
    failure = shop.fails("t.csv", f"a,b\n1,2\n3,{cell}\n4,5\n")

    assert failure.code == "bad_file"
    assert "row 2: It is longer than 32 MB" in failure.message


def test_a_null_in_a_single_column_is_no_blank_line(shop: Workshop) -> None:
    assert shop.run("t.csv", "a,b\n1,x\n,y\n", select("a")).text == 'a\n1\n""\n'


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("row", "cells"),
    [("1,2", 2), ("1", 1), ("1,", 2), (",", 2), ("1,2,3,4", 4), (",,,", 4), ('"1,2",3', 2), ('"a\nb",', 2)],
)
@pytest.mark.parametrize("others", ["1,2,3", "1,2,", '"x, y",,', '1,"a\nb",'])
def test_a_row_with_too_few_or_too_many_cells_is_named(
    shop: Workshop, end: str, row: str, cells: int, others: str
) -> None:
    # given a file in which the fifth row is too short or too long, among rows of several kinds
    data = end.join(["a,b,c", *[others] * 4, row, *[others] * 3, ""])
    failure = shop.fails("t.csv", data)
    # then the row and both counts are named
    assert failure.code == "bad_file"
    assert "t.csv, row 5:" in failure.message
    assert f"{cells} cell" in failure.message
    assert "header 3" in failure.message


@pytest.mark.parametrize("quoted", [True, False])
def test_a_short_row_deep_in_a_large_file_is_named(shop: Workshop, quoted: bool) -> None:
    row = '1,"x, y",' if quoted else "1,xyz,"
    rows = [row] * 2_000_000
    rows[1_900_000] = "1,xyz"
    assert "row 1900001:" in shop.fails("t.csv", "a,b,c\n" + "\n".join(rows)).message


def test_a_damaged_row_counts_exactly_if_it_stands_before_the_limit_is_filled(shop: Workshop) -> None:
    data = "a,b\n1,x\n2\n3,z\n"
    assert shop.run("t.csv", data, limit(1)).text == "a,b\n1,x\n"
    assert shop.run("t.csv", data, keep("a", "eq", 1), limit(1)).text == "a,b\n1,x\n"
    assert "row 2:" in shop.fails("t.csv", data, limit(2)).message
    assert "row 2:" in shop.fails("t.csv", data, keep("a", "eq", 3)).message


def test_a_sparse_wide_table_is_complete(shop: Workshop) -> None:
    # given many columns that are mostly empty, some cells quoted
    header = ",".join(f"c{n}" for n in range(60))
    rows = [",".join(['"q,"'] + [""] * 59), "," * 59, ",".join(["1"] * 3 + [""] * 57)] * 50
    text = header + "\n" + "\n".join(rows) + "\n"
    assert same(shop, text)
    assert "row 151:" in shop.fails("t.csv", text + "," * 58 + "\n").message


def test_ten_thousand_columns(shop: Workshop) -> None:
    text = ",".join(f"c{n}" for n in range(10_000)) + "\n" + ",".join(str(n) for n in range(10_000)) + "\n"
    assert same(shop, text)
    assert shop.run("t.csv", text, keep("c9999", "eq", 9999), select("c7"), to="ndjson").rows == [(7,)]


def test_a_cell_of_a_megabyte(shop: Workshop) -> None:
    assert same(shop, "a,b\n" + "x" * MEGABYTE + ',1\n"' + "y,\n" * 400_000 + '",2\n')


def test_cells_with_line_ends_survive_where_the_file_is_cut_into_pieces(shop: Workshop) -> None:
    # given a file of several pieces with long quoted cells full of separators, quotes and line ends
    random.seed(7)
    parts = ["plain", '"two\nlines, ""quoted"""', '"' + "deep,\n" * 300 + '"', "", '""']
    rows = [",".join([str(n), random.choice(parts), random.choice(parts)]) for n in range(60_000)]
    text = "n,a,b\n" + "\n".join(rows) + "\n"
    assert len(text) > 20 * MEGABYTE
    result = shop.run("t.csv", text)
    assert result.text == text
    assert result.done.rows_in == 60_000


@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_signs_cells_are_what_python_makes_of_them(seed: int) -> None:
    # given pieces of signs in any order, most of them well quoted, with rows of any width among them
    random.seed(seed)
    well = ["a", "", '""', '"a,b"', '"a""b"', '"\n"', '"\r"', '""""', '"a"",b"']
    odd = ['a"b', '"a"b', '""a', "a\r", "\ra", '"a"\r', '"', ' "a"']
    for _ in range(300):
        width, end = random.randint(1, 4), random.choice(["\n", "\r\n"])
        cells = random.choice([well, well + odd])
        lines = [[random.choice(cells) for _ in range(width)] for _ in range(random.randint(1, 40))]
        if random.random() < 0.2:
            lines[-1] = random.choice([["a"] * (width + 1), ["a"] * (width - 1)])
        piece = end.join(map(",".join, lines)) + end
        wanted = sorted(random.sample(range(width), random.randint(1, width)))
        # when the wanted columns are read
        found = records.parse(piece.encode(), Dialect(","), width, wanted, last=True)
        # then they are the cells that Python reads, up to the row that it refuses or that is of another width
        cells_read = [[cell or "" for cell in row] for row in found.cells.select(map(str, wanted)).rows()]
        assert cells_read == [[row[n] for n in wanted] for row in whole_rows(piece, width)], piece


def whole_rows(piece: str, width: int) -> Iterator[list[str]]:
    """The rows by Python's reader, to which a carriage return is a letter only if it is given another name."""
    lines = io.StringIO(re.sub(r"\r(?!\n)", "\ufffc", piece), newline="\n")
    with contextlib.suppress(csv.Error):
        for row in csv.reader(lines, strict=True):
            if row and len(row) != width:
                return
            if row:
                yield [cell.replace("\ufffc", "\r") for cell in row]


def test_stray_quotes_within_a_cell_are_letters(shop: Workshop) -> None:
    # given an odd number of inch marks, which turn every quote that follows inside out for a careless reader
    rows = [f'{n},{n}" pipe,ok' if n % 1000 == 7 else f'{n},"a, b",ok' for n in range(9_001)]
    result = shop.run("t.csv", "n,x,y\n" + "\n".join(rows) + "\n")
    assert len(result.rows) == 9_001
    assert result.rows[7] == ("7", '7" pipe', "ok")
    assert result.rows[8] == ("8", "a, b", "ok")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", ["empty"]),
        (b"\n\n", ["empty"]),
        (b"\xef\xbb\xbf", ["empty"]),
        (b"a,b\r1,2\r3,4\r", ["carriage return"]),
        (b"a;b;c\n1;2;3\n4;5\n", ["semicolons", "commas", "delimiter"]),
        (b"a\tb\n1\t2\n3\n", ["tabs"]),
        (b"a,b\n1,2\n" + b"3,4\n" * 300_000 + b"5,caf\xe9\n", ["row 300002", "UTF-8", "0xE9"]),
        ("a,b\n1,привет\n".encode("cp1251"), ["UTF-8", "cannot be told", "input_options"]),
        (b"a,b\n1,\0\n", ["zero bytes"]),
        (b"a,b\n1,2\n" + b"5,6\n" * 2000 + b"3,x\0y\n", ["row 2002", "zero byte"]),
        (b"%PDF-1.7\n%\xe2\xe3", ["PDF"]),
        (b"PK\x03\x04\x14\x00", ["zip"]),
        (b"\n <!DOCTYPE html><html>", ["HTML"]),
        (b"PAR1\x15\x04", ["Parquet"]),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), [".gz"]),
        (b"a,b,a\n1,2,3\n", ["'a'", "twice"]),
        (b"sep=;\na;b\n1;2\n", ["'sep='", "Excel", "take it out"]),
        (b"sep=,\na,b\n1,2\n", ["'sep='", "Excel", "take it out"]),
        (b'a,b\n1,2\n3,"x\n4,5\n', ["row 2", "quote"]),
        (b'"a,b\n1,2\n', ["header", "quote"]),
        (b'a,b\n1,"x"y\n', ["row 1", "closing quote"]),
        (b'a,b\n1,2\n"\n', ["row 2", "quote"]),
    ],
)
def test_what_is_no_csv_is_refused_with_the_reason(shop: Workshop, data: bytes, words: list[str]) -> None:
    failure = shop.fails("t.csv", data)
    assert (failure.code, failure.at_fault) == ("bad_file", "caller")
    for word in ("t.csv", *words):
        assert word in failure.message


def test_a_column_may_have_no_name(shop: Workshop) -> None:
    assert shop.run("t.csv", ",a\n0,x\n").text == '"",a\n0,x\n'
    assert shop.run("t.csv", ",a\n0,x\n", to="ndjson").records == [{"": 0, "a": "x"}]


def test_a_quote_that_never_ends_is_found_in_bounded_memory(shop: Workshop) -> None:
    data = b'a,b\n1,"x\n' + b"2,y\n" * (10 * MEGABYTE)
    assert "row 1:" in shop.fails("t.csv", data).message


def test_progress_of_a_sort_counts_bytes_in_and_out(shop: Workshop) -> None:
    # given a table to be put in order
    data = "a,b\n" + "".join(f"{n * 7919 % 1_000_003},xyz\n" for n in range(1_000_000))
    said = shop.run("t.csv", data, sort("a"), keep("b", "eq", "xyz")).said
    # when it is told how far the work is, then all is read at half of it, and the rest goes by the rows that come out
    parts = [line.done / line.total for line in said if isinstance(line, Progress)]
    assert parts == sorted(parts)
    assert 0.5 in parts
    assert [part for part in parts if 0.5 < part < 1]
    assert parts[-1] == 1
    # and the phases name what is waited for
    phases = [(line.name, line.step) for line in said if isinstance(line, Phase)]
    assert phases == [("reading", None), ("sorting", 1), ("writing", None)]


def test_progress_tells_the_bytes_that_were_read(shop: Workshop) -> None:
    data = "a,b\n" + "1,xyz\n" * 6_000_000
    said = shop.run("t.csv", data, keep("a", "eq", 2)).said
    steps = [(line.done, line.total, line.unit) for line in said if hasattr(line, "done")]
    assert len(steps) > 3
    assert steps == sorted(steps)
    assert steps[-1] == (len(data), len(data), "bytes")
