"""What this API takes and gives for a plan: a job's body and some of its data in, what would come of it out."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar.exceptions import HTTPException
from msgspec import UNSET, Meta, UnsetType

from filemill.apis.data.new_jobs import MOST_JOB_BYTES, NewJob
from filemill.errors import BadRequest, Impossible, NotFound
from filemill.pipelines.run import Plan

MOST_SAMPLE_BYTES = 2**20
MOST_PLAN_BYTES = MOST_JOB_BYTES + 4 * MOST_SAMPLE_BYTES
"""In JSON a sign of a sample may take several bytes more than in UTF-8."""


_NO_SUCH_JOB = "There is no job with this id."


class NewPlan(NewJob, frozen=True, forbid_unknown_fields=True):
    r"""A job that is only to be planned, and some data to plan it with: either a `sample` or a `job_id`.

    Example: `{"file_name": "people.csv", "original_file_size_bytes": 10240, "processing_steps": [{"type": "filter",
    "params": {"column": "age", "operator": "gt", "value": 26}}], "sample": "name,age\nAda,36\nBob,25\n"}`
    """

    sample: Annotated[
        str | UnsetType,
        Meta(description="The beginning of the main input as text, of a packed one as it is unpacked; at most 1 MiB."),
    ] = UNSET
    job_id: Annotated[
        str | UnsetType,
        Meta(
            description="A job of the caller's whose inputs are to be looked at; their names and formats are as here.",
            extra_json_schema={"format": "uuid"},
        ),
    ] = UNSET

    def check(self) -> None:
        """Raises BadRequest, Impossible, NotFound."""
        if (self.sample is UNSET) == (self.job_id is UNSET):
            raise BadRequest("Exactly one of sample and job_id must be given.")
        super().check()
        if isinstance(self.sample, str) and len(self.sample.encode()) > MOST_SAMPLE_BYTES:
            raise Impossible(f"sample must have at most {MOST_SAMPLE_BYTES} bytes (1 MiB) of UTF-8.")

    @property
    def text(self) -> str | None:
        """The sample, None where there is none."""
        return self.sample if isinstance(self.sample, str) else None

    @property
    def job(self) -> UUID | None:
        """The job that is meant, None where there is none. Raises NotFound."""
        if not isinstance(self.job_id, str):
            return None
        try:
            meant = UUID(self.job_id)
        except ValueError:
            raise NotFound(_NO_SUCH_JOB) from None
        if str(meant) != self.job_id.lower():  # Python reads ids without hyphens and in braces, too
            raise NotFound(_NO_SUCH_JOB)
        return meant


class _Sampled(msgspec.Struct, frozen=True):
    sample: msgspec.Raw = msgspec.Raw(b"")


def want_small(body: bytes) -> None:
    """Refuses a body that is, beside its sample, larger than that of a job may be (413)."""
    if len(body) - len(msgspec.json.decode(body, type=_Sampled).sample) > MOST_JOB_BYTES:
        raise HTTPException(
            status_code=413, detail=f"The body is larger than the {MOST_JOB_BYTES} bytes allowed beside the sample."
        )


class PlannedColumn(msgspec.Struct, frozen=True):
    """A column and its type: int, float, decimal, text, bool, date, datetime, time, list, struct, binary, duration."""

    name: str
    type: str


class PlannedStep(msgspec.Struct, frozen=True, omit_defaults=True):
    """A step, and the columns behind it: none from the first one on that does not fit, since nobody knows them."""

    type: str
    schema: tuple[PlannedColumn, ...]
    streams: Annotated[bool, Meta(description="Whether its memory does not grow with the rows.")]
    note: Annotated[str | None, Meta(description="What else is to be said of it; absent where there is nothing.")] = (
        None
    )


class PlanReply(msgspec.Struct, frozen=True):
    """What a job would do, as far as the beginning of its data tells. `rows` are the first 20 of its output.

    `errors` has what only the data shows, a sentence for each step that does not fit, all at once; then there are no
    rows. `warnings` has what a job would warn of, such as a separator that was guessed.

    Example: `{"steps": [{"type": "filter", "schema": [{"name": "name", "type": "text"}, {"name": "age", "type":
    "int"}], "streams": true}], "rows": [{"name": "Ada", "age": 36}], "errors": [], "warnings": []}`
    """

    steps: tuple[PlannedStep, ...]
    rows: Annotated[msgspec.Raw, Meta(extra_json_schema={"type": "array", "items": {"type": "object"}})]
    errors: tuple[str, ...]
    warnings: tuple[str, ...]


def reply(plan: Plan) -> PlanReply:
    """A plan as this API shows it."""
    steps = (
        PlannedStep(step.type, tuple(PlannedColumn(name, kind) for name, kind in step.schema), step.streams, step.note)
        for step in plan.steps
    )
    return PlanReply(tuple(steps), msgspec.Raw(plan.rows.encode()), plan.errors, plan.warnings)
