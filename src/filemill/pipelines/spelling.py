"""Which of the names there are may have been meant by one that there is not."""

from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST = 60
"""Characters of a name that are compared: nobody spells a longer one so nearly right."""


def hint(name: str, known: Iterable[str]) -> str:
    """` (did you mean filter?)`, or nothing where no known name is near."""
    near = get_close_matches(name[:_LONGEST].lower(), known, n=3, cutoff=0.6)
    return f" (did you mean {' or '.join(near)}?)" if near else ""
