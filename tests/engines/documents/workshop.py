"""A place to convert in: files go in, what came out is looked at."""

import time
from pathlib import Path

import msgspec
import pytest

from filemill.engines.documents.engine import Documents
from filemill.errors import JobFailed
from filemill.pipelines.run import InputFile, Line, OutputFile, Run, StoreAccess, Warned
from filemill.sandbox import trees


class Result(msgspec.Struct, frozen=True):
    """What came of a run: the file, what was said, how long it took."""

    file: Path
    said: list[Line]
    seconds: float

    @property
    def warnings(self) -> list[str]:
        """The codes of what the caller was warned of."""
        return [line.code for line in self.said if isinstance(line, Warned)]


class Workshop:
    """Runs the engine as a sandbox would: inputs lie at in/, outputs come to out/, in the working directory."""

    def __init__(self, engine: Documents, folder: Path) -> None:
        self.engine = engine
        self._folder = folder

    def convert(self, content: Path | bytes, source: str, target: str) -> Result:
        """Converts a file of the format `source`. Skips the test where a program for that is not installed."""
        if (source, target) not in self.engine.pairs:
            pytest.skip(f"no program here makes {target} of {source}: run filemill install documents")
        place = self._folder / "in" / f"input.{source}"
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.read_bytes())
        run = Run(
            "job",
            1,
            msgspec.Raw(b"[]"),
            (InputFile("input", f"sample.{source}", "", source, place.stat().st_size, ""),),
            (OutputFile("output", f"sample_processed.{target}", "", target),),
            StoreAccess("", "", "", "", ""),
            memory_mb=4096,
        )
        said: list[Line] = []
        begun = time.perf_counter()
        try:
            self.engine.run(run, (), said.append)
            seconds = time.perf_counter() - begun
        finally:
            for between in self._folder.glob("between-*"):
                trees.remove(between)
        (file,) = (self._folder / "out").iterdir()
        return Result(file.replace(self._folder / f"{source}.{target}{file.suffix}"), said, seconds)

    def refusal(self, content: Path | bytes, source: str, target: str = "pdf") -> tuple[str, str, float]:
        """The code and the sentence of a refusal, and after how many seconds it came."""
        begun = time.perf_counter()
        with pytest.raises(JobFailed) as refused:
            self.convert(content, source, target)
        return refused.value.code, refused.value.message, time.perf_counter() - begun
