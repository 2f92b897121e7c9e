"""The table engine: a run of table steps as one lazy query of Polars, carried out in a stream."""

import logging

import polars as pl

from filemill.engines.tables import (
    allocation,
    collecting,
    diagnosis,
    dispatch,
    leniency,
    pace,
    planning,
    spilling,
    trouble,
)
from filemill.engines.tables.barrier import Misfit
from filemill.engines.tables.collecting import Unreadable
from filemill.engines.tables.inputs import Inputs
from filemill.engines.tables.writers import losses, writing
from filemill.engines.tables.writers.bad_rows import BadRows
from filemill.engines.tables.writers.uploading import Room, Upload
from filemill.errors import JobFailed
from filemill.jobs.job import BAD_ROWS
from filemill.pipelines.formats import FORMATS
from filemill.pipelines.run import Done, Made, OutputFile, Phase, Run, Say
from filemill.pipelines.steps import ConvertFormat, Pipeline
from filemill.pipelines.table_steps import Join

log = logging.getLogger(__name__)


class Tables:
    """Carries out table steps. Made once per process; `run` takes one job after another."""

    name = "tables"
    version = f"1 (polars {pl.__version__})"

    def __init__(self) -> None:
        allocation.keep()
        leniency.allow()

    def run(self, run: Run, steps: Pipeline, say: Say) -> Done:
        """Carries out `steps` from the first input to the first output. Raises JobFailed."""
        spilling.allow(run)
        try:
            return planning.of(run, steps) if run.options.mode == "plan" else _carry_out(run, steps, say)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            log.exception("the table engine failed")
            raise spilling.of_polars(error, run) or trouble.of_polars(error, run.inputs[0]) from error


def _carry_out(run: Run, steps: Pipeline, say: Say) -> Done:
    say(Phase("reading"))
    bad_rows = next((_bad_rows(run, steps, one) for one in run.outputs if one.name == BAD_ROWS), None)
    inputs = Inputs(run, say, bad_rows=bad_rows)
    try:
        made = _make(run, steps, inputs)
    except Misfit as misfit:
        inputs.close()
        raise diagnosis.of_first_misfit(run, steps) from misfit
    except Unreadable as error:
        raise inputs.fault(error.place) or trouble.internal() from error
    except pl.exceptions.PolarsError as error:
        raise (bad_rows and bad_rows.fault) or error from error
    else:
        collected = (bad_rows.close(),) if bad_rows else ()
    finally:
        inputs.close()
        if bad_rows:
            bad_rows.abandon()
    return Done(inputs.rows, (made, *collected))


def _make(run: Run, steps: Pipeline, inputs: Inputs) -> Made:
    output = run.outputs[0]
    last = dispatch.through(steps, inputs.main(), inputs)
    prepared = writing.prepare(last, output)
    if inputs.bad_rows:
        # What the output needs is known only now; prepared again, nothing is left that it could not carry.
        own = prepared.checks[len(last.checks) :]
        prepared = writing.prepare(collecting.taken_out(last, inputs, *own), output)
    for warning in losses.of(last, output):
        inputs.say(warning)
    is_slow = FORMATS[output.format].base in pace.WRITING
    written = writing.Written(prepared.height, inputs.say, inputs.tell_written if is_slow else None)
    upload = Upload(run.access, output.key, FORMATS[output.format].media_type, _room(run, steps, output))
    stored = writing.send(prepared, output, _how(steps, output), upload, written)
    columns = tuple((name, kind.name) for name, kind in zip(prepared.names, prepared.types, strict=True))
    return Made(output.name, written.rows, columns, stored)


def _bad_rows(run: Run, steps: Pipeline, output: OutputFile) -> BadRows:
    return BadRows(output, run.access, _room(run, steps, output))


def _room(run: Run, steps: Pipeline, output: OutputFile) -> Room:
    """The room for an output; what needs more is mostly a join that makes many rows of each."""
    joins = [str(number) for number, step in enumerate(steps, 1) if isinstance(step, Join)]
    made_by = f"What the {len(steps)} steps make" if len(steps) > 1 else f"What {output.name!r} is to hold"
    advice = (
        f"see how many rows share a key in step {joins[0]} (join), or filter before"
        if joins
        else "filter before, or split the file"
    )
    if run.quota:
        return Room(run.output_bytes, JobFailed("quota", f"{run.quota} Or {advice}."), run.disk_mb)
    sentence = f"{made_by} is more than the {run.output_bytes:,} bytes that an output may have; {advice}."
    return Room(run.output_bytes, JobFailed("too_large", sentence), run.disk_mb)


def _how(steps: Pipeline, output: OutputFile) -> ConvertFormat:
    """The options of the output's format; its own where no step says how."""
    last = steps[-1] if steps else None
    return last if isinstance(last, ConvertFormat) else ConvertFormat(output.format)
