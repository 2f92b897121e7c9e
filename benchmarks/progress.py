"""What progress costs: the CPU spent in telling how far reading has come, as a part of all that a run takes.

Both are counted in one run: between two runs, told and silent, a busy machine makes a difference of ten times as much.
"""

import os
import time
from pathlib import Path
from unittest.mock import patch

import msgspec

from benchmarks import big_csv, report
from benchmarks.report import Figure, Options
from benchmarks.visitor import running_stack
from filemill import settings
from filemill.engines.tables.engine import Tables
from filemill.engines.tables.readers import objects
from filemill.engines.tables.readers.delimited import Delimited
from filemill.local.stack import Stack
from filemill.pipelines import run as wire
from filemill.pipelines import steps
from filemill.pipelines.run import InputFile, Line, OutputFile, Run, StoreAccess
from filemill.pipelines.steps import ConvertFormat
from workers.child import Paced

GIGABYTES, BRIEF_GIGABYTES = 0.1, 0.02
TARGETS = ("csv", "parquet")


def run(options: Options) -> list[Figure]:
    """Each of the targets in turn -> the part of a run that is spent on telling, as a job's child does it."""
    source = big_csv.make(options.data, BRIEF_GIGABYTES if options.is_brief else GIGABYTES)
    engine, figures = Tables(), []
    with running_stack(options) as running:
        access = _access(running)
        for target in TARGETS:
            telling, whole = _cpu_seconds(engine, _prepared(access, source, target))
            report.say("", f"csv to {target}: {telling * 1000:.1f} ms of {whole:.2f} s of CPU")
            figures.append(Figure(f"Progress, part of the CPU of csv to {target}", f"{telling / whole:.2%}", "3 %"))
    return figures


def _access(running: Stack) -> StoreAccess:
    told = settings.read(running.environ)
    return StoreAccess(told.s3_url, told.s3_region, told.s3_bucket, told.s3_key, told.s3_secret)


def _prepared(access: StoreAccess, source: Path, target: str) -> Run:
    """The table in the store, and the run that makes a file of it in another format."""
    key = f"input/{target}/orders.csv"
    put = objects.client_of(access).fput_object(access.bucket, key, str(source))
    given = InputFile("input", "orders.csv", key, "csv", source.stat().st_size, put.etag or "")
    made = OutputFile("output", f"orders.{target}", f"output/{target}/orders.{target}", target)
    pipeline = steps.encode((ConvertFormat(target),))
    return Run(target, 1, msgspec.Raw(pipeline), (given,), (made,), access, 2048)


def _cpu_seconds(engine: Tables, job: Run) -> tuple[float, float]:
    """CPU seconds of telling, and of the whole run."""
    tell, telling = Delimited.tell, 0.0

    def counted(self: Delimited) -> None:
        nonlocal telling
        before = time.thread_time()
        tell(self)
        telling += time.thread_time() - before

    with open(os.devnull, "wb") as outbox, patch.object(Delimited, "tell", counted):

        def say(line: Line) -> None:
            outbox.write(wire.encode(line))
            outbox.flush()

        before = time.process_time()
        engine.run(job, steps.decode(bytes(job.steps)), Paced(say))
        return telling, time.process_time() - before
