"""The session: closed after a question, told when it is over, and nothing is kept that would mislead."""

import httpx
import pytest
import redis
from playwright.async_api import Browser, Route, expect

from tests.fixtures.faulty import FaultyStack, freeze, thaw
from tests.page.conftest import STRANGER, Open
from tests.page.person import Person

pytestmark = pytest.mark.anyio


async def test_closing_asks_first_and_then_deletes_everything(visit: Open, page_stack: FaultyStack) -> None:
    # given
    person = await with_a_result(visit, page_stack)
    (record,) = await person.remembered()
    cookie = await session_of(person)

    # when: asked, and thought better of it
    await person.button("Close session").click()
    await expect(person.page.get_by_role("dialog")).to_contain_text("will be deleted from the server now")
    await expect(person.button("Keep it open")).to_be_focused()
    await person.page.keyboard.press("Escape")
    await expect(person.row("people.csv")).to_be_visible()

    # when
    await person.button("Close session").click()
    await person.button("Close and delete").click()

    # then
    await expect(person.page.get_by_role("heading", name="Session closed")).to_be_focused()
    await expect(person.rows).to_have_count(0)
    assert await person.remembered() == []
    async with httpx.AsyncClient(base_url=page_stack.url, cookies={"session_id": cookie}) as former:
        assert (await former.get("/job_status", params={"job_id": record["job_id"]})).status_code == 401

    # when: the page is used again, in a session of its own making
    await person.convert(person.file("again.csv"))

    # then
    await expect(person.row("again.csv")).to_contain_text("Done")
    await expect(person.notice).to_be_hidden()


async def test_a_session_that_is_over_is_told_and_what_was_not_sent_stays(visit: Open, page_stack: FaultyStack) -> None:
    # given
    person = await with_a_result(visit, page_stack)
    await person.add(person.file("unsent.csv"))

    # when
    await expire(person, page_stack)
    await person.button("Download people.csv as converted").click()

    # then
    await expect(person.page.get_by_role("heading", name="Your session has ended")).to_be_focused()
    await expect(person.notice).to_contain_text("people.csv was deleted from the server")
    await expect(person.row("people.csv")).to_have_count(0)
    assert await person.remembered() == []

    # when
    await person.button("Start a new session").click()
    await expect(person.choose).to_be_focused()
    await person.button("Convert 1 file").click()

    # then
    await expect(person.row("unsent.csv")).to_contain_text("Done")


async def test_a_page_that_is_opened_after_its_session_says_what_is_gone(visit: Open, page_stack: FaultyStack) -> None:
    # given
    person = await with_a_result(visit, page_stack)
    await expire(person, page_stack)

    # when
    await person.page.reload()

    # then
    await expect(person.notice).to_contain_text("people.csv was deleted from the server")
    await expect(person.rows).to_have_count(0)
    assert await person.remembered() == []

    # when
    await person.button("Start a new session").click()
    await person.page.reload()

    # then
    await expect(person.choose).to_be_enabled()
    await expect(person.notice).to_be_hidden()


async def test_a_session_that_ended_before_anything_was_sent_is_begun_anew_without_a_word(
    visit: Open, page_stack: FaultyStack
) -> None:
    # given
    person = await visit(page_stack)
    await expire(person, page_stack)

    # when
    await person.convert(person.file("people.csv"))

    # then
    await expect(person.row("people.csv")).to_contain_text("Done")


async def test_a_file_taken_off_the_list_is_stopped_and_can_still_be_deleted(
    visit: Open, page_stack: FaultyStack
) -> None:
    # given: a conversion that waits
    person = await visit(page_stack)
    worker = page_stack.workers["tables"]
    freeze(worker)
    try:
        async with person.page.expect_response("**/convert") as asked:
            await person.convert(person.file("people.csv"))
        task = (await (await asked.value).json())["data"]["task_id"]
        await expect(person.row("people.csv")).to_contain_text("Next in line")

        # when
        async with person.page.expect_response("**/cancel") as cancelled:
            await person.button("Remove people.csv from the list").click()

        # then it is not converted any more, and the page says what is left of it
        assert (await cancelled.value).ok
        async with httpx.AsyncClient(base_url=page_stack.url, cookies={"session_id": await session_of(person)}) as own:
            assert (await own.get(f"/api/v1/jobs/{task}")).json()["status"] == "CANCELLED"
        await expect(person.notice).to_contain_text("What the server has of people.csv is deleted when")
        await expect(person.rows).to_have_count(0)
    finally:
        thaw(worker)

    # when it shall not wait for that
    await person.button("Close session").click()
    await person.button("Close and delete").click()

    # then
    await expect(person.page.get_by_role("heading", name="Session closed")).to_be_focused()
    await expect(person.button("Close session")).to_be_hidden()


async def test_another_tab_with_a_session_of_its_own_does_not_get_in_the_way(
    visit: Open, page_stack: FaultyStack
) -> None:
    # given: another tab has closed the session and begun a new one
    person = await visit(page_stack)
    await person.context.clear_cookies()
    other = await person.context.new_page()
    await other.goto("/")
    await expect(other.get_by_role("button", name="Choose files")).to_be_enabled()

    # when: this tab still has the former one's CSRF token
    await person.convert(person.file("people.csv"))

    # then
    await expect(person.row("people.csv")).to_contain_text("Done")


async def test_a_second_tab_leaves_files_alone_that_the_first_still_has_to_send(
    visit: Open, page_stack: FaultyStack
) -> None:
    # given: one file is done, and the other is not let through
    person = await with_a_result(visit, page_stack)
    await person.page.route("**/upload", lambda route: route.abort())
    await person.convert(person.file("waits.csv"))
    await expect(person.row("waits.csv")).to_contain_text("No connection")

    # when
    other = await person.context.new_page()
    await other.goto("/")

    # then
    await expect(other.get_by_role("listitem")).to_have_count(1)
    await expect(other.get_by_role("listitem")).to_contain_text("people.csv")
    await person.page.unroute("**/upload")
    await expect(person.row("waits.csv")).to_contain_text("Done")


async def test_a_browser_that_keeps_no_cookie_is_told_why_nothing_works(visit: Open, page_stack: FaultyStack) -> None:
    # given: by plain http and not from this machine, no browser keeps a Secure cookie
    person = await visit(page_stack, base_url=f"http://{STRANGER}:{page_stack.port}")

    # then it is told at once
    await expect(person.notice).to_contain_text("The browser keeps no cookie of this page")
    await expect(person.notice).to_contain_text("Open it by https.")

    # when
    await person.convert(person.file("people.csv"))

    # then
    await expect(person.row("people.csv")).to_contain_text("Open it by https.")
    await expect(person.button("Try again: people.csv")).to_be_visible()


async def test_a_browser_that_drops_a_secure_cookie_on_loopback_is_told_of_the_setting(
    browser: Browser, page_stack: FaultyStack
) -> None:
    # given: a browser that keeps no Secure cookie over http, though the address is this machine's own
    context = await browser.new_context(base_url=page_stack.url)

    async def drop_cookie(route: Route) -> None:
        answer = await route.fetch()
        await context.clear_cookies()
        headers = {name: value for name, value in answer.headers.items() if name != "set-cookie"}
        await route.fulfill(response=answer, headers=headers)

    await context.route("**/session/init", drop_cookie)
    page = await context.new_page()
    # when
    await page.goto("/")
    # then
    notice = page.locator("#notice")
    await expect(notice).to_contain_text("The browser keeps no cookie of this page")
    await expect(notice).to_contain_text("FILEMILL_COOKIE_SECURE=off")
    await context.close()


async def test_a_browser_at_an_address_where_nothing_is_gets_a_page_and_programs_get_json(
    browser: Browser, page_stack: FaultyStack
) -> None:
    # given
    context = await browser.new_context(base_url=page_stack.url)
    page = await context.new_page()
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    # when
    answer = await page.goto("/no/such/page/")
    # then
    assert answer is not None
    assert answer.status == 404
    await expect(page.get_by_role("heading", name="Nothing is here.")).to_be_visible()
    ground = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert ground == "rgb(247, 246, 242)", "it looks as the page does"
    await page.get_by_role("link", name="Convert files").click()
    await expect(page.get_by_role("button", name="Choose files")).to_be_enabled()
    assert trouble == []
    await context.close()


async def with_a_result(visit: Open, stack: FaultyStack) -> Person:
    """Somebody whose people.csv is converted."""
    person = await visit(stack)
    await person.convert(person.file("people.csv"))
    await expect(person.row("people.csv")).to_contain_text("Done")
    return person


async def session_of(person: Person) -> str:
    """The value of the session's cookie."""
    (cookie,) = [one for one in await person.context.cookies() if one["name"] == "session_id"]
    assert cookie["httpOnly"]
    assert cookie["secure"]
    return cookie["value"]


async def expire(person: Person, stack: FaultyStack) -> None:
    """The session's time is over: Redis forgets it."""
    with redis.Redis.from_url(stack.settings.redis_url) as client:
        assert client.delete(f"session:{await session_of(person)}") == 1
