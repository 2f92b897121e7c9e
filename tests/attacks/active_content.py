"""Files full of scripts, frames and links that are scripts: nothing runs in the pages made of them."""

import pypandoc

from tests.attacks.callers import Visitor
from tests.attacks.target import Target
from tests.fixtures import active_content, active_files

TARGETS = ("html", "md")


def attack(target: Target) -> str:
    """A visitor has a file of every format made html and Markdown, and looks for what would run."""
    visitor = Visitor(target)
    made = 0
    for source, content in active_files.FILES.items():
        for wanted in TARGETS:
            if wanted == source:
                continue
            told = visitor.go(f"page.{source}", content(), wanted)
            assert told["status"] == "completed", told
            page = visitor.download(told["job_id"]).decode()
            if wanted == "md":
                page = pypandoc.convert_text(page, "html", "gfm")
            running = active_content.in_page(page)
            assert not running, f"a {wanted} made of a {source} runs {running[:3]}"
            made += 1
    visitor.leave()
    return f"{made} pages made of {len(active_files.FILES)} formats, and nothing runs in them"
