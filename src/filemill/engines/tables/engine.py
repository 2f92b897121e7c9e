"""The table engine: a run of table steps as one lazy query of Polars, carried out in a stream."""

import logging

import polars as pl

from filemill.engines.tables import allocation, bad_rows, diagnosis, plan, reading, trouble, writing
from filemill.jobs.job import BAD_ROWS
from filemill.jobs.run import Done, Made, Phase, Run, Say
from filemill.jobs.steps import Pipeline

log = logging.getLogger(__name__)


class Tables:
    """Carries out table steps. Made once per process; `run` takes one job after another."""

    name = "tables"
    version = f"1 (polars {pl.__version__})"

    def __init__(self) -> None:
        allocation.keep()

    def run(self, run: Run, steps: Pipeline, say: Say) -> Done:
        """Carries out `steps` from the first input to the first output. Raises JobFailed."""
        try:
            return _carry_out(run, steps, say)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            log.exception("the table engine failed")
            raise trouble.of_polars(error, run.inputs[0]) from error


def _carry_out(run: Run, steps: Pipeline, say: Say) -> Done:
    output = run.outputs[0]
    say(Phase("reading"))
    source = reading.open_input(run.store, run.inputs[0], say)
    try:
        prepared = writing.prepare(plan.through(steps, source.table()), output)
        written = writing.Written(prepared.height, say)
        say(Phase("writing"))
        writing.send(prepared, output, run.store, written)
    except writing.Misfit as misfit:
        source.close()
        raise diagnosis.of_first_misfit(run, steps) from misfit
    finally:
        source.close()
    columns = tuple((name, kind.name) for name, kind in zip(prepared.names, prepared.types, strict=True))
    collected = tuple(bad_rows.BadRows(one, run.store).close() for one in run.outputs if one.name == BAD_ROWS)
    return Done(source.rows, (Made(output.name, written.rows, columns), *collected))
