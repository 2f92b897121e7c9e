"""The names of columns out of a header: made where a cell is empty, distinct where the caller asks for that.

Every name that does not stand so in the header is told by a warning.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import count

from filemill.engines.tables import trouble
from filemill.errors import JobFailed
from filemill.pipelines.options import InputOptions
from filemill.pipelines.run import InputFile, Say, Warned

_MOST_NAMED = 10


def of(
    header: Sequence[str],
    file: InputFile,
    options: InputOptions,
    say: Say,
    *,
    places: Sequence[int] | None = None,
    keeps_empty: bool = False,
) -> list[str]:
    """The names, one for each cell. Raises JobFailed where one stands there twice and `options` do not allow that.

    `places` are the cells' places in the file, from 1, where some were left out. With `keeps_empty` the name of a
    single column may be the empty one.
    """
    taken = set(header)
    repeated = [name for name, times in Counter(header).items() if name and times > 1]
    if repeated and options.repeated_names != "number":
        raise _twice(repeated[0], taken, file)
    is_kept = keeps_empty and header.count("") == 1
    names: list[str] = []
    seen: Counter[str] = Counter()
    made: list[str] = []
    numbered: list[str] = []
    for place, name in zip(places or range(1, len(header) + 1), header, strict=True):
        seen[name] += 1
        own = name
        if not name and not is_kept:
            own = _unlike(f"column_{place}", taken)
            made.append(f"column {place} is {trouble.shorten(own)}")
        elif name and seen[name] > 1:
            own = _unlike(name, taken, seen)
            numbered.append(f"{trouble.shorten(name)} in column {place} is {trouble.shorten(own)}")
        names.append(own)
        taken.add(own)
    _tell("columns without a name in the header get one", made, file, say)
    _tell("names that the header repeats are numbered", numbered, file, say)
    return names


def _twice(name: str, taken: set[str], file: InputFile) -> JobFailed:
    instead = trouble.shorten(_unlike(name, taken))
    return trouble.bad_file(
        file,
        f"The header names the column {trouble.shorten(name)} twice. Rename one of the two, or set repeated_names to"
        f" 'number' in input_options: then the second one is called {instead}.",
    )


def _unlike(name: str, taken: set[str], seen: Counter[str] | None = None) -> str:
    """A name that is not taken: this one, or the next with a number; `seen` counts how often it stood there so far."""
    if name not in taken:
        return name
    first = seen[name] if seen else 2
    number = next(number for number in count(max(first, 2)) if f"{name}_{number}" not in taken)
    if seen:
        seen[name] = number
    return f"{name}_{number}"


def _tell(what: str, given: list[str], file: InputFile, say: Say) -> None:
    if given:
        more = f" and {len(given) - _MOST_NAMED:,} more" if len(given) > _MOST_NAMED else ""
        say(Warned("guessed", f"{file.file_name}: {what}: {', '.join(given[:_MOST_NAMED])}{more}."))
