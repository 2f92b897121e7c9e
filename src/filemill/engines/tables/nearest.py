"""Which columns may have been meant by a name that none has."""

from collections.abc import Collection
from difflib import get_close_matches
from heapq import nsmallest

from filemill.engines.tables import trouble

_LONGEST, _MOST = 100, 500
"""How long names are, in characters, and how many, that are compared: that takes its time, and a plan has many."""

_TOLD = 10


def told(name: str, known: Collection[str]) -> str:
    """A sentence, after a blank, that names the nearest of the known columns, or else the first of them."""
    lower = {one.lower(): one for one in reversed(list(known)) if len(one) <= _LONGEST}
    likely = nsmallest(_MOST, lower, key=lambda one: abs(len(one) - len(name)))
    near = get_close_matches(name[:_LONGEST].lower(), likely, n=3, cutoff=0.6)
    if near:
        return f" Did you mean {' or '.join(trouble.shorten(lower[one]) for one in near)}?"
    first = ", ".join(map(trouble.shorten, list(known)[:_TOLD]))
    return f" The columns are {first}{' and others' if len(known) > _TOLD else ''}."
