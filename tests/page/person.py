"""Somebody before the page, who sees what is on it and does what can be done with mouse and keys."""

import re
from pathlib import Path

from playwright.async_api import BrowserContext, ConsoleMessage, Locator, Page, expect

CSV = b"name,city\nAda,Rome\nBob,Oslo\n"

_EXPECTED = (
    "Failed to load resource",  # how Chromium notes every 4xx, which these stories are full of
    "The Cross-Origin-Opener-Policy header has been ignored",  # by plain http
)

WAIT_MS = 15_000
expect.set_options(timeout=WAIT_MS)


class Person:
    """One browser with cookies and memory of its own. `trouble` collects broken scripts and breaches of the policy."""

    page: Page

    def __init__(self, context: BrowserContext, folder: Path) -> None:
        self.context = context
        self.folder = folder
        self.trouble: list[str] = []

    async def arrive(self) -> "Person":
        """Opens the page and waits until it can be used."""
        self.page = await self.context.new_page()
        self.page.set_default_timeout(WAIT_MS)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("filechooser", lambda _: None)  # from now on: told only when one is awaited, it may come too late
        await self.page.goto("/")
        await expect(self.choose).to_be_enabled()
        return self

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(_EXPECTED):
            self.trouble.append(message.text)

    @property
    def choose(self) -> Locator:
        """The button for choosing files."""
        return self.page.get_by_role("button", name="Choose files")

    @property
    def rows(self) -> Locator:
        """The files in the list."""
        return self.page.get_by_role("listitem")

    @property
    def notice(self) -> Locator:
        """What is said above the list."""
        return self.page.locator("#notice")

    @property
    def told(self) -> Locator:
        """What a screen reader is told."""
        return self.page.get_by_role("log")

    def row(self, name: str) -> Locator:
        """The row of one file."""
        return self.rows.filter(has_text=name)

    def button(self, name: str) -> Locator:
        """A button by its whole name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def file(self, name: str, content: bytes = CSV) -> Path:
        """A file on this person's disk."""
        path = self.folder / name
        path.write_bytes(content)
        return path

    async def add(self, *paths: Path) -> None:
        """Chooses files by the button."""
        async with self.page.expect_file_chooser() as opened:
            await self.choose.click()
        await (await opened.value).set_files(paths)

    async def convert(self, *paths: Path) -> None:
        """Chooses files and has them converted into what the page proposes."""
        await self.add(*paths)
        await self.page.get_by_role("button", name=re.compile("^Convert")).click()

    async def download(self, name: str) -> tuple[str, bytes]:
        """Downloads one result -> (the name it is saved under, its bytes)."""
        async with self.page.expect_download() as begun:
            await self.button(f"Download {name} as converted").click()
        saved = await begun.value
        return saved.suggested_filename, (await saved.path()).read_bytes()

    async def remembered(self) -> list[dict]:
        """What the browser keeps of its files."""
        return await self.page.evaluate(
            """() => new Promise((resolve) => {
                const opened = indexedDB.open("filemill", 1);
                opened.onsuccess = () => {
                    const all = opened.result.transaction("files").objectStore("files").getAll();
                    all.onsuccess = () => { opened.result.close(); resolve(all.result); };
                };
            })"""
        )
