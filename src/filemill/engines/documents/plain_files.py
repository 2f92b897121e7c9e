"""A docx and a pptx in markup that the programs further on read whole: no boxes, pictures as they are seen."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import lxml.etree

from filemill.engines.documents import diagrams, markdown_signs, office_parts, text_boxes, trouble, word_markup
from filemill.engines.documents.libreoffice import LibreOffice
from filemill.engines.documents.shown_pictures import ShownPictures
from filemill.engines.documents.task import Task

_NOTES = ("footnotes", "endnotes", "comments")


class PlainFiles:
    """Makes them; drawings are drawn by an instance of LibreOffice."""

    def __init__(self, office: LibreOffice) -> None:
        self._office = office

    def docx(self, source: Path, target: Path, task: Task) -> None:
        """Writes the same text with its words in plain runs and paragraphs. Raises JobFailed."""
        self._write(source, target, task, _texts, _unfold)

    def pptx(self, source: Path, target: Path, task: Task) -> None:
        """Writes the same slides, signs that Markdown has a meaning for hidden. Raises JobFailed."""
        self._write(source, target, task, _slides, _without_signs)

    def _write(
        self,
        source: Path,
        target: Path,
        task: Task,
        parts: Callable[[zipfile.ZipFile], list[str]],
        mend: Callable[[zipfile.ZipFile, str, lxml.etree._Element], None],
    ) -> None:
        try:
            with zipfile.ZipFile(source) as archive:
                trees = {part: office_parts.tree(archive, part) for part in parts(archive)}
                for part, tree in trees.items():
                    mend(archive, part, tree)
                pictures = ShownPictures(archive, self._office, target.parent, task)
                pictures.change(trees)
                texts = {part: lxml.etree.tostring(tree, encoding="utf-8") for part, tree in trees.items()}
                office_parts.write(archive, target, texts | pictures.changed)
        except (lxml.etree.LxmlError, KeyError, ValueError) as error:
            raise trouble.unreadable(task.file, error) from error


def _without_signs(_archive: zipfile.ZipFile, _part: str, tree: lxml.etree._Element) -> None:
    markdown_signs.hide(tree)


def _unfold(archive: zipfile.ZipFile, part: str, tree: lxml.etree._Element) -> None:
    word_markup.mend(tree)
    text_boxes.unfold(tree)
    diagrams.put_words(archive, part, tree)


def _texts(archive: zipfile.ZipFile) -> list[str]:
    """The text, and its notes."""
    main = office_parts.main_part(archive, "word/document.xml")
    return [main, *_related(archive, main, _NOTES)]


def _slides(archive: zipfile.ZipFile) -> list[str]:
    return _related(archive, office_parts.main_part(archive, "ppt/presentation.xml"), ("slide",))


def _related(archive: zipfile.ZipFile, main: str, kinds: tuple[str, ...]) -> list[str]:
    found = (one.part for one in office_parts.relations(archive, main).values() if one.kind in kinds)
    return [part for part in found if part in archive.namelist()]
