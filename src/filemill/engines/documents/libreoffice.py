"""LibreOffice: office files to each other and to pdf, each by a copy of one instance that stays warm.

What keeps a hostile file from doing harm stands here: the import filter is always named, so that nothing is guessed
(random bytes would else become pages of garbage); macros never run, whatever the file says; links to other files and
machines are not followed, from documents of any origin; nothing is signed, spelled or recovered. The sandbox around it
has no network in any case.
"""

import contextlib
import glob
import logging
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from filemill.engines.documents import office_orders, programs, trouble
from filemill.engines.documents.office_orders import Answer, Drawings, Order
from filemill.engines.documents.programs import Gone, Talker, TooSlow
from filemill.engines.documents.task import Task
from filemill.errors import ProcessKilled
from filemill.sandbox import trees

log = logging.getLogger(__name__)

SYSTEM_PYTHON = Path("/usr/bin/python3")
"""The system's own Python, for which its package manager has put `uno` there."""

_LIBRARIES = ("libmergedlo.so", "libpyuno.so")
"""LibreOffice as one library, and its bridge to Python."""

START_SECONDS = 90
OUT_OF_MEMORY = 70
"""What the desk ends with when LibreOffice died at the limit of its memory. Its own code tells a crash alike."""

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


def program() -> Path | None:
    """The folder of LibreOffice's library, where LibreOffice and what it is driven with are installed."""
    link = shutil.which("soffice")
    places = [Path("/usr/lib/libreoffice/program"), *([Path(link).resolve().parent] if link else [])]
    if not SYSTEM_PYTHON.exists() or not glob.glob("/usr/lib/python3*/**/uno.py", recursive=True):
        return None
    return next((place for place in places if all((place / name).exists() for name in _LIBRARIES)), None)


def settings() -> str:
    """The settings that LibreOffice starts with, as its profile has them."""
    items = "\n".join(_ITEM.format(path=path, name=name, value=value) for path, name, value in _SETTINGS)
    return _PROFILE.format(items=items)


def version() -> str | None:
    """LibreOffice's version, None where it is not installed."""
    found = program()
    if found is None:
        return None
    with contextlib.suppress(OSError):
        said = _VERSION.search((found.parent / "share/registry/main.xcd").read_bytes())
        if said:
            return said[1].decode()
    return "unknown"


class LibreOffice:
    """One warm instance, which is copied for every document. It starts with the first, or ahead by `warm`."""

    def __init__(self) -> None:
        self._desk: Talker | None = None
        self._folder = ""
        self._is_ready = False

    def warm(self) -> None:
        """Starts it, without waiting until it is ready."""
        found = program()
        if self._desk is not None or found is None:
            return
        # Not where jobs have their files: that is emptied before each.
        self._folder = tempfile.mkdtemp(prefix="office-")
        profile = Path(self._folder, "profile")
        (profile / "user").mkdir(parents=True)
        (profile / "user/registrymodifications.xcu").write_text(settings())
        fonts = Path(self._folder, "fonts.conf")
        fonts.write_text(_FONTS)
        environment = programs.environ(HOME=self._folder, TMPDIR=self._folder, OSL_SOCKET_PATH=self._folder)
        environment["FONTCONFIG_FILE"] = str(fonts)
        if allocator := _allocator():
            environment |= {"LD_PRELOAD": allocator, **_ALLOCATING}
        desk = Path(__file__).with_name("office_start.py")
        told = (str(found), str(profile), self._folder, str(OUT_OF_MEMORY), str(programs.KILLED))
        self._desk = Talker([str(SYSTEM_PYTHON), "-I", str(desk), *told], environment)
        self._is_ready = False

    def end(self) -> None:
        """Ends it, and removes what it kept."""
        if self._desk is not None:
            self._desk.end()
            self._desk = None
            with contextlib.suppress(OSError):  # what stays goes with the sandbox
                trees.remove(Path(self._folder))

    def convert(self, source: Path, target: Path, task: Task) -> None:
        """Converts one file into another, by their extensions. Raises JobFailed, ProcessKilled."""
        self.order(office_orders.of(source, target, task), task)

    def order(self, order: Order, task: Task) -> Answer:
        """Carries out an order, and tells what was found in the document. Raises JobFailed, ProcessKilled.

        An instance that dies is replaced and the document tried once more.
        """
        answer = self._have(order, task)
        if not answer.ok or not Path(order.target).exists():
            log.warning("LibreOffice did not convert: %s", answer.error)
            raise trouble.not_a(task.file)
        return answer

    def draw(self, drawings: Mapping[Path, Path], task: Task) -> None:
        """Draws pictures that others do not show, such as emf, as png. One that is damaged is not made.

        None is where LibreOffice is not installed. Raises JobFailed, ProcessKilled.
        """
        if program() is None:
            return
        answer = self._have(Drawings([(str(source), str(target)) for source, target in drawings.items()]), task)
        if not answer.ok:
            log.warning("LibreOffice did not draw: %s", answer.error)

    def _have(self, asked: Order | Drawings, task: Task) -> Answer:
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
        self.warm()
        if self._desk is None:
            raise Gone
        if not self._is_ready:
            self._wait(self._desk)
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


def _allocator() -> str | None:
    """mimalloc, where it is installed: a twelfth less CPU and a quarter less memory than the C library's."""
    return next(iter(sorted(glob.glob("/usr/lib/*/libmimalloc.so.2"))), None)
