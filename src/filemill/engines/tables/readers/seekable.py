"""An object of the store as a file in which a library moves about."""

import io
from typing import Any

from filemill.engines.tables.readers.fed import Flow
from filemill.engines.tables.readers.objects import Reader
from filemill.errors import JobFailed


class Seekable(Flow):
    """An object as a file in which a library moves about."""

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader)
        self._reader = reader
        self._at = 0

    def seekable(self) -> bool:
        """It can be read from anywhere."""
        return True

    def tell(self) -> int:
        """Where the next byte comes from."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Goes there; nothing is asked of the store before bytes are."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._reader.size}[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fills the buffer from here on unless the file ends before -> how many bytes."""
        try:
            self._reader.seek(min(self._at, self._reader.size))
        except JobFailed as failure:
            self.fault = failure
            raise OSError from failure
        count = super().readinto(buffer)
        self._at += count
        return count
