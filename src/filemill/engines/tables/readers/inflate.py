"""Unpacks a gzip or zstd stream piece by piece, and stops at what is no file but a bomb."""

import zlib
from collections.abc import Callable
from typing import Protocol

from backports import zstd

from filemill.engines.tables import trouble
from filemill.engines.tables.readers.objects import Reader
from filemill.pipelines.run import InputFile

MOST_TIMES = 200
"""A table that packs to less than a two-hundredth of its size is no table."""

FREE_BYTES = 1 << 30
"""So much may be unpacked whatever the ratio."""

_PIECE = 1 << 18

_WIDEST_WINDOW = 27
"""zstd looks back over so many bytes (a power of two: 128 MiB) at most; they are held in memory. Its own default."""


class Unpacker(Protocol):
    """Unpacks one stream; another may follow it in the same file."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What follows its end."""
        ...

    @property
    def needs_input(self) -> bool:
        """Whether it can do nothing without more bytes."""
        ...

    def unpack(self, data: bytes, most: int) -> tuple[bytes, bytes]:
        """Unpacks at most so many bytes -> these, and what has to be given again. Raises ValueError for damage."""
        ...


class _Gzip:
    """One gzip member."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    @property
    def needs_input(self) -> bool:
        return True

    def unpack(self, data: bytes, most: int) -> tuple[bytes, bytes]:
        try:
            return self._stream.decompress(data, most), self._stream.unconsumed_tail
        except zlib.error as error:
            raise ValueError from error


class _Zstd:
    """One zstd frame. What it was given it keeps until that is used up, so nothing has to be given again."""

    def __init__(self) -> None:
        options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _WIDEST_WINDOW}
        self._stream = zstd.ZstdDecompressor(options=options)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    @property
    def needs_input(self) -> bool:
        return self._stream.needs_input

    def unpack(self, data: bytes, most: int) -> tuple[bytes, bytes]:
        try:
            return self._stream.decompress(data, most), b""
        except zstd.ZstdError as error:
            raise ValueError from error


_UNPACKERS: dict[str, Callable[[], Unpacker]] = {"gzip": _Gzip, "zstd": _Zstd}


class Inflated:
    """The bytes inside a .gz or .zst object, read like a `Reader`. `compression` is gzip or zstd."""

    def __init__(self, reader: Reader, file: InputFile, compression: str = "gzip") -> None:
        self._reader = reader
        self._file = file
        self._name = compression
        self._new = _UNPACKERS[compression]
        self._packed = b""
        self._piece = memoryview(bytearray(_PIECE))
        self._stream = self._new()
        self._given = 0
        self._in_the_middle = False

    @property
    def size(self) -> int:
        """Bytes of the packed object, the ones that progress is told in."""
        return self._reader.size

    @property
    def offset(self) -> int:
        """Packed bytes read so far."""
        return self._reader.offset

    def readinto(self, view: memoryview) -> int:
        """Fills `view` unless the stream ends before -> how many bytes. Raises JobFailed."""
        filled = 0
        while filled < len(view) and (data := self._next(len(view) - filled)):
            view[filled : filled + len(data)] = data
            filled += len(data)
        return filled

    def close(self) -> None:
        """Lets go of the connection."""
        self._reader.close()

    def _next(self, most: int) -> bytes:
        while True:
            if not self._packed and self._stream.needs_input:
                self._packed = bytes(self._piece[: self._reader.readinto(self._piece)])
                if not self._packed and self._in_the_middle:
                    raise trouble.bad_file(self._file, f"The {self._name} file ends too early; it is not whole.")
                if not self._packed:
                    return b""
            self._in_the_middle = True
            try:
                data, self._packed = self._stream.unpack(self._packed, most)
            except ValueError as error:
                raise trouble.bad_file(self._file, f"The file is no {self._name}, or it is damaged.") from error
            if self._stream.eof:
                # A packed file may be several, one behind the other; a gzip file may end in zeros.
                self._packed = self._stream.unused_data
                if self._name == "gzip":
                    self._packed = self._packed.lstrip(b"\0")
                self._stream = self._new()
                self._in_the_middle = False
            if data:
                self._given += len(data)
                self._refuse_a_bomb()
                return data

    def _refuse_a_bomb(self) -> None:
        if self._given > max(FREE_BYTES, MOST_TIMES * self.size):
            raise trouble.bad_file(
                self._file, f"The file unpacks to more than {MOST_TIMES} times its size, which no table does."
            )
