"""Tables in, tables out: filter, select, rename and convert on Polars' streaming engine, from the store to the store.

`engine.Tables` is the entry. A reader opens the input as a `table.Table`, every step turns one table into the next,
and `write` sends the last one off. Text formats are read as text: a column is typed only where a step or the output
needs it, and a value that would not survive the typing is a misfit that fails the job, naming its row and column.
"""
