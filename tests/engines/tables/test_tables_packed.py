"""Files packed with gzip: several members, cut short, damaged, and bombs."""

import gzip
import zlib

import pytest

from filemill.engines.tables.readers import inflate
from tests.engines.tables.workshop import Workshop, keep

TABLE = b"a,b\n1,x\n2,y\n"


@pytest.mark.parametrize("name", ["t.csv.gz", "t.tsv.gz", "t.ndjson.gz"])
def test_packed_text_goes_in_and_comes_out_packed(shop: Workshop, name: str) -> None:
    plain = {"csv": TABLE, "tsv": TABLE.replace(b",", b"\t"), "ndjson": b'{"a":1,"b":"x"}\n{"a":2,"b":"y"}\n'}
    result = shop.run(name, gzip.compress(plain[name.split(".")[1]]), keep("a", "gt", 1))
    assert result.data[:2] == b"\x1f\x8b"
    assert [str(value) for value in result.rows[0]] == ["2", "y"]


def test_several_members_and_padding_are_one_file(shop: Workshop) -> None:
    data = gzip.compress(TABLE[:6]) + gzip.compress(b"") + gzip.compress(TABLE[6:]) + b"\0" * 512
    assert shop.run("t.csv.gz", data, to="csv").data == TABLE


def test_a_large_packed_file(shop: Workshop) -> None:
    plain = b"n,s\n" + b"".join(b"%d,%d\n" % (n, n * 7919 % 10_007) for n in range(1_500_000))
    result = shop.run("t.csv.gz", gzip.compress(plain, 1), to="csv")
    assert result.data == plain
    assert result.said[-1].done == result.said[-1].total


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(TABLE * 1000)[:-9],
        gzip.compress(TABLE)[:-8],
        gzip.compress(TABLE)[:5],
        gzip.compress(TABLE)[:-8] + b"\0\0\0\0" + gzip.compress(TABLE)[-4:],
        gzip.compress(TABLE) + b"more",
        TABLE,
        zlib.compress(TABLE),
    ],
    ids=["cut", "no sum", "cut in the head", "wrong sum", "rubbish behind", "plain text", "zlib"],
)
def test_a_damaged_one_is_refused(shop: Workshop, data: bytes) -> None:
    failure = shop.fails("t.csv.gz", data)
    assert (failure.code, failure.at_fault) == ("bad_file", "caller")
    assert "t.csv.gz" in failure.message
    assert "gzip" in failure.message


def test_an_empty_table_inside(shop: Workshop) -> None:
    assert "empty" in shop.fails("t.csv.gz", gzip.compress(b"")).message


def test_a_bomb_without_lines_is_refused(shop: Workshop) -> None:
    # given 300 MB of the letter a in 300 KB
    packer = zlib.compressobj(9, wbits=31)
    data = b"".join([*(packer.compress(b"a" * (1 << 20)) for _ in range(300)), packer.flush()])
    # when it is read, then it ends after the longest row a table may have
    failure = shop.fails("t.csv.gz", b"" + data)
    assert failure.code == "bad_file"
    assert "header does not end" in failure.message


def test_a_bomb_of_many_rows_is_refused(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    # given 64 MB of rows in 64 KB, and a smaller allowance than the one for real files
    monkeypatch.setattr(inflate, "FREE_BYTES", 16 << 20)
    data = gzip.compress(b"a,b\n" + b"1,2\n" * (16 << 20), 9)
    assert len(data) < 80 << 10
    failure = shop.fails("t.csv.gz", data, keep("a", "eq", 2))
    assert failure.code == "bad_file"
    assert "200 times its size" in failure.message
