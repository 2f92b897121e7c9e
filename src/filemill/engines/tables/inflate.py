"""Unpacks a gzip stream piece by piece, and stops at what is no file but a bomb."""

import zlib

from filemill.engines.tables import trouble
from filemill.engines.tables.objects import Reader
from filemill.jobs.run import InputFile

MOST_TIMES = 200
"""A table that packs to less than a two-hundredth of its size is no table."""

FREE_BYTES = 1 << 30
"""So much may be unpacked whatever the ratio."""

_PIECE = 1 << 18


class Inflated:
    """The bytes inside a .gz object, read like a `Reader`."""

    def __init__(self, reader: Reader, file: InputFile) -> None:
        self._reader = reader
        self._file = file
        self._packed = b""
        self._piece = memoryview(bytearray(_PIECE))
        self._stream = zlib.decompressobj(wbits=31)
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
            if not self._packed:
                self._packed = bytes(self._piece[: self._reader.readinto(self._piece)])
                if not self._packed and self._in_the_middle:
                    raise trouble.bad_file(self._file, "The gzip file ends too early; it is not whole.")
                if not self._packed:
                    return b""
            self._in_the_middle = True
            try:
                data = self._stream.decompress(self._packed, most)
            except zlib.error as error:
                raise trouble.bad_file(self._file, "The file is no gzip, or it is damaged.") from error
            self._packed = self._stream.unconsumed_tail
            if self._stream.eof:
                # A gzip file may be several, one behind the other, and may end in zeros.
                self._packed = self._stream.unused_data.lstrip(b"\0")
                self._stream = zlib.decompressobj(wbits=31)
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
