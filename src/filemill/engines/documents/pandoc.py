"""pandoc: marked-up texts to each other and to office files that need no layout; also to typst's language, for pdf.

Always with `--sandbox`: no reader or writer opens a file or an address besides its input, so pictures that lie
elsewhere are left out, those inside the file are kept: in Markdown as `data:`. Markdown's raw parts in other languages
are not read, links that run something are not kept. The heap has a limit of its own.
"""

from pathlib import Path

import pypandoc

from filemill.engines.documents import losses, pictures_beside, programs, trouble
from filemill.engines.documents.programs import ProgramFailed, TooSlow
from filemill.engines.documents.task import Task
from filemill.errors import JobFailed

_TEMPLATE = Path(__file__).with_name("plain.typ")
_PICTURES = Path(__file__).with_name("pictures_inside.lua")
_PARAGRAPHS = Path(__file__).with_name("paragraphs_only.lua")
_TITLE = Path(__file__).with_name("title.lua")
_DIRECTION = Path(__file__).with_name("direction.lua")
_INERT = Path(__file__).with_name("inert.lua")
_LINKS = "links-left-out"
"""Where the filter tells how many links lead nowhere."""

_LEFT_OUT = (
    "A link of the file leads neither to a page nor into the text: the link is plain text.",
    "{} links of the file lead neither to pages nor into the text: they are plain text.",
)
_DIRECTED = (".docx", ".html", ".epub", ".typ")
"""What can say which way a block runs."""

_FITTING = tuple(Path(__file__).with_name(name) for name in ("links.lua", "wide_tables.lua"))
"""What typst needs to be told besides."""

_HEAP = ("+RTS", "-M800m", "-RTS")
_HEAP_EXHAUSTED = 251

_READS = {
    "docx": "docx",
    "odt": "odt",
    "rtf": "rtf",
    "html": "html",
    "epub": "epub",
    "md": "gfm-yaml_metadata_block-raw_html",
}
_READS_RAW = "gfm"
_WITHOUT_FRONT_MATTER = "gfm-yaml_metadata_block"
_NO_FRONT_MATTER = 64
"""What pandoc ends with over lines between `---` that look like front matter and are none."""

_WRITES: dict[str, tuple[str, ...]] = {
    "docx": ("docx",),
    "odt": ("odt",),
    "rtf": ("rtf", "--standalone"),
    "html": ("html5", "--standalone", "--embed-resources", "--mathml"),
    "md": ("gfm", "--wrap=none"),
    "epub": ("epub3", "--mathml"),
    "txt": ("plain", "--wrap=none"),
    "typ": ("typst", "--standalone", f"--template={_TEMPLATE}", "--syntax-highlighting=none"),
}


def version() -> str | None:
    """pandoc's, None where it is not installed."""
    try:
        return str(pypandoc.get_pandoc_version())
    except OSError:
        return None


def convert(source: Path, target: Path, task: Task) -> None:
    """Converts one file into another, by their extensions. Raises JobFailed."""
    _run(source, _READS[source.suffix[1:]], target, task)


def from_markdown(source: Path, target: Path, task: Task) -> None:
    """Markdown somebody wrote, with the HTML in it, as HTML that is still to be cleaned. Raises JobFailed."""
    try:
        _start(source, _READS_RAW, target, task)
    except ProgramFailed as error:
        if error.code != _NO_FRONT_MATTER:
            raise _trouble(error, task) from error
        _run(source, _WITHOUT_FRONT_MATTER, target, task)


def as_paragraphs(source: Path, target: Path, task: Task) -> None:
    """The words of a file as a docx of paragraphs, headings and tables alone. Raises JobFailed."""
    _run(source, _READS[source.suffix[1:]], target, task, _PARAGRAPHS)


def _run(source: Path, reads: str, target: Path, task: Task, *filters: Path) -> None:
    try:
        _start(source, reads, target, task, *filters)
    except ProgramFailed as error:
        raise _trouble(error, task) from error


def _trouble(error: ProgramFailed, task: Task) -> JobFailed:
    return trouble.too_large(task.file) if error.code == _HEAP_EXHAUSTED else trouble.not_a(task.file)


def _start(source: Path, reads: str, target: Path, task: Task, *filters: Path) -> None:
    """Runs pandoc. Raises ProgramFailed, JobFailed."""
    writes, *more = _WRITES[target.suffix[1:]]
    title = f"--metadata=pagetitle:{Path(task.file.file_name).stem or 'document'}"
    argv = (
        pypandoc.get_pandoc_path(),
        *_HEAP,
        "--sandbox",
        f"--from={reads}",
        f"--to={writes}",
        *more,
        title,
        f"--lua-filter={_INERT}",
        f"--lua-filter={_TITLE}",
        *(("--metadata=words-in-front:true",) if reads == "docx" and target.suffix in (".md", ".txt") else ()),
        f"--extract-media={pictures_beside.FOLDER}" if target.suffix == ".typ" else "--quiet",
        *(("--metadata=is-titled:true",) if task.file.format == "epub" and reads == "html" else ()),
        *((f"--lua-filter={_PICTURES}",) if target.suffix in (".typ", ".md") else ()),
        *((f"--lua-filter={_DIRECTION}",) if target.suffix in _DIRECTED else ()),
        *((f"--lua-filter={one}" for one in _FITTING) if target.suffix == ".typ" else ()),
        *(f"--lua-filter={one}" for one in filters),
        f"--output={target}",
        str(source),
    )
    try:
        programs.run(argv, target.parent)
    except TooSlow as error:
        raise trouble.too_slow(task.file) from error
    if (told := target.parent / _LINKS).exists():
        losses.tell_of(int(told.read_text()), _LEFT_OUT, task)
        told.unlink()
