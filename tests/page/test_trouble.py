"""What the page does when things go wrong: it says so in words, says what to do, and goes on by itself where it can."""

import re
import shutil
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
import redis
from playwright.async_api import expect

from tests.fixtures.faulty import FaultyStack
from tests.page.conftest import MOST_BYTES, Open

pytestmark = pytest.mark.anyio

# In two pieces, so that no scanner takes this file itself for one.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD" + b"-ANTIVIRUS-TEST-FILE!$H+H*"
DEAF_TO_THE_NEXT = """() => {
    const { send } = XMLHttpRequest.prototype;
    XMLHttpRequest.prototype.send = function (body) {
        this.onload = this.onerror;
        XMLHttpRequest.prototype.send = send;
        return send.call(this, body);
    };
}"""
"""Has the page hear no answer to the next file that it sends."""

PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000")


@pytest.mark.skipif(shutil.which("clamd", path="/usr/sbin:/usr/bin") is None, reason="there is no clamd")
async def test_a_virus_is_named_and_the_file_beside_it_is_converted(visit: Open, page_stack: FaultyStack) -> None:
    # given
    person = await visit(page_stack)

    # when
    await person.convert(person.file("bad.csv", EICAR), person.file("good.csv"))

    # then
    await expect(person.row("bad.csv")).to_contain_text("The virus scanner found something")
    await expect(person.row("bad.csv").get_by_role("button")).to_have_count(1)  # nothing but to remove it
    await expect(person.row("good.csv")).to_contain_text("Done")
    await expect(person.page.locator("#announce")).not_to_be_empty()
    assert [one["original_filename"] for one in await person.remembered()] == ["good.csv"]


async def test_what_cannot_be_converted_is_not_sent_at_all(visit: Open, page_stack: FaultyStack) -> None:
    # given
    person = await visit(page_stack)
    sent = []
    person.page.on("request", lambda request: sent.append(request.url))

    # when
    await person.add(
        person.file("large.csv", b"a\n" * MOST_BYTES),
        person.file("empty.csv", b""),
        person.file("archive.rar"),
        person.file("nameless"),
    )

    # then
    await expect(person.row("large.csv")).to_contain_text("Larger than 1 MB, the most that one file may have.")
    await expect(person.row("empty.csv")).to_contain_text("There is nothing in it: 0 bytes.")
    await expect(person.row("archive.rar")).to_contain_text("Nothing can be made of .rar files here.")
    await expect(person.row("nameless")).to_contain_text("Its name has no extension")
    await expect(person.button("Convert 0 files")).to_be_hidden()
    assert not [url for url in sent if url.endswith("/upload")]


async def test_where_no_worker_for_documents_runs_it_is_said_what_to_install(
    visit: Open, page_stack: FaultyStack
) -> None:
    # given a server that converts tables alone
    person = await visit(page_stack)
    await expect(person.page.get_by_text("Documents, slides and pictures cannot be converted")).to_be_visible()

    # when
    await person.add(person.file("letter.docx"), person.file("scan.JPEG"))

    # then it is said, what is not sent can be tried again, and a program is told the same
    await expect(person.row("letter.docx")).to_contain_text("filemill install documents")
    await expect(person.row("scan.JPEG")).to_contain_text("filemill install documents")
    await expect(person.button("Try again: letter.docx")).to_be_visible()
    async with httpx.AsyncClient(base_url=page_stack.url) as client:
        begun = await client.get("/session/init")
        client.cookies.clear()  # httpx keeps no Secure cookie by plain http
        client.headers["Cookie"] = begun.headers["set-cookie"].partition(";")[0]
        client.headers["X-CSRF-Token"] = begun.json()["data"]["csrf_token"]
        job_id = str(uuid4())
        form = {"data": {"job_id": job_id}, "files": {"file": ("notes.md", b"# plain words")}}
        assert (await client.post("/upload", **form)).is_success
        refused = await client.post("/convert", json={"job_id": job_id, "target_format": "html"})
    assert refused.status_code == 503
    assert "filemill install documents" in refused.json()["data"]["message"]


async def test_a_file_that_is_not_what_its_name_says_is_refused_in_words(visit: Open, page_stack: FaultyStack) -> None:
    # given
    person = await visit(page_stack)

    # when
    await person.convert(person.file("picture.xlsx", PNG))

    # then
    await expect(person.row("picture.xlsx")).to_have_attribute("data-status", "failed")
    await expect(person.row("picture.xlsx").locator(".status")).to_have_text(re.compile(r"xlsx.*\.$"))


async def test_a_conversion_that_fails_says_why_and_can_be_tried_with_another_target(
    visit: Open, page_stack: FaultyStack
) -> None:
    # given
    person = await visit(page_stack)
    await person.add(person.file("broken.json", b'[{"a": 1}, {"a": '))
    await person.page.get_by_label("Convert broken.json to").select_option("csv")

    # when
    await person.button("Convert 1 file").click()
    await expect(person.row("broken.json")).to_have_attribute("data-status", "failed")
    first = await person.row("broken.json").locator(".status").inner_text()
    await person.page.get_by_label("Convert broken.json to").select_option("parquet")
    await person.button("Try again: broken.json").focus()
    async with person.page.expect_request("**/convert") as asked:
        await person.page.keyboard.press("Enter")

    # then
    assert len(first) > len("It could not be converted.")
    assert (await asked.value).post_data_json["target_format"] == "parquet"
    await expect(person.button("Remove broken.json from the list")).to_be_focused()
    await expect(person.row("broken.json")).to_have_attribute("data-status", "failed")


async def test_a_limit_that_is_met_is_waited_for_and_then_it_goes_on(
    visit: Open, page_stack: FaultyStack, page_limited: str
) -> None:
    # given: a server that takes two uploads a minute, and a clock that we hold
    person = await visit(page_stack, base_url=page_limited)
    await person.page.clock.install()
    await person.page.reload()
    paths = [person.file(f"{number}.csv") for number in (1, 2, 3, 4)]

    # when
    await person.convert(*paths)

    # then: two are taken, the third waits for as long as the server said, the fourth behind it
    await expect(person.notice).to_contain_text("This server takes only so many files a minute.")
    await expect(person.row("3.csv")).to_contain_text(re.compile(r"Waits for the server's limit, goes on in \d+ s"))
    await expect(person.row("4.csv")).to_contain_text("Waits for its turn")
    await expect(person.told).to_contain_text("A short wait")

    # when the minute is over for the server and for us
    free(page_stack)
    await person.page.clock.fast_forward("01:00")

    # then
    for path in paths:
        await run_until_done(person, path.name)
    await expect(person.notice).to_be_hidden()


async def test_a_download_waits_for_its_limit_too(visit: Open, page_stack: FaultyStack, page_limited: str) -> None:
    # given
    person = await visit(page_stack, base_url=page_limited)
    await person.convert(person.file("once.csv"))
    await expect(person.row("once.csv")).to_contain_text("Done")
    await person.download("once.csv")
    await person.page.clock.install()

    # when
    await person.button("Download once.csv as converted").click()
    await expect(person.row("once.csv")).to_contain_text("Waits for the server's limit")
    free(page_stack)

    # then
    async with person.page.expect_download() as begun:
        await person.page.clock.fast_forward("01:00")
    assert (await begun.value).suggested_filename == "once.xlsx"


async def test_a_lost_connection_is_said_and_the_upload_goes_on_when_it_is_back(
    visit: Open, page_stack: FaultyStack
) -> None:
    # given
    person = await visit(page_stack)
    await person.context.set_offline(True)

    # when
    await person.convert(person.file("patient.csv"))
    await expect(person.notice).to_contain_text("No connection")
    await expect(person.row("patient.csv")).to_contain_text("Tries again in")
    await person.context.set_offline(False)

    # then
    await expect(person.row("patient.csv")).to_contain_text("Done")
    await expect(person.notice).to_be_hidden()


async def test_an_upload_that_arrived_is_not_sent_twice_when_its_answer_is_lost(
    visit: Open, page_stack: FaultyStack
) -> None:
    # given: a browser that never hears the first answer to an upload
    person = await visit(page_stack)
    sent = []
    person.page.on("request", lambda request: sent.append(request.url))
    await person.page.evaluate(DEAF_TO_THE_NEXT)

    # when
    await person.convert(person.file("once.csv"))

    # then
    await expect(person.row("once.csv")).to_contain_text("Done")
    assert len([url for url in sent if url.endswith("/upload")]) == 1


async def test_an_upload_that_arrived_before_the_line_went_dead_is_not_sent_twice(
    visit: Open, page_stack: FaultyStack
) -> None:
    # given: the file gets through, its answer does not, nor does any question for a while
    person = await visit(page_stack)
    sent: list[str] = []
    person.page.on("request", lambda request: sent.append(request.url))
    await person.page.evaluate(DEAF_TO_THE_NEXT)
    await person.page.route("**/job_status*", lambda route: route.abort())

    # when
    await person.convert(person.file("once.csv"))
    await expect(person.row("once.csv")).to_contain_text("No connection")
    await expect(person.notice).to_contain_text("The server cannot be reached. Your files wait here")
    await person.page.unroute("**/job_status*")

    # then
    await expect(person.row("once.csv")).to_contain_text("Done")
    await expect(person.notice).to_be_hidden()
    assert len([url for url in sent if url.endswith("/upload")]) == 1


async def test_a_line_that_breaks_in_the_middle_of_an_upload_is_told_and_the_file_sent_anew(
    visit: Open, page_stack: FaultyStack
) -> None:
    # given: a slow line
    person = await visit(page_stack)
    network = await person.context.new_cdp_session(person.page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 50_000}
    await network.send("Network.enable")
    await network.send("Network.emulateNetworkConditions", slow)
    await person.convert(person.file("large.csv", b"name,city\n" + b"Ada,Rome\n" * 50_000))
    await expect(person.row("large.csv")).to_contain_text("Sending")

    # when it breaks
    await network.send("Network.emulateNetworkConditions", {**slow, "offline": True})
    await expect(person.row("large.csv")).to_contain_text("No connection. Tries again in")
    await expect(person.notice).to_contain_text("The server cannot be reached. Your files wait here")

    # then it goes on by itself once it is back
    await network.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    await expect(person.row("large.csv")).to_contain_text("Done")
    await expect(person.notice).to_be_hidden()


async def test_what_the_server_says_while_it_cannot_go_on_is_shown(visit: Open, page_stack: FaultyStack) -> None:
    # given: the scanner is away for the moment
    person = await visit(page_stack)
    said = "The virus scanner is out of reach for the moment."
    body = {"success": False, "data": {"error": "ServiceUnavailable", "message": said}}
    await person.page.route(
        "**/upload", lambda route: route.fulfill(status=503, json=body, headers={"Retry-After": "2"})
    )

    # when
    await person.convert(person.file("people.csv"))

    # then
    await expect(person.notice).to_contain_text(f"{said} Nothing is lost: the page tries again by itself in")
    await person.page.unroute("**/upload")
    await expect(person.row("people.csv")).to_contain_text("Done")
    await expect(person.notice).to_be_hidden()


async def test_a_server_that_is_away_when_the_page_opens_is_waited_for(visit: Open, page_stack: FaultyStack) -> None:
    # given
    person = await visit(page_stack)
    await person.page.route("**/convert/formats", lambda route: route.abort())

    # when
    await person.page.reload()
    await expect(person.notice).to_contain_text("The server does not answer")
    await expect(person.choose).to_be_disabled()
    await person.page.unroute("**/convert/formats")

    # then
    await expect(person.choose).to_be_enabled()
    await expect(person.notice).to_be_hidden()


async def run_until_done(person, name: str) -> None:
    """Lets the held clock run until a file is done."""
    while "Done" not in await person.row(name).inner_text():
        await person.page.clock.run_for(500)


def free(stack: FaultyStack) -> None:
    """The minute is over: the server counts anew."""
    with redis.Redis.from_url(stack.settings.redis_url) as client:
        for key in client.scan_iter("limit:*"):
            client.delete(key)


@pytest.fixture
def page_limited(page_stack: FaultyStack) -> Iterator[str]:
    """Where one more API of the stack is, which takes two uploads and one download a minute; none are counted yet."""
    with page_stack.another_api({"FILEMILL_UPLOADS_PER_MINUTE": "2", "FILEMILL_DOWNLOADS_PER_MINUTE": "1"}) as url:
        free(page_stack)
        yield url


async def test_while_the_connection_is_lost_the_notice_stays_where_it_is(visit: Open, page_stack: FaultyStack) -> None:
    # given
    person = await visit(page_stack)
    await person.context.set_offline(True)
    await person.convert(person.file("late.csv"))
    await expect(person.notice).to_contain_text("No connection")

    # when it is tried again, after 1 and after 2 seconds
    gone = await person.page.evaluate(
        """() => new Promise((resolve) => {
            let gone = 0;
            const notice = document.getElementById("notice");
            const observer = new MutationObserver(() => (gone += notice.hidden));
            observer.observe(notice, { attributeFilter: ["hidden"] });
            setTimeout(() => resolve(gone), 3_600);
        })"""
    )

    # then
    assert gone == 0
