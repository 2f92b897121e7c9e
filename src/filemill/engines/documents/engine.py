"""The document engine: one file in another format, by a chain of programs and libraries."""

import tempfile
from pathlib import Path

import lxml.etree

from filemill.engines.documents import inspection, routes, tools, trouble
from filemill.engines.documents.task import Task
from filemill.pipelines.run import Done, Made, Phase, Progress, Run, Say, Warned
from filemill.pipelines.steps import Pipeline

INPUTS, OUTPUTS = Path("in"), Path("out")
"""Where files lie, in the working directory: `in/input.docx`, `out/output.pdf`."""

SEVERAL = "zip"
"""What is written instead of one picture where there are several pages: a picture for each, packed."""


class Documents:
    """Converts documents and pictures. Made once per process; `run` takes one job after another."""

    name = "documents"

    def __init__(self) -> None:
        self._kit = tools.look()
        self.pairs = routes.possible(self._kit.tools)
        """The pairs (source, target) that the programs of this machine can do."""
        self.version = f"1 ({', '.join(f'{name} {version}' for name, version in self._kit.versions.items())})"
        self._kit.warm()

    def close(self) -> None:
        """Ends the programs that stay."""
        self._kit.end()

    def run(self, run: Run, steps: Pipeline, say: Say) -> Done:
        """Converts the first input into the first output; the step says no more than that. Raises JobFailed."""
        file, output = run.inputs[0], run.outputs[0]
        route = routes.ROUTES.get((file.format, output.format))
        if route is None or (file.format, output.format) not in self.pairs:
            raise trouble.no_way(file, output.format)
        say = _once(say)
        say(Phase("checking"))
        source = INPUTS / f"{file.name}.{file.format}"
        task = Task(file, say, inspection.inspect(source, Task(file, say)))
        say(Phase("converting", 1))
        # What lies between stays: whoever gave this folder empties it, whatever becomes of this process.
        between = Path(tempfile.mkdtemp(prefix="between-", dir=".")).resolve()
        made = self._go(route, source.resolve(), between, task)
        return Done(0, (_keep(made, OUTPUTS / f"{output.name}.{output.format}"),))

    def _go(self, route: routes.Route, source: Path, between: Path, task: Task) -> Path:
        for number, leg in enumerate(route, 1):
            folder = between / str(number)
            folder.mkdir()
            target = folder / f"document.{leg.to}"
            try:
                self._kit.tools[leg.tool](source, target, task)
            except lxml.etree.XMLSyntaxError as error:  # of a part that the tool looks into by the way
                raise trouble.unreadable(task.file, error) from error
            task.say(Progress(number, len(route), "legs"))
            source = target if target.exists() else target.with_suffix(f".{SEVERAL}")
        return source


def _once(say: Say) -> Say:
    """Says a warning once, whichever pages it is true of."""
    warned: set[tuple[str, str]] = set()

    def say_once(line: Phase | Progress | Warned) -> None:
        if isinstance(line, Warned):
            if (line.code, line.message) in warned:
                return
            warned.add((line.code, line.message))
        say(line)

    return say_once


def _keep(made: Path, target: Path) -> Made:
    OUTPUTS.mkdir(exist_ok=True)
    made.replace(target.with_suffix(made.suffix))
    return Made(target.stem, 0)
