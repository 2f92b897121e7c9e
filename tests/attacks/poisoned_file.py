"""A table that everybody has, joined with files that end their reader: the table stays good, and workers live."""

import io

import pyarrow as pa

from tests.attacks.callers import Member
from tests.attacks.target import Target
from tests.engines.tables.thrift import element, footer_of

COMMON = b"country,population\nDE,83\nFR,68\nIT,59\n"
"""Such as that of a statistics office."""

LEVELS = 5_000


def attack(target: Target) -> str:
    """Deep files of every nested format beside the common table, and alone; then everybody's own run of the table."""
    victim, attacker, other = Member(target), Member(target), Member(target)
    assert victim.run(COMMON, name="population.csv")["status"] == "COMPLETED"
    deep = {
        "parquet": _parquet(),
        "arrow": _arrow(),
        "ndjson": b'{"a":' * LEVELS + b"1" + b"}" * LEVELS,
        "avro": _avro(),
    }
    for kind, content in deep.items():
        for job in (_joined(attacker, f"evil.{kind}", content), attacker.run(content, name=f"evil.{kind}")):
            assert job["error_code"] == "bad_file", (
                f"{kind}: {job['status']} {job['error_code']} {job['error_message']}"
            )
    for somebody in (victim, other, attacker):
        for name in ("population.csv", "another-name.csv"):
            job = somebody.run(COMMON, name=name)
            assert job["status"] == "COMPLETED", f"the common table is refused: {job['error_message']}"
        somebody.close()
    return f"{len(deep)} kinds of deep files were refused, the common table never"


def _joined(attacker: Member, name: str, content: bytes) -> dict[str, object]:
    """The common table with a file behind it -> the job as it has ended."""
    evil = {"name": "evil", "file_name": name, "original_file_size_bytes": len(content)}
    step = {"type": "concat", "params": {"inputs": ["evil"]}}
    job = attacker.make(step, name="population.csv", extra_inputs=[evil])["id"]
    assert attacker.put(attacker.upload_url(job), COMMON) == 200
    assert attacker.put(attacker.upload_url(job, "evil"), content) == 200
    for key in (f"input/{job}/population.csv", f"input/{job}/evil/{name}"):
        assert attacker.mark(job, key).status_code == 200
    return attacker.ended(job)


def _parquet() -> bytes:
    return footer_of([element(b"root", children=1), *[element(b"a", children=1)] * LEVELS, element(b"x")])


def _arrow() -> bytes:
    kind = pa.int64()
    for _ in range(LEVELS):
        kind = pa.struct([("a", kind)])
    told = io.BytesIO()
    with pa.ipc.new_file(told, pa.schema([("x", kind)])):
        pass
    return told.getvalue()


def _avro() -> bytes:
    kind = b'{"type": "array", "items": ' * LEVELS + b'"long"' + b"}" * LEVELS
    schema = b'{"type": "record", "name": "r", "fields": [{"name": "x", "type": ' + kind + b"}]}"
    size = len(schema) << 1
    told = bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14])
    return b"Obj\x01\x02\x16avro.schema" + told + schema + b"\0" + b"0123456789abcdef"
