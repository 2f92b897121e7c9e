"""Reads Parquet: typed already, straight from the store, so that filters and selections are pushed down to it."""

from io import BytesIO

import polars as pl

from filemill.engines.tables import schema, trouble
from filemill.engines.tables.readers import store
from filemill.engines.tables.readers.objects import Reader
from filemill.engines.tables.table import ROW, Column, Table
from filemill.errors import JobFailed
from filemill.pipelines.run import InputFile, StoreAccess

SMALL = 4 << 20
"""Bytes up to which a file is fetched at once: its footer and columns would be one request each."""


_LOOKED_AT = 4
"""Bytes."""


class Parquet:
    """An opened Parquet file."""

    def __init__(self, access: StoreAccess, file: InputFile, *, numbered: bool = False) -> None:
        self.file = file
        self.rows = 0
        self.fault: JobFailed | None = None
        self._numbered = numbered
        if file.size < 12:
            raise trouble.bad_file(file, "The file is empty." if not file.size else "This is no Parquet file.")
        if file.size <= SMALL:
            reader = Reader(access, file)
            self._frame = pl.scan_parquet(BytesIO(reader.read_all()))
        else:
            _want_unchanged(Reader(access, file))
            self._frame = pl.scan_parquet(
                store.address(access, file.key),
                glob=False,
                storage_options=store.options(access),
                credential_provider=None,
            )

    def table(self) -> Table:
        """The file as a table. Raises Polars' errors where it is damaged."""
        dtypes = self._frame.collect_schema()
        # A name such as `*` or `^a$` is more than a name to Polars.
        safe = {name: f"\x00{number}" for number, name in enumerate(dtypes) if name == "*" or name.startswith("^")}
        columns = {name: Column(safe.get(name, name), schema.type_of(dtype)) for name, dtype in dtypes.items()}
        self.rows = self._frame.select(pl.len()).collect(engine="streaming").item()
        frame = self._frame.rename(safe) if safe else self._frame
        if self._numbered:
            frame = frame.with_row_index(ROW, offset=1).with_columns(pl.col(ROW).cast(pl.Int64))
        return Table(frame, columns, self, pl.DataFrame(), marks=False, height=self.rows, again=True)

    def close(self) -> None:
        """Nothing is held."""


def _want_unchanged(reader: Reader) -> None:
    """Raises JobFailed where the file is not what it was when it was marked: Polars takes whatever lies there."""
    reader.seek(reader.size - _LOOKED_AT)
    reader.readinto(memoryview(bytearray(_LOOKED_AT)))
    reader.close()
