"""What a document loses on its way, counted, and told in one sentence for each kind."""

import msgspec

from filemill.engines.documents.task import Task

ELSEWHERE = (
    "The file refers to another file, such as a picture on a web site: the other file is left out.",
    "The file refers to {} other files, such as pictures on a web site: they are left out.",
)
_SENTENCES = {
    "elsewhere": ELSEWHERE,
    "styles": (
        "A rule of the file's styles cannot be followed, such as one for a font the file brings along: left out.",
        "{} rules of the file's styles cannot be followed, such as those for fonts it brings along: left out.",
    ),
    "hidden": (
        "A part of the page is hidden by its styles: the part is left out.",
        "{} parts of the page are hidden by its styles: they are left out.",
    ),
    "drawings": (
        "A drawing of the page cannot be drawn: what the drawing says stands in its place.",
        "{} drawings of the page cannot be drawn: what they say stands in their place.",
    ),
}
_FOREIGN = (
    "A part of a drawing is HTML (foreignObject), which is not drawn; words in the part: {words}.",
    "{} parts of drawings are HTML (foreignObject), which is not drawn; words in the parts: {words}.",
)


class Losses(msgspec.Struct):
    """How many of each kind. `elsewhere`: what lies in other files; `foreign`: what HTML stands in drawings."""

    elsewhere: int = 0
    styles: int = 0
    hidden: int = 0
    drawings: int = 0
    foreign: int = 0
    foreign_words: int = 0

    def tell(self, task: Task) -> None:
        """Warns the caller of what there is to tell."""
        for kind, sentences in _SENTENCES.items():
            tell_of(getattr(self, kind), sentences, task)
        tell_of(self.foreign, _FOREIGN, task, words=self.foreign_words)


def tell_of(count: int, sentences: tuple[str, str], task: Task, **more: int) -> None:
    """Warns the caller of what is left out, if anything: one sentence is for one thing, the other for several."""
    if count:
        numbers = {name: f"{number:,}" for name, number in more.items()}
        task.warn("left_out", sentences[count > 1].format(f"{count:,}", **numbers))
