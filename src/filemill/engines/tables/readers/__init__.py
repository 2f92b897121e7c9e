"""From the store into a table: one reader for each format, on streams of bytes that are unpacked and cut on the way."""
