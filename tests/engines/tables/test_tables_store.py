"""When the store is at fault, nobody's file is: it does not answer, refuses, or breaks off."""

import io
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import msgspec
import pytest
import urllib3

from filemill.engines.tables.readers import objects
from filemill.errors import JobFailed
from filemill.local.ports import free_port
from tests.engines.tables.workshop import Workshop, keep

TABLE = "a,b\n" + "1,some text\n" * 1_000_000


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives up sooner than in earnest."""
    monkeypatch.setattr(objects, "PAUSES", (0.05, 0.05))
    monkeypatch.setattr(objects, "_TIMEOUT", urllib3.Timeout(connect=1, read=1))


Rule = Callable[[bytes], bytes | int | None]
"""What a line to the store does with a request, by its first bytes: answer so, pass on so many bytes, or all."""


@contextmanager
def a_line(shop: Workshop, rule: Rule) -> Iterator[str]:
    """A line to the real store that fails as `rule` says -> its address."""
    store = urlsplit(shop.access.url)
    listener = socket.create_server(("127.0.0.1", 0))
    open_ones: list[socket.socket] = [listener]

    def pump(source: socket.socket, sink: socket.socket, most: int | None) -> None:
        try:
            while (most is None or most > 0) and (data := source.recv(65536 if most is None else min(most, 65536))):
                sink.sendall(data)
                most = None if most is None else most - len(data)
        except OSError:
            pass
        for one in (source, sink):
            with_no_care(one)

    def with_no_care(one: socket.socket) -> None:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)

    def serve(caller: socket.socket) -> None:
        try:
            head = caller.recv(65536)
            verdict = rule(head)
            if isinstance(verdict, bytes):
                caller.sendall(verdict)
                if verdict:
                    caller.close()
                return
            far = socket.create_connection((store.hostname or "", store.port or 0))
            open_ones.append(far)
            # One request for each connection, so that the rule hears of every one.
            far.sendall(head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            threading.Thread(target=pump, args=(caller, far, None), daemon=True).start()
            pump(far, caller, verdict)
        except OSError:
            pass

    def accept() -> None:
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            open_ones.append(caller)
            threading.Thread(target=serve, args=(caller,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        for one in open_ones:
            with_no_care(one)
            one.close()


BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def is_store_away(failure: JobFailed) -> bool:
    return (failure.code, failure.at_fault) == ("store_away", "us")


def fails_behind(
    shop: Workshop, rule: Rule, name: str = "t.csv", data: str | bytes = TABLE, to: str = "csv"
) -> JobFailed:
    with a_line(shop, rule) as url:
        return shop.fails(name, data, keep("a", "eq", 1), access=msgspec.structs.replace(shop.access, url=url), to=to)


@pytest.fixture(scope="module")
def large_parquet(shop: Workshop) -> bytes:
    data = "a,b\n" + "".join(f"1,{n * 7919 % 1_000_003:09}\n" for n in range(1_000_000))
    return shop.run("t.csv", data, to="parquet").data


def test_a_store_that_does_not_run(shop: Workshop, large_parquet: bytes) -> None:
    nowhere = msgspec.structs.replace(shop.access, url=f"http://127.0.0.1:{free_port()}")
    assert is_store_away(shop.fails("t.csv", TABLE, access=nowhere))
    assert is_store_away(shop.fails("t.ndjson", '{"a":1}\n', access=nowhere))
    assert is_store_away(shop.fails("t.parquet", large_parquet, access=nowhere))


def test_a_store_that_answers_503(shop: Workshop, large_parquet: bytes) -> None:
    assert is_store_away(fails_behind(shop, lambda _: BUSY))
    assert is_store_away(fails_behind(shop, lambda _: BUSY, "t.parquet", large_parquet))


def test_a_store_that_never_answers(shop: Workshop) -> None:
    assert is_store_away(fails_behind(shop, lambda _: b""))


def test_a_store_that_takes_nothing(shop: Workshop, large_parquet: bytes) -> None:
    def only_reads(head: bytes) -> bytes | None:
        return BUSY if head.startswith((b"PUT", b"POST")) else None

    for to in ("csv", "parquet", "ndjson"):
        assert is_store_away(fails_behind(shop, only_reads, to=to))
    assert is_store_away(fails_behind(shop, only_reads, "t.parquet", large_parquet))


def test_a_store_that_hangs_up_on_what_it_is_sent(shop: Workshop) -> None:
    def hangs_up(head: bytes) -> bytes | int | None:
        return 0 if head.startswith((b"PUT", b"POST")) else None

    assert is_store_away(fails_behind(shop, hangs_up))


def test_reading_goes_on_where_a_connection_broke_off(shop: Workshop) -> None:
    # given a line that breaks after every third megabyte, for the first four times
    breaks = iter([3_000_000] * 4)

    def breaks_off(head: bytes) -> int | None:
        return next(breaks, None) if head.startswith(b"GET") else None

    with a_line(shop, breaks_off) as url:
        access = msgspec.structs.replace(shop.access, url=url)
        # then the table is whole nevertheless
        assert shop.run("t.csv", TABLE, access=access).text == TABLE
    assert next(breaks, None) is None


def test_a_connection_that_breaks_off_every_time_ends_the_run(shop: Workshop) -> None:
    assert is_store_away(fails_behind(shop, lambda head: 300 if head.startswith(b"GET") else None))


def test_an_input_that_is_gone(shop: Workshop, large_parquet: bytes) -> None:
    for name, data in (("t.csv", b"a\n1\n"), ("t.ndjson", b'{"a":1}\n'), ("t.parquet", large_parquet)):
        run, _ = shop.prepare(name, data)
        shop.client.remove_object(shop.bucket, run.inputs[0].key)
        with pytest.raises(JobFailed) as failure:
            shop.engine.run(run, (), lambda _: None)
        assert failure.value.code == "input_changed"


def test_an_input_that_was_changed_since_it_was_marked(shop: Workshop, large_parquet: bytes) -> None:
    # given files that one request reads, that many do, and that Polars itself asks for
    tables = (("t.csv", b"a\n1\n"), ("t.csv", TABLE.encode()), ("t.ndjson", b'{"a":1}\n'), ("t.parquet", large_parquet))
    for name, data in tables:
        run, _ = shop.prepare(name, data)
        # when another one lies in their place
        shop.client.put_object(shop.bucket, run.inputs[0].key, io.BytesIO(data[:-1] + b" "), len(data))
        with pytest.raises(JobFailed) as failure:
            shop.engine.run(run, (), lambda _: None)
        # then it is not read
        assert failure.value.code == "input_changed"


def test_a_key_that_does_not_fit_is_our_trouble(shop: Workshop, large_parquet: bytes) -> None:
    wrong = msgspec.structs.replace(shop.access, secret="wrong-secret")
    for name, data in (("t.csv", b"a\n1\n"), ("t.parquet", large_parquet)):
        failure = shop.fails(name, data, access=wrong)
        assert (failure.code, failure.at_fault) == ("internal", "us")


def test_an_engine_that_failed_works_on(shop: Workshop) -> None:
    for _ in range(5):
        shop.fails("t.csv", TABLE[:1_000_000] + "1\n")
        assert shop.run("t.csv", "a\n1\n").rows == [("1",)]
    assert len([thread for thread in threading.enumerate() if thread.name.startswith("ahead")]) == 0
