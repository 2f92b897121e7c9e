"""How long writing takes beside reading, for the formats where writing is the slow part of a job."""

WRITING: dict[str, int] = {"xlsx": 12, "avro": 8}
"""How many times as long as reading it takes to write a format, roughly, where that is the slow part of most jobs."""
