"""Which sandbox a lane has on this machine: bubblewrap is tried in every way that it may start in."""

import asyncio

from filemill import logs
from filemill.errors import FilemillError
from filemill.sandbox import bubblewrap, users
from filemill.sandbox.bubblewrap import Bubblewrap
from filemill.sandbox.kinds import KINDS, Networked, Sandbox, Weak

PROBE_SECONDS = 10


class NoSandbox(FilemillError):
    """Files of others may not be worked on here: bubblewrap does not start, and FILEMILL_SANDBOX is not weak."""


async def sandbox_of(lane: str, *, weak: bool, store: str = "") -> Sandbox:
    """The sandbox of a lane. `store`: the store's address, the only one that a networked child connects to.

    `weak` allows the weak sandbox where bubblewrap does not start. Raises NoSandbox.
    """
    if KINDS[lane] == "networked":
        return Networked(store)
    if program := bubblewrap.find():
        for changes_user in (True, False) if users.may_change() else (False,):
            for proc in bubblewrap.PROCS:
                if await _ends_well(bubblewrap.probe(program, proc, changes_user=changes_user)):
                    return Bubblewrap(program, proc=proc, changes_user=changes_user)
    if not weak:
        raise NoSandbox
    return Weak()


async def _ends_well(command: tuple[str, ...]) -> bool:
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, env={}
    )
    try:
        _, said = await asyncio.wait_for(process.communicate(), PROBE_SECONDS)
    except TimeoutError:
        process.kill()
        said = b"it does not come to an end"
    if process.returncode:
        logs.warn(__name__, "bubblewrap does not start so", said=said.decode(errors="replace"))
    return process.returncode == 0
