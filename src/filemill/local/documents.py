"""What documents take of this machine: programs and fonts, with their versions, as far as they are there."""

import sys
from collections.abc import Iterable

from filemill.local import process
from filemill.local.finding import Finding
from filemill.local.process import NotStarted

PROGRAMS = {"libreoffice": "LibreOffice", "pandoc": "pandoc", "typst": "typst"}
"""What the document engine calls them -> what people do."""

_ADVICE = "run filemill install documents; other conversions and tables do without"
_SECONDS = 60.0


def look(packages: Iterable[str]) -> list[Finding]:
    """The programs of the document engine, and of these system packages the fonts."""
    return [*_programs(), _fonts([name for name in packages if name.startswith("fonts-")])]


def _programs() -> list[Finding]:
    # The engine itself is asked, in a process of its own: what it finds is what it works with.
    try:
        said = process.run(
            "The document engine", [sys.executable, "-m", "filemill.engines.documents"], seconds=_SECONDS
        )
    except NotStarted as error:
        return [Finding("Documents", trouble=error.message, advice="run make install anew", needed=False)]
    versions = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)
    return [
        Finding(name, versions[known])
        if known in versions
        else Finding(name, trouble="missing", advice=_ADVICE, needed=False)
        for known, name in PROGRAMS.items()
    ]


def _fonts(packages: list[str]) -> Finding:
    """Which of these fonts are there, as dpkg tells."""
    asked = ["dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Status}\\n", "fonts-*"]
    try:
        said = process.run("dpkg-query", asked, seconds=_SECONDS)
    except NotStarted:
        advice = "texts are set in whatever fonts this machine has"
        return Finding("Fonts", trouble="there is no dpkg to tell of them", advice=advice, needed=False)
    lines = [line.split(" ") for line in said.splitlines()]
    there = {name: version for name, version, status in lines if status == "installed"}
    found = ", ".join(f"{name.removeprefix('fonts-')} {there[name]}" for name in packages if name in there)
    missing = [name for name in packages if name not in there]
    if missing:
        trouble = f"{found or 'none'}; missing: {', '.join(missing)}"
        return Finding("Fonts", trouble=trouble, advice="run filemill install documents", needed=False)
    return Finding("Fonts", found)
