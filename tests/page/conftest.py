"""Fixtures for the page: a real browser before a running stack. Skipped, and said so, where there is no Chromium."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.fixtures import servers
from tests.fixtures.faulty import FaultyStack
from tests.page.person import Person

CHROMIUM = shutil.which("chromium")
STRANGER = "filemill.example"
"""A name of this machine's to the browser: by plain http it trusts loopback, and nothing else."""

MOST_BYTES = 2**20
PLENTY = {
    "FILEMILL_SESSIONS_PER_MINUTE": "10000",
    "FILEMILL_UPLOADS_PER_MINUTE": "10000",
    "FILEMILL_CONVERSIONS_PER_MINUTE": "10000",
    "FILEMILL_DOWNLOADS_PER_MINUTE": "10000",
    "FILEMILL_CONVERSION_BYTES": str(MOST_BYTES),
    "FILEMILL_HOSTS": f"127.0.0.1,localhost,{STRANGER}",
}

Open = Callable[..., Awaitable[Person]]


@pytest.fixture(scope="session")
def page_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyStack]:
    """A running filemill whose limits get in nobody's way; a file may have 1 MB."""
    stack = FaultyStack(tmp_path_factory.mktemp("page"), store=servers.preferred_store(), environ=PLENTY)
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Debian's own Chromium, without a window."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium (make install puts it there where apt-get may be used)")
    async with async_playwright() as playwright:
        args = [f"--host-resolver-rules=MAP {STRANGER} 127.0.0.1"]
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=args)
        yield running
        await running.close()


@pytest.fixture
async def visit(browser: Browser, tmp_path: Path) -> AsyncIterator[Open]:
    """Opens the page as somebody new: `visit(stack, color_scheme="dark")`. What goes wrong in it fails the test."""
    people: list[Person] = []

    async def begin(stack: FaultyStack, **more: object) -> Person:
        more = {"base_url": stack.url, "viewport": {"width": 1200, "height": 800}, **more}
        context = await browser.new_context(**more)
        people.append(Person(context, tmp_path))
        return await people[-1].arrive()

    yield begin
    for person in people:
        await person.context.close()
        assert not person.trouble
