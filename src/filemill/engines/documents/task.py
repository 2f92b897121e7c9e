"""What every tool of a chain is told of the job it works on."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from filemill.pipelines.run import InputFile, Say, Warned


class Task(msgspec.Struct, frozen=True):
    """The input a job is about, and who hears of it. `media_bytes` are those of the pictures inside it, unpacked."""

    file: InputFile
    say: Say
    media_bytes: int = 0

    def warn(self, code: str, message: str) -> None:
        """Tells the caller something, though the run goes on."""
        self.say(Warned(code, message, 1))


Tool = Callable[[Path, Path, Task], None]
"""Makes the second file of the first; the formats are those of their extensions. Raises JobFailed."""
