"""Files go through the page: chosen or dropped, converted, downloaded, and found again after a reload."""

import asyncio
import io
from uuid import UUID

import docx
import httpx
import pyarrow.parquet
import pypdfium2
import pytest
from openpyxl import load_workbook
from playwright.async_api import Route, expect

from filemill.local import system
from tests.fixtures.faulty import FaultyStack, freeze, thaw
from tests.page.conftest import Open
from tests.page.person import CSV

pytestmark = pytest.mark.anyio


async def test_a_file_is_converted_and_downloaded(visit: Open, page_stack: FaultyStack) -> None:
    # given
    person = await visit(page_stack)

    # when
    await person.convert(person.file("people.csv"))
    await expect(person.row("people.csv")).to_contain_text("Done")
    name, content = await person.download("people.csv")

    # then
    assert name == "people.xlsx"
    sheet = load_workbook(io.BytesIO(content)).active
    assert [cell.value for cell in sheet["A"]] == ["name", "Ada", "Bob"]
    await expect(person.row("people.csv")).to_contain_text("Done and downloaded")
    await expect(person.told).to_contain_text("people.csv is done")


async def test_several_files_get_one_target_or_one_each_and_are_all_downloaded(
    visit: Open, page_stack: FaultyStack
) -> None:
    # given
    person = await visit(page_stack)
    await person.add(person.file("one.csv"), person.file("two.tsv", CSV.replace(b",", b"\t")), person.file("three.csv"))

    # when
    await person.page.get_by_label("All to").select_option("parquet")
    await person.page.get_by_label("Convert three.csv to").select_option("json")
    await person.button("Convert 3 files").click()
    await expect(person.page.get_by_role("heading", name="3 files, all done")).to_be_visible()
    downloads = []
    person.page.on("download", lambda download: downloads.append(download))  # noqa: PLW0108
    async with person.page.expect_event("download", lambda _: len(downloads) == 3):
        await person.button("Download all 3").click()
    await expect(person.rows.filter(has_text="Done and downloaded")).to_have_count(3)

    # then
    assert [one.suggested_filename for one in downloads] == ["one.parquet", "two.parquet", "three.json"]
    table = pyarrow.parquet.read_table(await downloads[1].path())
    assert table.column("city").to_pylist() == ["Rome", "Oslo"]


@pytest.mark.skipif(bool(system.why_not_isolated()), reason="bubblewrap does not start here")
async def test_a_document_is_converted_by_a_worker_that_came_after_the_page_was_opened(
    visit: Open, page_stack: FaultyStack
) -> None:
    # given
    person = await visit(page_stack)
    worker = page_stack.add_worker("documents")
    try:
        if not await offers(page_stack, "docx", "pdf"):
            pytest.skip("LibreOffice is not installed here (filemill install documents)")
        letter = docx.Document()
        letter.add_heading("A letter to the miller")

        # when
        await person.convert(person.file("letter.docx", saved(letter)))
        await expect(person.row("letter.docx")).to_contain_text("Done", timeout=60_000)
        name, content = await person.download("letter.docx")
    finally:
        worker.stop()

    # then
    assert name == "letter.pdf"
    with pypdfium2.PdfDocument(content) as made:
        assert "A letter to the miller" in made[0].get_textpage().get_text_bounded()


async def test_a_file_can_be_dropped(visit: Open, page_stack: FaultyStack) -> None:
    # given
    person = await visit(page_stack)
    transfer = await person.page.evaluate_handle(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(["a,b\\n1,2\\n"], "dropped.csv"));
            return data;
        }"""
    )

    # when
    await person.page.dispatch_event("body", "dragenter", {"dataTransfer": transfer})
    await expect(person.page.locator("body")).to_have_class("dragging")
    await person.page.dispatch_event("body", "drop", {"dataTransfer": transfer})

    # then
    await expect(person.row("dropped.csv")).to_be_visible()
    await expect(person.page.locator("body")).not_to_have_class("dragging")


async def test_a_reload_in_the_middle_goes_on_where_it_was(visit: Open, page_stack: FaultyStack) -> None:
    # given: one file is done, one waits for a worker that is out of breath
    person = await visit(page_stack)
    await person.convert(person.file("first.csv"))
    await expect(person.row("first.csv")).to_contain_text("Done")
    worker = page_stack.workers["tables"]
    freeze(worker)
    try:
        await person.convert(person.file("second.csv"))
        await expect(person.row("second.csv")).to_contain_text("Next in line")

        # when
        await person.page.reload()
        await expect(person.row("second.csv")).to_contain_text("Next in line")
        records = await person.remembered()
    finally:
        thaw(worker)

    # then
    assert [(one["original_filename"], one["status"]) for one in sorted(records, key=lambda one: one["timestamp"])] == [
        ("first.csv", "completed"),
        ("second.csv", "processing"),
    ]
    assert {frozenset(one) for one in records} == {
        frozenset({"job_id", "original_filename", "target_format", "status", "timestamp", "download_token"})
    }
    assert {UUID(one["job_id"]).version for one in records} == {4}
    await expect(person.row("second.csv")).to_contain_text("Done")
    assert (await person.download("first.csv"))[0] == "first.xlsx"
    assert (await person.download("second.csv"))[0] == "second.xlsx"


async def test_a_file_that_was_not_sent_before_a_reload_is_asked_for_again(
    visit: Open, page_stack: FaultyStack
) -> None:
    # given: without a connection nothing is sent
    person = await visit(page_stack)
    await person.context.set_offline(True)
    await person.convert(person.file("late.csv"))
    await expect(person.row("late.csv")).to_contain_text("No connection")
    await person.page.route("**/upload", lambda route: route.abort())
    await person.context.set_offline(False)
    person.page.on("dialog", lambda dialog: dialog.accept())  # the browser asks whether one really wants to leave

    # when
    await person.page.reload()
    await person.page.unroute("**/upload")
    await expect(person.row("late.csv")).to_contain_text("It was not sent yet")
    async with person.page.expect_file_chooser() as opened:
        await person.button("Choose again: late.csv").click()
    await (await opened.value).set_files(person.folder / "late.csv")

    # then
    await expect(person.row("late.csv")).to_contain_text("Done")


async def test_a_file_is_taken_off_the_list(visit: Open, page_stack: FaultyStack) -> None:
    # given
    person = await visit(page_stack)
    await person.convert(person.file("stays.csv"), person.file("goes.csv"))
    await expect(person.page.get_by_role("heading", name="2 files, all done")).to_be_visible()

    # when
    await person.button("Remove goes.csv from the list").click()

    # then
    await expect(person.rows).to_have_count(1)
    await expect(person.told).to_contain_text(
        "goes.csv is off the list. The server deletes it when the session ends, or when you close it."
    )
    await expect(person.button("Remove stays.csv from the list")).to_be_focused()
    assert {one["original_filename"]: one["status"] for one in await person.remembered()} == {
        "stays.csv": "completed",
        "goes.csv": "removed",
    }

    # then it stays off after a reload, and can still be deleted when nothing else is there
    await person.page.reload()
    await expect(person.rows).to_have_count(1)
    await person.button("Remove stays.csv from the list").click()
    await person.page.reload()
    await expect(person.button("Close session")).to_be_visible()
    await expect(person.rows).to_have_count(0)
    await person.button("Close session").click()
    await person.button("Close and delete").click()
    await expect(person.page.get_by_role("heading", name="Session closed")).to_be_focused()
    assert await person.remembered() == []


async def test_a_file_taken_off_the_list_while_it_is_looked_at_does_not_come_back(
    visit: Open, page_stack: FaultyStack
) -> None:
    # given: the answer to how it stands is on its way for long
    person = await visit(page_stack)
    answers: list[Route] = []
    await person.page.route("**/job_status*", lambda route: answers.append(route))  # noqa: PLW0108 -- it is marked by Playwright
    async with person.page.expect_request("**/job_status*"):
        await person.convert(person.file("goes.csv"))

    # when it comes, the file is off the list
    await person.button("Remove goes.csv from the list").click()
    await expect(person.rows).to_have_count(0)
    done = {"status": "completed", "error_message": None, "completed_at": "2026-01-01T10:00Z"}
    await answers[0].fulfill(json={"success": True, "data": done})
    await person.page.unroute("**/job_status*")

    # then
    await person.page.reload()
    await expect(person.choose).to_be_enabled()
    await expect(person.rows).to_have_count(0)
    assert [one["status"] for one in await person.remembered()] == ["removed"]


async def test_what_was_taken_off_the_list_is_not_missed_once_its_session_is_over(
    visit: Open, page_stack: FaultyStack
) -> None:
    # given
    person = await visit(page_stack)
    await person.convert(person.file("goes.csv"))
    await expect(person.row("goes.csv")).to_contain_text("Done")
    await person.button("Remove goes.csv from the list").click()

    # when
    await person.context.clear_cookies()
    await person.page.reload()

    # then
    await expect(person.choose).to_be_enabled()
    await expect(person.notice).to_be_hidden()
    await expect(person.button("Close session")).to_be_hidden()
    assert await person.remembered() == []


async def offers(stack: FaultyStack, source: str, target: str) -> bool:
    """Whether the stack can make one format of another."""
    async with httpx.AsyncClient(base_url=stack.url) as client:
        told = (await client.get("/convert/formats")).json()
    return target in told["data"]["formats"].get(source, ())


def saved(document: docx.document.Document) -> bytes:
    """A document as a file."""
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


async def test_a_file_that_has_not_arrived_is_remembered_at_every_moment(visit: Open, page_stack: FaultyStack) -> None:
    # given: without a connection nothing is sent
    person = await visit(page_stack)
    await person.context.set_offline(True)
    await person.convert(person.file("late.csv"))
    await expect(person.row("late.csv")).to_contain_text("No connection")
    [before] = await person.remembered()

    # when it breaks while the file is under way, and the page asks whether it has arrived
    seen = asyncio.create_task(
        person.page.evaluate(
            """async (before) => {
                const opened = await new Promise((resolve) => {
                    const request = indexedDB.open("filemill", 1);
                    request.onsuccess = () => resolve(request.result);
                });
                const seen = new Set();
                for (const until = performance.now() + 20_000; performance.now() < until; ) {
                    const records = await new Promise((resolve) => {
                        const all = opened.transaction("files").objectStore("files").getAll();
                        all.onsuccess = () => resolve(all.result);
                    });
                    seen.add(records.length);
                    if (records.length && records[0].job_id !== before) break;
                }
                opened.close();
                return [...seen];
            }""",
            before["job_id"],
        )
    )
    await person.page.route("**/upload", lambda route: route.abort())
    await person.context.set_offline(False)

    # then
    assert await seen == [1]
    assert (await person.remembered())[0]["job_id"] != before["job_id"]
