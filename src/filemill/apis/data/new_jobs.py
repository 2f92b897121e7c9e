"""What this API takes for a new job: its files, its steps, and what stands beside them."""

import re
from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta

from filemill import threads
from filemill.errors import Impossible
from filemill.jobs.job import MAIN_INPUT
from filemill.jobs.rows.jobs import NewFile
from filemill.pipelines import file_names, formats, steps
from filemill.pipelines.options import BadRows, InputOptions, Options
from filemill.web.shapes import EACH

MOST_BYTES = 50 * 2**30
MOST_EXTRA_INPUTS = 50
MOST_JOB_BYTES = 2**17
"""A job's steps are echoed as they were sent: a page of 1,000 jobs must fit into memory."""

_INPUT_NAME = re.compile("[a-z][a-z0-9_]{0,39}")

# What stands in `extra_json_schema` is documented only: the decoder looks at shapes, `check` at values.
FileName = Annotated[
    str,
    Meta(
        description="1 to 255 bytes of UTF-8; its extension says the format.",
        extra_json_schema={"minLength": 1, "maxLength": file_names.LONGEST},
    ),
]
FileSize = Annotated[
    int,
    Meta(
        description="The upper bound of the file's size: 0 to 50 GiB.",
        extra_json_schema={"minimum": 0, "maximum": MOST_BYTES},
    ),
]


class ExtraInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A further file, which steps such as `join` call by its name.

    Example: `{"name": "cities", "file_name": "cities.csv", "original_file_size_bytes": 20480}`
    """

    name: Annotated[
        str,
        Meta(
            description="Unlike that of any other input; the main one is called `input`.",
            extra_json_schema={"pattern": f"^{_INPUT_NAME.pattern}$"},
        ),
    ]
    file_name: FileName
    original_file_size_bytes: FileSize

    def check(self) -> None:
        """Raises Impossible."""
        if not _INPUT_NAME.fullmatch(self.name):
            raise Impossible(
                f"extra_inputs: name {self.name[:60]!r} must be 1 to 40 small letters, digits and underscores, and"
                " begin with a letter."
            )
        _check_file(self.file_name, self.original_file_size_bytes)


class NewJob(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A job to be made: the file to come, its size at most, and what shall be done with it, step by step.

    Example: `{"file_name": "my_large_data.csv", "original_file_size_bytes": 1024000000, "processing_steps": [{"type":
    "filter", "params": {"column": "country", "operator": "eq", "value": "India"}}, {"type": "convert_format", "params":
    {"to_format": "parquet"}}]}`
    """

    file_name: FileName
    original_file_size_bytes: FileSize
    processing_steps: Annotated[
        tuple[steps.WireStep, ...],
        Meta(
            description="At most 100 steps; none passes the rows on unchanged.",
            extra={EACH: "step"},
            extra_json_schema={"maxItems": steps.MOST_STEPS},
        ),
    ]
    extra_inputs: Annotated[
        tuple[ExtraInput, ...],
        Meta(
            extra={EACH: "extra input"},
            description="Further files. The job is queued once every one of them is marked as uploaded, too.",
            extra_json_schema={"maxItems": MOST_EXTRA_INPUTS},
        ),
    ] = ()
    input_options: Annotated[
        InputOptions, Meta(description="How the input is written; what is not given is found out from the file.")
    ] = InputOptions()
    on_bad_rows: Annotated[
        BadRows,
        Meta(description="`fail` at the first row that cannot be used, or `collect` them in the output `bad_rows`."),
    ] = "fail"

    @property
    def options(self) -> Options:
        """What the job is told beside its steps."""
        return Options(self.input_options, self.on_bad_rows)

    @property
    def inputs(self) -> tuple[NewFile, ...]:
        """Every file to come, the main one first."""
        main = NewFile(MAIN_INPUT, self.file_name, self.original_file_size_bytes)
        extra = (NewFile(one.name, one.file_name, one.original_file_size_bytes) for one in self.extra_inputs)
        return (main, *extra)

    def check(self) -> None:
        """Raises Impossible."""
        _check_file(self.file_name, self.original_file_size_bytes)
        if len(self.extra_inputs) > MOST_EXTRA_INPUTS:
            raise Impossible(f"extra_inputs holds at most {MOST_EXTRA_INPUTS} inputs.")
        names = [MAIN_INPUT]
        for one in self.extra_inputs:
            one.check()
            if one.name in names:
                raise Impossible(f"extra_inputs: two inputs are called {one.name!r}; the main one is {MAIN_INPUT!r}.")
            names.append(one.name)

    async def check_steps(self, longest: int) -> None:
        """Raises Impossible, BadRequest. Apart from `check`: expressions, of so many characters, take time to read."""
        pipeline = steps.from_wire(self.processing_steps)
        check = partial(steps.check, pipeline, [one.name for one in self.extra_inputs], formats.TABLES, longest=longest)
        if steps.is_quick(pipeline):
            check()
        else:
            await threads.run(check)


def _check_file(name: str, size: int) -> None:
    check_file_name(name)
    if not 0 <= size <= MOST_BYTES:
        raise Impossible(f"original_file_size_bytes must be between 0 and {MOST_BYTES} (50 GiB).")


def check_file_name(name: str) -> None:
    """Refuses a name that could not stand in a key of the store, or whose format nobody knows. Raises Impossible."""
    if (fault := file_names.fault(name)) is not None:
        raise Impossible(f"file_name {fault}.")
    if formats.table_of(name) is None:
        raise Impossible(f"file_name must end in a known extension: {', '.join(formats.TABLES)}.")
