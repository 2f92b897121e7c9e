"""Texts that are damaged, or in two encodings: the job fails and says where, and no letter is read as another."""

import gzip
import json

import pytest

from filemill.pipelines.run import Warned
from tests.engines.tables.workshop import Workshop

ROWS = "".join(f"{number},Müller{number}\n" for number in range(5))


def packed(name: str, data: bytes) -> bytes:
    return gzip.compress(data) if name.endswith(".gz") else data


# --- bytes that are no UTF-8 ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.tsv"])
@pytest.mark.parametrize("repeats", [1, 20_000], ids=["few", "many"])
def test_one_wrong_byte_makes_no_text_another(shop: Workshop, name: str, repeats: int) -> None:
    # given names in UTF-8, and in the last row one in windows-1252
    data = b"id,name\n" + ROWS.encode() * repeats + b"99,J\xe4ger\n"
    sign = b"\t" if name == "t.tsv" else b","
    failure = shop.fails(name, packed(name, data.replace(b",", sign)))
    # then the row and the column are named, and nothing is read as windows-1252
    assert failure.code == "bad_file"
    assert f"{name}, row {5 * repeats + 1}, column 'name': The text is not UTF-8 (byte 0xE4)" in failure.message


def test_the_cell_with_the_wrong_byte_is_found_behind_quotes(shop: Workshop) -> None:
    data = 'a,b,c\n1,ü,"x,\n"\n"2,\n",é,"l1\n'.encode() + b'l2\xfe",x\n'
    assert "t.csv, row 2, column 'c': The text is not UTF-8 (byte 0xFE)" in shop.fails("t.csv", data).message


@pytest.mark.parametrize("name", ["t.ndjson", "t.json", "t.log"])
def test_a_wrong_byte_is_named_by_its_row_in_other_texts(shop: Workshop, name: str) -> None:
    lines = [json.dumps({"a": f"Müller{number}"}, ensure_ascii=False) for number in range(5)]
    data = "\n".join(lines).encode() + b'\n{"a": "J\xe4ger"}\n'
    failure = shop.fails(name, data, to="csv")
    assert f"{name}, row 6: The text is not UTF-8" in failure.message


@pytest.mark.parametrize("text", ["name\nJosé\nZoë\n", "name\n„Spaß“\n", "name\nÀ la carte: „CAFÉ”\n"])
def test_a_text_of_windows_is_still_read(shop: Workshop, text: str) -> None:
    # given a text in which two letters of windows-1252 may look like one of UTF-8
    result = shop.run("t.csv", text.encode("cp1252"), to="tsv")
    assert result.text == text
    assert any("windows-1252" in line.message for line in result.said if isinstance(line, Warned))


# --- zero bytes -------------------------------------------------------------------------------------------------------

GOOD = {
    "csv": b"a,b\n1,2\n",
    "tsv": b"a\tb\n1\t2\n",
    "ndjson": b'{"a":1}\n{"a":2}\n',
    "json": b'[{"a":1}]\n\n',
    "log": b"x\ny\n",
}


@pytest.mark.parametrize("ending", GOOD)
@pytest.mark.parametrize("packing", ["", ".gz"])
def test_zero_bytes_at_the_end_are_told_with_their_place(shop: Workshop, ending: str, packing: str) -> None:
    # given a file that a crash has filled up with zero bytes
    name = f"t.{ending}{packing}"
    failure = shop.fails(name, packed(name, GOOD[ending] + b"\0" * 512), to="csv")
    assert failure.code == "bad_file"
    assert f"{name}: Line 3 holds zero bytes from its byte 1 on" in failure.message
    assert "crash" in failure.message


@pytest.mark.parametrize("size", [512, 40 << 20], ids=["few", "many"])
@pytest.mark.parametrize(
    ("name", "head", "line"),
    [("t.csv", b"a,b\n", b"1,x\n"), ("t.ndjson", b"", b'{"a":1}\n'), ("t.log", b"", b"line\n")],
)
def test_zero_bytes_far_behind_are_told_with_their_row(
    shop: Workshop, name: str, head: bytes, line: bytes, size: int
) -> None:
    failure = shop.fails(name, head + line * 3_000 + b"\0" * size, to="csv")
    assert failure.code == "bad_file"
    if size == 512 or name == "t.csv":
        assert failure.message.startswith(f"{name}, row 3001: The row holds zero bytes")
    else:
        assert "longer than 32 MB" in failure.message


# --- two encodings in one file ----------------------------------------------------------------------------------------

MORE = "2,Zoë\r\n3,Łukasz\r\n" * 10


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.log"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("head", ["id,name\n", "id,name\r\n1,Ann\r\n"])
def test_utf16_appended_to_one_byte_text_is_refused(shop: Workshop, name: str, encoding: str, head: str) -> None:
    # given lines of ASCII, to which a program appended lines in UTF-16
    failure = shop.fails(name, packed(name, head.encode() + MORE.encode(encoding)), to="csv")
    assert failure.code == "bad_file"
    assert f"one byte for each letter and is UTF-16 from byte {len(head) + 1} on" in failure.message


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("tail", ["9,Eve\n", "9,Eve\r\n10,Bob\r\n"])
def test_one_byte_text_appended_to_utf16_is_refused(shop: Workshop, encoding: str, tail: str) -> None:
    # given a text in UTF-16 with its mark, to which a program appended lines of ASCII
    wide = ("\ufeffid,name\r\n" + MORE).encode(encoding)
    failure = shop.fails("t.csv", wide + tail.encode())
    assert f"begins as UTF-16 and is text with one byte for each letter from byte {len(wide) + 1} on" in failure.message


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text", ["id,name\n1,Ann\n", "摩測浡,n\n乮湁,1\n", "Москва,n\nx,1\n", "a\n\n1\n", "id,name\n1,Ann"]
)
def test_a_text_that_is_utf16_throughout_is_read(shop: Workshop, encoding: str, text: str) -> None:
    result = shop.run("t.csv", text.encode(encoding), to="tsv")
    assert result.text.replace("\t", ",").splitlines() == [line for line in text.splitlines() if line]
