"""A plan: the result of a pipeline on the beginning of a file, before any job runs.

A short job in a sandbox makes the plan, and the caller waits for this job. The job writes no file, and its row is
deleted before the caller gets the answer.
"""

from uuid import UUID

import msgspec

from filemill import connections
from filemill.accounts import owner_queries as owners
from filemill.errors import BadRequest, Impossible, TookTooLong, TooMany, Unavailable
from filemill.jobs import commands, context, waiters, wakeups
from filemill.jobs.job import MAIN_INPUT, Job, Status
from filemill.jobs.rows import files, plans
from filemill.jobs.rows.jobs import NewFile as NewInput
from filemill.jobs.rows.plans import PlanFile
from filemill.pipelines import formats, pairs, steps
from filemill.pipelines import options as job_options
from filemill.pipelines.options import Options
from filemill.pipelines.run import Plan

WAIT_SECONDS = 10
AGAIN_SECONDS = 2


class NewPlan(msgspec.Struct, frozen=True):
    """A plan to be made: of the text `sample` as the main input, or of the inputs of the job `of`."""

    owner: UUID
    api: str
    pipeline: steps.Pipeline
    inputs: tuple[NewInput, ...]
    options: Options
    sample: str | None = None
    of: UUID | None = None


async def make(new: NewPlan) -> Plan:
    """Makes a plan -> the plan; its `errors` name the mistakes in the steps.

    Raises the errors of `commands.create` for the same steps and inputs; NotFound and NotYours for the job, BadRequest
    where its inputs are not stored; TooMany; Unavailable where no worker was free in time; TookTooLong where the plan
    was not ready in time.
    """
    possible = await commands.want_possible(new.pipeline, new.inputs, new.options)
    source = possible.sources[0]
    if new.sample is not None and source.base not in formats.TEXTS:
        raise Impossible(
            f"sample: {source.name} cannot be given as text; upload the file with a job, and give its job_id."
        )
    planned = [PlanFile(one.name, one.file_name) for one in new.inputs]
    if new.of is not None:
        planned = await _files_of(new.of, new.owner, new.inputs)
    with waiters.place(new.owner):
        plan_id = await _queue(new, planned)
        try:
            return await _read(await waiters.until_ended(plan_id, new.owner, WAIT_SECONDS))
        finally:
            await plans.forget(plan_id)


async def _files_of(job_id: UUID, owner: UUID, announced: tuple[NewInput, ...]) -> list[PlanFile]:
    """The job's own inputs in place of the announced inputs, which must have the same formats."""
    await commands.get(job_id, owner)
    there = {file.name: file for file in await files.of_job(job_id, "in")}
    own = []
    for one in announced:
        file = there.get(one.name)
        if file is None:
            names = ", ".join(map(repr, there))
            raise Impossible(f"job_id: that job has no input {one.name!r}; its inputs are {names}.")
        if not file.is_marked or file.state != "stored":
            raise BadRequest(f"job_id: the input {one.name!r} of that job is not there (yet, or any more).")
        if formats.format_of(file.file_name) != formats.format_of(one.file_name):
            what = "file_name" if one.name == MAIN_INPUT else f"extra_inputs: {one.name}"
            raise Impossible(f"{what}: the input of that job is {file.file_name!r}, which is another format.")
        own.append(PlanFile(file.name, file.file_name, file.object_id))
    return own


async def _queue(new: NewPlan, planned: list[PlanFile]) -> UUID:
    plan_id = await _insert(new, planned)
    await wakeups.wake(pairs.TABLES_LANE)
    return plan_id


@connections.in_transaction
async def _insert(new: NewPlan, planned: list[PlanFile]) -> UUID:
    most = context.get().settings.open_plans
    await owners.lock(new.owner)
    if await plans.count(await owners.owned(new.owner)) >= most:
        raise TooMany(f"Only {most} of your plans are made at once; wait for one of them.", retry_after=AGAIN_SECONDS)
    return await plans.insert(
        owner=new.owner,
        api=new.api,
        lane=pairs.PLANS_LANE,
        pipeline=steps.encode(new.pipeline),
        options=job_options.encode(msgspec.structs.replace(new.options, mode="plan", sample=new.sample)),
        files=planned,
    )


async def _read(ended: Job) -> Plan:
    if ended.status is Status.COMPLETED and (text := await plans.result(ended.id)) is not None:
        return msgspec.json.decode(text, type=Plan)
    if ended.status is Status.FAILED and ended.at_fault == "caller" and ended.error_message:
        return Plan((), "[]", (ended.error_message,))
    if ended.status is Status.QUEUED:
        raise Unavailable(f"No worker was free within {WAIT_SECONDS} seconds; try again in a few seconds.")
    if ended.status is Status.FAILED:
        raise Unavailable("The plan could not be made, by a fault of ours; try again in a few seconds.")
    raise TookTooLong(
        f"The plan was not ready within {WAIT_SECONDS} seconds; plan fewer steps at once, or a smaller sample."
    )
