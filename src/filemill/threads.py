"""Threads beside the event loop, for work whose time a caller chooses: nothing of that kind runs on the loop itself.

Threads share one interpreter, so a thread helps only where the work lets others in between: libraries that give the
interpreter up while they work, and code in Python. What does neither is bounded by counting before it begins.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")

AT_ONCE = 2
"""Calls under way in one process; what comes beyond waits, in the order in which it has come."""

_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="beside-the-loop")
_looks = ThreadPoolExecutor(1, thread_name_prefix="look")


async def run(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Calls a function in one of the threads -> what it returns. Raises what it raises.

    Who is cancelled meanwhile does not end the call, so that has to be bounded by itself.
    """
    return await asyncio.get_running_loop().run_in_executor(_threads, partial(call, *args, **kwargs))


async def look(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Calls a function that looks at a file's first bytes, in a thread of its own: uploads hold a slot meanwhile, so
    they wait for no other kind of work.
    """
    return await asyncio.get_running_loop().run_in_executor(_looks, partial(call, *args, **kwargs))
