"""One run in a child: a networked child reads and writes the store itself; an isolated child has its files staged."""

import msgspec

from filemill.jobs import context
from filemill.jobs.rows.claims import Claimed
from filemill.jobs.rows.files import FileRow
from filemill.pipelines.run import Done, OutputFile, Run
from filemill.runs import files, growth, staging
from filemill.runs.files import Found, Output
from filemill.runs.growth import Growth, Room
from filemill.runs.lease import Lease
from filemill.runs.watch import Watch
from filemill.sandbox.child import Child
from filemill.sandbox.pool import Pool


class Ran(msgspec.Struct, frozen=True):
    """A run that went well: the engine's last line, the outputs, and the objects of inputs and outputs in the store."""

    done: Done
    outputs: list[Output] = []
    inputs_now: list[Found] = []
    outputs_now: list[Found] = []


class Attempt:
    """One run of a claimed job. `keys` gets the keys that the run may write; `started` is on the monotonic clock.

    A child that ends badly is dead before the error reaches the caller, so the child writes nothing afterwards.
    """

    def __init__(self, claimed: Claimed, lease: Lease, pool: Pool, started: float, keys: list[str]) -> None:
        self._claimed = claimed
        self._lease = lease
        self._pool = pool
        self._started = started
        self._keys = keys
        self._limits = context.get().settings.limits(pool.lane, is_guests=claimed.is_guests)

    async def carry_out(self, inputs: list[FileRow]) -> Ran:
        """Runs the job. Raises JobFailed, StoreAway, Ended, NoChild."""
        run = files.run_of(self._claimed, inputs, self._limits, is_isolated=self._pool.is_isolated)
        if run.options.mode == "plan":  # a plan keeps no files
            async with self._pool.borrow() as child:
                return Ran(await self._do(child, run))
        room = await self._lease.beside(growth.room_of(self._claimed))
        if room.left < run.output_bytes:
            run = msgspec.structs.replace(run, output_bytes=room.left, quota=room.refusal("The output").message)
        carry = self._isolated if self._pool.is_isolated else self._networked
        return await carry(run, inputs, room)

    async def _networked(self, run: Run, inputs: list[FileRow], room: Room) -> Ran:
        outputs = await self._expect(run.outputs)
        async with self._pool.borrow() as child, Growth(self._claimed, outputs, room) as grows:
            done = await self._do(child, run, grows)
        return Ran(done, outputs, *await self._lease.beside(files.look_again(inputs, outputs, done.made)))

    async def _isolated(self, run: Run, inputs: list[FileRow], room: Room) -> Ran:
        async with self._pool.borrow() as child:
            brought = await self._lease.beside(staging.bring_in(child, run, inputs))
            done = await self._do(child, run)
            outputs = await self._expect(staging.made(child, self._claimed, run))
            stored = await self._lease.beside(staging.take_out(child, outputs, room))
        return Ran(done, outputs, brought, stored)

    async def _expect(self, expected: tuple[OutputFile, ...]) -> list[Output]:
        outputs = await files.expect_outputs(self._claimed, expected, self._limits.seconds)
        self._keys += [output.file.key for output in outputs]
        return outputs

    async def _do(self, child: Child, run: Run, grows: Growth | None = None) -> Done:
        child.send(run)
        return await Watch(self._lease, child, self._started, self._limits, grows).until_done()
