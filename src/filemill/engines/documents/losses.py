"""What a page or a drawing loses on its way, counted, and told in one sentence for each kind."""

import msgspec

from filemill.engines.documents.task import Task

_SENTENCES = {
    "elsewhere": "The file refers to {} other files, such as pictures on a web site: they are left out.",
    "styles": "{} rules of the file's styles cannot be followed, such as those for fonts it brings along: left out.",
    "hidden": "{} parts of the page are hidden by its styles: they are left out.",
    "drawings": "{} drawings of the page cannot be drawn: what they say stands in their place.",
}


class Losses(msgspec.Struct):
    """How many of each kind. `elsewhere`: what lies in other files."""

    elsewhere: int = 0
    styles: int = 0
    hidden: int = 0
    drawings: int = 0

    def tell(self, task: Task) -> None:
        """Warns the caller of what there is to tell."""
        for kind, sentence in _SENTENCES.items():
            if count := getattr(self, kind):
                task.warn("left_out", sentence.format(f"{count:,}"))
