"""The table engine: a run of table steps as one lazy query of Polars, carried out in a stream."""

import logging

import polars as pl

from filemill.engines.tables import allocation, bad_rows, diagnosis, plan, trouble, writing
from filemill.engines.tables.barrier import Misfit
from filemill.engines.tables.inputs import Inputs
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
    inputs = Inputs(run, say)
    try:
        prepared = writing.prepare(plan.through(steps, inputs.main(), inputs), output)
        written = writing.Written(prepared.height, say)
        writing.send(prepared, output, run.store, written)
    except Misfit as misfit:
        inputs.close()
        raise diagnosis.of_first_misfit(run, steps) from misfit
    finally:
        inputs.close()
    columns = tuple((name, kind.name) for name, kind in zip(prepared.names, prepared.types, strict=True))
    collected = tuple(bad_rows.BadRows(one, run.store).close() for one in run.outputs if one.name == BAD_ROWS)
    return Done(inputs.rows, (Made(output.name, written.rows, columns), *collected))
