"""One run in a child: open, where it reads and writes the store itself; closed, where files are brought and fetched."""

import msgspec

from filemill.jobs import carrying, context, run_files
from filemill.jobs.cage import Cage
from filemill.jobs.child import Child
from filemill.jobs.claim_queries import Claimed
from filemill.jobs.file_queries import FileRow
from filemill.jobs.lease import Lease
from filemill.jobs.run import Done, OutputFile, Run
from filemill.jobs.run_files import Found, Output
from filemill.jobs.watch import Watch


class Ran(msgspec.Struct, frozen=True):
    """A run that went well: what the engine said, its outputs, and what lies in the store of both sides."""

    done: Done
    outputs: list[Output] = []
    inputs_now: list[Found] = []
    outputs_now: list[Found] = []


class Attempt:
    """One run of a claimed job; `keys` gets what it may write, `started` is on the monotonic clock.

    A child that ends badly is dead before anybody says so, so that nothing is written afterwards.
    """

    def __init__(self, claimed: Claimed, lease: Lease, cage: Cage, started: float, keys: list[str]) -> None:
        self._claimed = claimed
        self._lease = lease
        self._cage = cage
        self._started = started
        self._keys = keys
        self._limits = context.get().settings.limits(cage.lane)

    async def carry_out(self, inputs: list[FileRow]) -> Ran:
        """Runs the job. Raises JobFailed, StoreAway, Ended, NoChild."""
        run = run_files.run_of(self._claimed, inputs, self._limits, is_closed=self._cage.is_closed)
        return await (self._closed(run, inputs) if self._cage.is_closed else self._open(run, inputs))

    async def _open(self, run: Run, inputs: list[FileRow]) -> Ran:
        is_plan = run.options.mode == "plan"  # nothing is kept of its files
        outputs = [] if is_plan else await self._expect(run.outputs)
        async with self._cage.borrow() as child:
            done = await self._do(child, run)
        if done.plan is not None:
            return Ran(done)
        return Ran(done, outputs, *await self._lease.beside(run_files.look_again(inputs, outputs, done.made)))

    async def _closed(self, run: Run, inputs: list[FileRow]) -> Ran:
        async with self._cage.borrow() as child:
            brought = await self._lease.beside(carrying.bring_in(child, run, inputs))
            done = await self._do(child, run)
            outputs = await self._expect(carrying.made(child, self._claimed, run))
            stored = await self._lease.beside(carrying.take_out(child, outputs))
        return Ran(done, outputs, brought, stored)

    async def _expect(self, files: tuple[OutputFile, ...]) -> list[Output]:
        outputs = await run_files.expect_outputs(self._claimed, files, self._limits.seconds)
        self._keys += [output.file.key for output in outputs]
        return outputs

    async def _do(self, child: Child, run: Run) -> Done:
        child.send(run)
        return await Watch(self._lease, child, self._started, self._limits).until_done()
