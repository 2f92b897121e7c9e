"""Reads Parquet: typed already, straight from the store, so that filters and selections are pushed down to it."""

from io import BytesIO
from typing import Any

import polars as pl

from filemill.engines.tables import schema, trouble
from filemill.engines.tables.readers import beside, foreign, int96, parquet_footer, store
from filemill.engines.tables.readers.excerpt import MOST_ROWS
from filemill.engines.tables.readers.int96 import Held
from filemill.engines.tables.readers.objects import Reader
from filemill.engines.tables.readers.seekable import Seekable
from filemill.engines.tables.table import ROW, Column, Table
from filemill.errors import JobFailed
from filemill.pipelines.run import InputFile, StoreAccess

SMALL = 4 << 20
"""Bytes up to which a file is fetched at once: its footer and columns would be one request each."""


class Parquet:
    """An opened Parquet file. `numbered` demands row numbers; `plans` that no more is looked at than the first rows."""

    def __init__(self, access: StoreAccess, file: InputFile, *, numbered: bool = False, plans: bool = False) -> None:
        self.file = file
        self._access = access
        self.rows = 0
        self.fault: JobFailed | None = None
        self._numbered = numbered
        self._most = MOST_ROWS if plans else None
        self._options: dict[str, Any] = {}
        if file.size < 12:
            raise trouble.bad_file(file, "The file is empty." if not file.size else "This is no Parquet file.")
        reader = Reader(access, file)
        try:
            if file.size <= SMALL:
                self._place: Any = reader.read_all()
                self._footer = parquet_footer.read(BytesIO(self._place), file)
            else:
                # The reader takes no other bytes than those that were marked; Polars takes whatever lies there.
                flow = Seekable(reader)
                try:
                    self._footer = parquet_footer.read(flow, file)
                except JobFailed as failure:
                    raise flow.fault or failure from failure.__cause__
                self._place = store.address(access, file.key)
                self._options = {"glob": False, "storage_options": store.options(access), "credential_provider": None}
        finally:
            reader.close()

    def table(self) -> Table:
        """The file as a table. Raises Polars' errors where it is damaged."""
        dtypes = dict(self._scan().collect_schema())
        if not dtypes:
            raise trouble.bad_file(self.file, "The file has no columns.")
        self.rows = self._footer.rows
        held = self._hold(dtypes)
        # A name such as `*` or `^a$` is more than a name to Polars.
        safe = {name: f"\x00{number}" for number, name in enumerate(dtypes) if name == "*" or name.startswith("^")}
        columns = {
            name: Column(safe.get(name, name), schema.type_of(held.dtypes[name]), odd=held.odd.get(name), why=int96.WHY)
            for name in dtypes
        }
        frame = held.frame.rename(safe) if safe else held.frame
        if self._numbered:
            frame = frame.with_row_index(ROW, offset=1).with_columns(pl.col(ROW).cast(pl.Int64))
        made = Table(frame, columns, self, pl.DataFrame(), marks=False, height=self.rows, again=True)
        return foreign.taken(made, self._footer.marks_of(dtypes))

    def close(self) -> None:
        """Nothing is held."""

    def _hold(self, dtypes: dict[str, pl.DataType]) -> Held:
        """The file in types that hold its values: text in the place of decimals that Polars cannot read."""
        long = [name for name, dtype in dtypes.items() if beside.are_long(dtype)]
        known = {name: dtype for name, dtype in dtypes.items() if name not in long}

        def scan(asked: dict[str, pl.DataType] | None) -> pl.LazyFrame:
            return self._scan(asked or (known if long else None))

        names = self._footer.with_int96(dtypes)
        held = int96.held(scan, known, names, self._most)
        if not long:
            return held
        read = beside.scan(self._open, long)
        frame = pl.concat([held.frame, read], how="horizontal") if known else read
        return Held(frame, {**held.dtypes, **dict.fromkeys(long, pl.String())}, held.odd)

    def _scan(self, dtypes: dict[str, pl.DataType] | None = None) -> pl.LazyFrame:
        """The file as Polars reads it, or with these columns in these types where it can read as several."""
        place = BytesIO(self._place) if isinstance(self._place, bytes) else self._place
        return pl.scan_parquet(place, schema=dtypes, extra_columns="ignore" if dtypes else "raise", **self._options)

    def _open(self) -> Any:
        return BytesIO(self._place) if isinstance(self._place, bytes) else Seekable(Reader(self._access, self.file))
