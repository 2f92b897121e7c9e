"""Checks that the steps of a pipeline fit one another and the input file, and finds the lane that runs the steps."""

from filemill.errors import Impossible
from filemill.pipelines import pairs
from filemill.pipelines.formats import FORMATS, Format
from filemill.pipelines.steps import NAMES, ConvertFormat, Pipeline


def lane_of(pipeline: Pipeline, source: Format) -> str:
    """The lane that runs these steps on a file of format `source`.

    Raises Impossible; the message names the step that does not fit, and the step or file before.
    """
    lane, at, giver = pairs.TABLES_LANE, source, f"the input is a {source.name} file"
    for number, step in enumerate(pipeline, 1):
        where = f"step {number} ({NAMES[type(step)]})"
        if isinstance(step, ConvertFormat):
            target = FORMATS.get(step.to_format)
            found = pairs.lane_of(at, target) if target is not None else None
            if target is None or found is None:
                raise Impossible(f"{where}: {_impossible(at, step.to_format)}")
            if number > 1 and found != pairs.TABLES_LANE:
                raise Impossible(f"{where} to {target.name} takes a file as it came, and {giver}; make them two jobs.")
            lane, at, giver = found, target, f"{where} gives a {target.name} file"
        elif at.family != "table":
            raise Impossible(f"{where} takes a table, and {giver}.")
        else:
            giver = f"{where} gives a table"
    if at.family != "table" and not pipeline:
        raise Impossible(
            f"processing_steps: a {at.name} file takes convert_format, to one of {_listed(at)}; there is no step."
        )
    if not at.is_written:
        raise Impossible(
            f"processing_steps: a {at.name} file can only be read, so the last step must be convert_format, to one"
            f" of {_listed(at)}."
        )
    return lane


def _impossible(source: Format, target: str) -> str:
    return f"a {source.name} file cannot be converted to {target[:40]!r}; it can be to one of {_listed(source)}."


def _listed(source: Format) -> str:
    return ", ".join(pairs.targets_of(source))
