"""The folder that LibreOffice keeps: its profile and temporary files, put back after every document as they were.

It runs under the system's own Python, and so imports nothing of filemill.
"""

import errno
import os
from pathlib import Path

DEEPEST = 64
"""Most folders in one another; a profile has ten. Nothing is put back beyond, and no walk is longer."""


class Folder:
    """A folder as it was when this was made."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._folders, self._files = self._look()
        self._contents = {name: Path(path, name).read_bytes() for name in self._files}

    def put_back(self) -> None:
        """Removes what is new, and writes anew what has changed. Raises OSError."""
        folders, files = self._look()
        for name in files.keys() - self._files.keys():
            Path(self._path, name).unlink()
        for name in sorted(folders - self._folders, reverse=True):  # what lies in a folder comes before the folder
            Path(self._path, name).rmdir()
        for name in sorted(self._folders - folders):
            Path(self._path, name).mkdir()
        for name, signs in self._files.items():
            if files.get(name) != signs:
                self._write(name)

    def _write(self, name: str) -> None:
        file = Path(self._path, name)
        file.unlink(missing_ok=True)
        file.write_bytes(self._contents[name])
        self._files[name] = _signs(file)

    def _look(self) -> "tuple[set[str], dict[str, tuple[int, ...]]]":
        """The folders and files below, by their paths; of a file, what tells that it has changed."""
        folders: set[str] = set()
        files: dict[str, tuple[int, ...]] = {}
        unseen = [Path()]
        while unseen:
            there = unseen.pop()
            if len(there.parts) > DEEPEST:
                raise OSError(errno.ELOOP, "more folders in one another than a profile has")
            with os.scandir(Path(self._path, there)) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.add(str(there / entry.name))
                        unseen.append(there / entry.name)
                    else:
                        files[str(there / entry.name)] = _signs(Path(entry.path))
        return folders, files


def _signs(file: Path) -> "tuple[int, ...]":
    found = file.lstat()
    return found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns
