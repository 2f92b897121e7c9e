"""The page is for everybody: by keyboard, by screen reader, in light and dark, on a phone."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from tests.fixtures.faulty import FaultyStack
from tests.page.conftest import Open
from tests.page.person import Person

pytestmark = pytest.mark.anyio

LEVELS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
LOOKS = [("light", 1200), ("dark", 360)]


async def faults(person: Person) -> list[str]:
    """What axe finds wrong, contrast included, and whether the page is wider than its window."""
    found = (await Axe().run(person.page, options=LEVELS)).response["violations"]
    told = [f"{one['id']}: {node['html'][:120]} {node['failureSummary']}" for one in found for node in one["nodes"]]
    if await person.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        told.append("the page is wider than its window")
    return told


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
async def test_every_state_can_be_read(visit: Open, page_stack: FaultyStack, scheme: str, width: int) -> None:
    # transitions would have axe measure a colour on its way
    person = await visit(page_stack, color_scheme=scheme, reduced_motion="reduce")
    await person.page.set_viewport_size({"width": width, "height": 800})
    assert await faults(person) == []

    await person.page.get_by_text("What can be converted into what").click()
    assert await faults(person) == []

    await person.add(person.file("one.csv"), person.file("two.csv"), person.file("a-rather-long-name-" * 8 + ".rar"))
    assert await faults(person) == []

    await person.page.route("**/upload", lambda route: route.abort())
    await person.button("Convert 2 files").click()
    await expect(person.notice).to_contain_text("No connection")
    assert await faults(person) == []

    await person.page.unroute("**/upload")
    await expect(person.page.get_by_text("Done", exact=True)).to_have_count(2)
    await person.download("one.csv")
    await expect(person.row("one.csv")).to_contain_text("downloaded")
    assert await faults(person) == []

    await person.button("Close session").click()
    assert await faults(person) == []
    await person.button("Close and delete").click()
    await expect(person.notice).to_contain_text("Session closed")
    assert await faults(person) == []


async def test_everything_can_be_done_by_keyboard(visit: Open, page_stack: FaultyStack) -> None:
    # given
    person = await visit(page_stack)
    keys = person.page.keyboard

    # when: past the link to the top, the brand and the table of formats
    await go_to(person, "Choose files")
    async with person.page.expect_file_chooser() as opened:
        await keys.press("Enter")
    await (await opened.value).set_files([person.file("one.csv"), person.file("two.csv")])
    await expect(person.rows).to_have_count(2)
    await go_to(person, "Convert two.csv to")
    await keys.press("ArrowDown")
    chosen = await person.page.get_by_label("Convert two.csv to").input_value()
    await go_to(person, "Convert 2 files")
    await keys.press("Enter")

    # then: the button is gone, and the focus is where it all goes on
    await expect(person.page.locator("#list-title")).to_be_focused()
    await expect(person.page.get_by_role("heading", name="2 files, all done")).to_be_visible()

    # when
    await go_to(person, "Download two.csv as converted")
    async with person.page.expect_download() as begun:
        await keys.press("Enter")
    await expect(person.row("two.csv")).to_contain_text("Done and downloaded")
    await expect(person.button("Download two.csv as converted")).to_be_focused()
    await go_to(person, "Remove one.csv from the list")
    await keys.press("Space")
    await expect(person.rows).to_have_count(1)
    await go_to(person, "Close session")
    await keys.press("Enter")
    await expect(person.button("Keep it open")).to_be_focused()
    await keys.press("Tab")
    await keys.press("Enter")

    # then
    assert (await begun.value).suggested_filename == f"two.{chosen}"
    assert chosen != "xlsx"
    await expect(person.page.get_by_role("heading", name="Session closed")).to_be_focused()


async def test_every_step_of_the_keyboard_is_seen(visit: Open, page_stack: FaultyStack) -> None:
    # given
    person = await visit(page_stack)
    await person.add(person.file("one.csv"), person.file("two.csv"))
    await person.page.evaluate("document.activeElement.blur()")

    # when
    seen = []
    for _ in range(12):
        await person.page.keyboard.press("Tab")
        seen.append(
            await person.page.evaluate(
                """() => {
                    const style = getComputedStyle(document.activeElement);
                    return document.activeElement === document.body || style.outlineStyle !== "none";
                }"""
            )
        )

    # then
    assert all(seen)


async def test_the_heading_and_the_tab_say_how_many_are_done(visit: Open, page_stack: FaultyStack) -> None:
    # given one file that cannot be converted
    person = await visit(page_stack)

    # when
    await person.convert(person.file("one.csv"), person.file("archive.rar"))

    # then
    await expect(person.page.get_by_role("heading", name="2 files, 1 done")).to_be_visible()
    await expect(person.page).to_have_title("2 files, 1 done: filemill")


async def test_on_a_phone_every_control_is_large_enough_for_a_finger(visit: Open, page_stack: FaultyStack) -> None:
    # given
    person = await visit(page_stack, viewport={"width": 360, "height": 740})
    await person.add(person.file("one.csv"), person.file("two.csv"))
    await expect(person.rows).to_have_count(2)

    # when
    heights = await person.page.locator(".brand, summary, button:visible, select:visible").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().height)"
    )

    # then
    assert min(heights) >= 44


async def test_without_javascript_it_is_said_above_the_place_for_files(visit: Open, page_stack: FaultyStack) -> None:
    # given
    person = await visit(page_stack)
    context = await person.context.browser.new_context(base_url=page_stack.url, java_script_enabled=False)

    # when
    page = await context.new_page()
    await page.goto("/")
    said = await page.locator(".noscript").bounding_box()
    drop = await page.locator("#drop").bounding_box()
    await context.close()

    # then
    assert said["y"] + said["height"] <= drop["y"]


async def go_to(person: Person, name: str) -> None:
    """Tabs on until the control of this name has the focus, at most once around the page."""
    for _ in range(40):
        await person.page.keyboard.press("Tab")
        focused = await person.page.evaluate(
            """() => {
                const one = document.activeElement;
                return one.getAttribute("aria-label") ?? one.labels?.[0]?.textContent ?? one.textContent;
            }"""
        )
        if focused.strip() == name:
            return
    pytest.fail(f"the keyboard does not come to {name!r}")
