"""LibreOffice: office files to each other and to pdf, by one instance that stays warm.

What keeps a hostile file from doing harm stands here: the import filter is always named, so that nothing is guessed
(random bytes would else become pages of garbage); macros never run, whatever the file says; links to other files and
machines are not followed, from documents of any origin; nothing is signed, spelled or recovered. The sandbox around it
has no network in any case.
"""

import contextlib
import glob
import logging
import re
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from filemill.engines.documents import programs, trouble
from filemill.engines.documents.cell_ranges import Range
from filemill.engines.documents.programs import Gone, Talker, TooSlow
from filemill.engines.documents.task import Task
from filemill.errors import ProcessKilled

log = logging.getLogger(__name__)

SYSTEM_PYTHON = Path("/usr/bin/python3")
"""The system's own Python, for which its package manager has put `uno` there."""

START_SECONDS = 90
OUT_OF_MEMORY = 70
"""What the desk ends with when LibreOffice died at the limit of its memory. Its own code tells a crash alike."""

MOST_JOBS = 200
"""Documents after which the instance is replaced: it grows a little with each."""

READS: dict[str, str] = {
    "docx": "MS Word 2007 XML",
    "doc": "MS Word 97",
    "odt": "writer8",
    "rtf": "Rich Text Format",
    "html": "HTML (StarWriter)",
    "txt": "Text (encoded)",
    "xlsx": "Calc MS Excel 2007 XML",
    "xls": "MS Excel 97",
    "ods": "calc8",
    "pptx": "Impress MS PowerPoint 2007 XML",
    "ppt": "MS PowerPoint 97",
    "odp": "impress8",
}
"""The filter that reads a format."""

_APPLICATIONS = {
    "writer": ("docx", "doc", "odt", "rtf", "html", "txt"),
    "calc": ("xlsx", "xls", "ods"),
    "impress": ("pptx", "ppt", "odp"),
}

WRITES: dict[str, dict[str, str]] = {
    "writer": {"pdf": "writer_pdf_Export", "docx": "MS Word 2007 XML", "odt": "writer8", "rtf": "Rich Text Format"},
    "calc": {
        "pdf": "calc_pdf_Export",
        "xlsx": "Calc MS Excel 2007 XML",
        "ods": "calc8",
        "csv": "Text - txt - csv (StarCalc)",
        "html": "HTML (StarCalc)",
    },
    "impress": {"pdf": "impress_pdf_Export", "pptx": "Impress MS PowerPoint 2007 XML", "odp": "impress8"},
}
"""By application: the filter that writes a format."""

PAGE_PREVIEW = 7
"""The view in which texts are opened. That for writing has comments and controls of forms as windows beside and in the
text: for these it needs parts that the packages without windows lack, and would die."""

_UTF8 = "UTF8"
_CSV = "44,34,76,1,,0,false,true,false"
"""Comma, double quote, UTF-8; cells as they are shown; the first sheet."""

_HOW = {"txt": _UTF8, "csv": _CSV}

HEAVY_MEDIA_BYTES = 20 << 20
"""Pictures of more bytes than this are reduced to 300 dpi: else that would cost more time than it saves bytes."""

_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
{items}
</oor:items>
"""
_ITEM = '<item oor:path="{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>'

_SECURITY = "/org.openoffice.Office.Common/Security/Scripting"
_INTERNET = "/org.openoffice.Inet/Settings"
_COMPLETION = "/org.openoffice.Office.Writer/AutoFunction/Completion"

_SETTINGS = (
    (_SECURITY, "BlockUntrustedRefererLinks", "true"),
    (_SECURITY, "DisableMacrosExecution", "true"),
    (_SECURITY, "MacroSecurityLevel", "3"),
    # A proxy where nobody listens: what would go out in spite of all goes nowhere.
    (_INTERNET, "ooInetProxyType", "2"),
    (_INTERNET, "ooInetHTTPProxyName", "127.0.0.1"),
    (_INTERNET, "ooInetHTTPProxyPort", "9"),
    (_INTERNET, "ooInetHTTPSProxyName", "127.0.0.1"),
    (_INTERNET, "ooInetHTTPSProxyPort", "9"),
    (_INTERNET, "ooInetNoProxy", ""),
    ("/org.openoffice.Office.Writer/Content/Update", "Link", "0"),
    ("/org.openoffice.Office.Calc/Content/Update", "Link", "0"),
    # Results that a file brings are shown; who wants them worked out anew says so in its order.
    ("/org.openoffice.Office.Calc/Formula/Load", "OOXMLRecalcMode", "1"),
    ("/org.openoffice.Office.Calc/Formula/Load", "ODFRecalcMode", "1"),
    ("/org.openoffice.Office.Common/Save/Document", "AutoSave", "false"),
    ("/org.openoffice.Office.Recovery/RecoveryInfo", "Enabled", "false"),
    ("/org.openoffice.Office.Common/Misc", "FirstRun", "false"),
    # A lock beside a file, left by one that died, would keep the next one from writing it.
    ("/org.openoffice.Office.Common/Misc", "UseDocumentOOoLockFile", "false"),
    # Words are gathered to complete others, while somebody types.
    (_COMPLETION, "Enable", "false"),
    (_COMPLETION, "CollectWords", "false"),
)


_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <selectfont><rejectfont><pattern><patelt name="color"><bool>true</bool></patelt></pattern></rejectfont></selectfont>
</fontconfig>
"""
"""Fonts whose letters are coloured pictures leave a gap in the pdf of a LibreOffice before 7.5: others draw them."""

_ALLOCATING = {"MIMALLOC_DECOMMIT_DELAY": "2000", "MIMALLOC_SEGMENT_DECOMMIT_DELAY": "5000"}
"""Free memory is given back after so many milliseconds, not almost at once: a document takes and frees the same again
and again, and each time the kernel would have to clear it."""

_VERSION = re.compile(rb'"ooSetupVersionAboutBox"[^>]*>\s*<value>([\d.]+)<')


class _Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """One conversion, as the desk is told of it."""

    source: str
    target: str
    reads: str
    writes: str
    reads_how: str = ""
    writes_how: str = ""
    view: int = 0
    settings: dict[str, bool | int | str] = {}
    calculates: bool = False
    packs: bool = False


class _Drawings(msgspec.Struct, frozen=True):
    """Drawings to be made pictures, as the desk is told of them."""

    draws: list[tuple[str, str]]


class Answer(msgspec.Struct, frozen=True):
    """What the desk says of an order: of a workbook, how many sheets it has and where formulas show an error."""

    ok: bool
    error: str = ""
    sheets: int = 0
    errors: list[tuple[str, int, int, int, int]] = []

    @property
    def ranges(self) -> dict[str, list[Range]]:
        """The errors by the names of their sheets."""
        found: dict[str, list[Range]] = {}
        for sheet, left, top, right, bottom in self.errors:
            found.setdefault(sheet, []).append((left, top, right, bottom))
        return found


def program() -> Path | None:
    """`soffice.bin`, where LibreOffice and what it is driven with are installed."""
    link = shutil.which("soffice")
    places = [Path("/usr/lib/libreoffice/program"), *([Path(link).resolve().parent] if link else [])]
    if not SYSTEM_PYTHON.exists() or not glob.glob("/usr/lib/python3*/**/uno.py", recursive=True):
        return None
    return next((place / "soffice.bin" for place in places if (place / "soffice.bin").exists()), None)


def version() -> str | None:
    """LibreOffice's version, None where it is not installed."""
    found = program()
    if found is None:
        return None
    with contextlib.suppress(OSError):
        said = _VERSION.search((found.parent.parent / "share/registry/main.xcd").read_bytes())
        if said:
            return said[1].decode()
    return "unknown"


class LibreOffice:
    """One warm instance; takes one document at a time. It starts with the first, or ahead by `warm`."""

    def __init__(self) -> None:
        self._desk: Talker | None = None
        self._folder = ""
        self._is_ready = False
        self._jobs = 0

    def warm(self) -> None:
        """Starts it, without waiting until it is ready."""
        found = program()
        if self._desk is not None or found is None:
            return
        # Not where jobs have their files: that is emptied before each.
        self._folder = tempfile.mkdtemp(prefix="office-")
        profile = Path(self._folder, "profile")
        (profile / "user").mkdir(parents=True)
        items = "\n".join(_ITEM.format(path=path, name=name, value=value) for path, name, value in _SETTINGS)
        (profile / "user/registrymodifications.xcu").write_text(_PROFILE.format(items=items))
        fonts = Path(self._folder, "fonts.conf")
        fonts.write_text(_FONTS)
        # A pipe in a folder of our own, not a port: nobody else on this machine may tell it anything.
        address = f"pipe,name=desk{secrets.token_hex(4)}"
        environment = programs.environ(HOME=self._folder, TMPDIR=self._folder, OSL_SOCKET_PATH=self._folder)
        environment["FONTCONFIG_FILE"] = str(fonts)
        if allocator := _allocator():
            environment |= {"LD_PRELOAD": allocator, **_ALLOCATING}
        desk = Path(__file__).with_name("office_desk.py")
        told = (str(found), str(profile), address, str(OUT_OF_MEMORY), str(programs.KILLED))
        self._desk = Talker([str(SYSTEM_PYTHON), "-I", str(desk), *told], environment)
        self._is_ready, self._jobs = False, 0

    def end(self) -> None:
        """Ends it, and removes what it kept."""
        if self._desk is not None:
            self._desk.end()
            self._desk = None
            shutil.rmtree(self._folder, ignore_errors=True)

    def convert(self, source: Path, target: Path, task: Task) -> None:
        """Converts one file into another, by their extensions. Raises JobFailed, ProcessKilled."""
        self.order(source, target, task)

    def order(self, source: Path, target: Path, task: Task, *, calculates: bool = False, packs: bool = False) -> Answer:
        """Converts one file into another, and tells what was found in it. Raises JobFailed.

        `calculates`: every formula is worked out anew; `packs`: long runs of empty rows and columns are taken out. An
        instance that dies is replaced and the document tried once more.
        """
        usual = _order(source, target, task.media_bytes)
        answer = self._have(msgspec.structs.replace(usual, calculates=calculates, packs=packs), task)
        if not answer.ok or not target.exists():
            log.warning("LibreOffice did not convert: %s", answer.error)
            raise trouble.not_a(task.file)
        return answer

    def draw(self, drawings: Mapping[Path, Path], task: Task) -> None:
        """Draws pictures that others do not show, such as emf, as png. One that is damaged is not made.

        None is where LibreOffice is not installed. Raises JobFailed.
        """
        if program() is None:
            return
        answer = self._have(_Drawings([(str(source), str(target)) for source, target in drawings.items()]), task)
        if not answer.ok:
            log.warning("LibreOffice did not draw: %s", answer.error)

    def _have(self, asked: _Order | _Drawings, task: Task) -> Answer:
        order = msgspec.json.encode(asked)
        try:
            return self._ask(order)
        except Gone:
            log.warning("LibreOffice died over a document")
            return self._ask_again(order, task)
        except TooSlow as error:
            self.end()
            raise trouble.too_slow(task.file) from error

    def _ask_again(self, order: bytes, task: Task) -> Answer:
        self.end()
        try:
            return self._ask(order)
        except Gone as error:
            self.end()
            if programs.was_killed(error.code):
                raise ProcessKilled from error
            how = trouble.too_large if error.code == OUT_OF_MEMORY else trouble.crashed
            raise how(task.file) from error
        except TooSlow as error:
            self.end()
            raise trouble.too_slow(task.file) from error

    def _ask(self, order: bytes) -> Answer:
        if self._jobs >= MOST_JOBS:
            self.end()
        self.warm()
        if self._desk is None:
            raise Gone
        if not self._is_ready:
            self._wait(self._desk)
        self._jobs += 1
        self._desk.say(order)
        return msgspec.json.decode(self._desk.hear(programs.MOST_SECONDS), type=Answer)

    def _wait(self, desk: Talker) -> None:
        """Waits until it has started. Where it does not, no document is to blame. Raises JobFailed, ProcessKilled."""
        try:
            desk.hear(START_SECONDS)
        except (Gone, TooSlow) as error:
            self.end()
            if isinstance(error, Gone) and programs.was_killed(error.code):
                raise ProcessKilled from error
            raise trouble.internal() from error
        self._is_ready = True


def _order(source: Path, target: Path, media_bytes: int) -> _Order:
    reads, writes = source.suffix[1:], target.suffix[1:]
    application = next(name for name, formats in _APPLICATIONS.items() if reads in formats)
    settings: dict[str, bool | int | str] = {}
    if writes == "pdf":
        settings = {"ReduceImageResolution": media_bytes > HEAVY_MEDIA_BYTES, "UseTaggedPDF": False}
    return _Order(
        source=str(source.resolve()),
        target=str(target.resolve()),
        reads=READS[reads],
        reads_how=_HOW.get(reads, ""),
        writes=WRITES[application][writes],
        writes_how=_HOW.get(writes, ""),
        view=PAGE_PREVIEW if application == "writer" else 0,
        settings=settings,
    )


def _allocator() -> str | None:
    """mimalloc, where it is installed: a twelfth less CPU and a quarter less memory than the C library's."""
    return next(iter(sorted(glob.glob("/usr/lib/*/libmimalloc.so.2"))), None)
