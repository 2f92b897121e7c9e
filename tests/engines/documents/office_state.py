"""A program that changes whatever LibreOffice remembers, and looks whether the next document would find it.

    office_state.py ENGINE PROGRAM FOLDER [warm]

prints two JSON lines: what a document finds before and after another has changed everything. Each works in a copy of
the process, as the desk does it; with `warm` all of them work in one process. It runs under the system's own Python.
"""

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

POISON = "poison"


def loaded(folder: str, name: str) -> Any:
    """A file of the engine."""
    spec = importlib.util.spec_from_file_location(name, os.path.join(folder, f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


class Office:
    """What a document can change, and can find."""

    def __init__(self, context: Any, folder: str) -> None:
        self._context, self._folder = context, folder
        self.desktop = self._make("frame.Desktop")

    def find(self) -> dict[str, object]:
        """Every kind of state, as a document finds it."""
        return {
            "settings": [self._setting(*where) for where in SETTINGS],
            "paths": self._make("util.PathSettings").Template,
            "dictionaries": [(one.getName(), one.getCount()) for one in self._dictionaries().getDictionaries()],
            "macros": list(self._make("script.ApplicationScriptLibraryContainer").ElementNames),
            "clipboard": self._clipboard().getContents() is not None,
            "documents": self.desktop.Components.hasElements(),
            "environment": os.environ.get(POISON),
            "folder": os.getcwd(),
            "files": sorted(str(path.relative_to(self._folder)) for path in Path(self._folder).rglob("*")),
            "profile": Path(self._folder, "profile/user/registrymodifications.xcu").read_text().count(POISON),
            "modules": hasattr(json, POISON),
        }

    def change(self) -> None:
        """Changes every kind of state."""
        for path, name, value in SETTINGS:
            access = self._access(path, "ConfigurationUpdateAccess")
            access.setPropertyValue(name, value if value is not None else POISON)
            access.commitChanges()
        self._make("util.PathSettings").Template = f"file://{self._folder}/{POISON}"
        words = self._dictionaries()
        locale = self.uno.createUnoStruct("com.sun.star.lang.Locale", "en", "US", "")
        kind = self.uno.Enum("com.sun.star.linguistic2.DictionaryType", "POSITIVE")
        made = words.createDictionary(POISON, locale, kind, f"file://{self._folder}/{POISON}.dic")
        words.addDictionary(made)
        made.add("hypocrite", False, "")
        self._make("script.ApplicationScriptLibraryContainer").createLibrary(POISON)
        text = self._new("swriter")
        text.Text.setString(POISON)
        text.CurrentController.select(text.Text)
        self._clipboard().setContents(text.CurrentController.getTransferable(), None)
        os.environ[POISON] = POISON
        os.chdir("/")
        setattr(json, POISON, True)
        for name in ("template", "autocorr", "autotext", "config", "temp/embeddedfonts/fromdocs"):
            place = Path(self._folder, "profile/user", name)
            place.mkdir(parents=True, exist_ok=True)
            (place / POISON).write_text(POISON)
        with Path(self._folder, "profile/user/registrymodifications.xcu").open("a") as settings:
            settings.write(f"<!-- {POISON} -->")

    @property
    def uno(self) -> Any:
        """LibreOffice's bridge, which may be loaded no earlier than LibreOffice."""
        return importlib.import_module("uno")

    def _make(self, name: str) -> Any:
        return self._context.ServiceManager.createInstanceWithContext(f"com.sun.star.{name}", self._context)

    def _dictionaries(self) -> Any:
        return self._make("linguistic2.DictionaryList")

    def _clipboard(self) -> Any:
        return self._make("datatransfer.clipboard.SystemClipboard")

    def _access(self, path: str, kind: str) -> Any:
        where = self.uno.createUnoStruct("com.sun.star.beans.PropertyValue")
        where.Name, where.Value = "nodepath", path
        provider = self._make("configuration.ConfigurationProvider")
        return provider.createInstanceWithArguments(f"com.sun.star.configuration.{kind}", (where,))

    def _setting(self, path: str, name: str, _value: object) -> object:
        return self._access(path, "ConfigurationAccess").getPropertyValue(name)

    def _new(self, application: str) -> Any:
        hidden = self.uno.createUnoStruct("com.sun.star.beans.PropertyValue")
        hidden.Name, hidden.Value = "Hidden", True
        return self.desktop.loadComponentFromURL(f"private:factory/{application}", "_blank", 0, (hidden,))


SETTINGS: tuple[tuple[str, str, object], ...] = (
    ("/org.openoffice.Setup/L10N", "ooSetupSystemLocale", "de-DE"),
    ("/org.openoffice.Office.Linguistic/General", "DefaultLocale", "de-DE"),
    ("/org.openoffice.Office.Calc/Calculate/Other", "DecimalPlaces", 3),
    ("/org.openoffice.Office.Writer/DefaultFont", "Standard", None),
    ("/org.openoffice.Office.Common/Security/Scripting", "DisableMacrosExecution", False),
    ("/org.openoffice.UserProfile/Data", "sn", None),
)
"""Where LibreOffice keeps the locale, the language, formats of numbers, fonts, what macros may do, and names."""


def main() -> None:
    """Prints what is found before and after."""
    engine, program, folder = sys.argv[1:4]
    starting, copies, folders = (loaded(engine, f"office_{name}") for name in ("start", "copies", "folder"))

    def work(context: Any) -> None:
        office, kept = Office(context, folder), folders.Folder(folder)
        carry_out = copies.work if sys.argv[4:] != ["warm"] else lambda task: task()

        def find() -> bytes:
            return json.dumps(office.find()).encode()

        def change() -> bytes:
            office.change()
            return b""

        before = carry_out(find)
        carry_out(change)
        if carry_out is copies.work:
            kept.put_back()
        print(before.decode(), carry_out(find).decode(), sep="\n", flush=True)

    starting.run(program, f"{folder}/profile", work)


if __name__ == "__main__":
    main()
