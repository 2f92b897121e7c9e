"""What the server said about a conversion is read beside its result: when it comes, and after a reload."""

import pytest
from playwright.async_api import Route, expect

from tests.fixtures.faulty import FaultyStack
from tests.page.conftest import Open
from tests.page.test_access import LOOKS, faults

pytestmark = pytest.mark.anyio

SEMICOLONS = b"name;city\nAda;Rome\nBob;Oslo\n"
MANY = b"'name';'price';'';'old'\n" + b"'Ada';'1,5';;'3'\n'Bob';'2,5';;'7'\n" * 8 + b"'Eve';'3,5';;'n/a'\n"
"""Quotes, separators, numbers, a column without a name and a mark for no value: all of them are found out."""


async def test_what_was_found_out_of_a_file_is_told_beside_its_result(visit: Open, page_stack: FaultyStack) -> None:
    # given
    person = await visit(page_stack)
    row = person.row("people.csv")

    # when
    await person.add(person.file("people.csv", SEMICOLONS), person.file("plain.csv"))
    await person.page.get_by_label("All to").select_option("parquet")
    await person.button("Convert 2 files").click()

    # then
    await expect(row.locator(".status")).to_have_text("Done, with a note")
    sentence = await row.locator(".notes p").inner_text()
    assert "separated by semicolons" in sentence
    await expect(person.told).to_contain_text(f"people.csv is done, with a note: Parquet can be downloaded. {sentence}")

    # and of a file that nothing is said about, nothing is
    await expect(person.row("plain.csv").locator(".status")).to_have_text("Done")
    await expect(person.row("plain.csv").locator(".notes")).to_be_hidden()

    # when
    await person.page.reload()

    # then it is asked for again: the browser keeps no word of it
    await expect(row.locator(".notes")).to_have_text(sentence)
    await expect(row.locator(".status")).to_have_text("Done, with a note")
    assert all("semicolons" not in str(record) for record in await person.remembered())
    await person.download("people.csv")
    await expect(row.locator(".status")).to_have_text("Done and downloaded, with a note")


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
async def test_of_many_notes_three_are_shown_and_the_rest_counted(
    visit: Open, page_stack: FaultyStack, scheme: str, width: int
) -> None:
    # given
    person = await visit(page_stack, color_scheme=scheme, reduced_motion="reduce")
    await person.page.set_viewport_size({"width": width, "height": 800})
    row = person.row("prices.csv")

    # when
    await person.add(person.file("prices.csv", MANY))
    await person.page.get_by_label("Convert prices.csv to").select_option("parquet")
    await person.button("Convert 1 file").click()

    # then
    await expect(row.locator(".status")).to_have_text("Done, with 5 notes")
    told = await row.locator(".notes p").all_inner_texts()
    assert [sentence.partition(": ")[2] for sentence in told] == [
        "cells are taken to be quoted with '.",
        "cells are taken to be separated by semicolons.",
        "numbers are taken to be written with a decimal comma, and points to stand between thousands.",
        "",
    ]
    assert told[3] == "and 2 more"
    assert await faults(person) == []


async def test_where_the_notes_are_refused_the_row_says_so(visit: Open, page_stack: FaultyStack) -> None:
    # given
    person = await visit(page_stack)

    async def refuse(route: Route) -> None:
        await route.fulfill(status=500, json={"detail": "Something went wrong here."})

    await person.page.route("**/events*", refuse)

    # when
    await person.convert(person.file("people.csv"))

    # then
    await expect(person.row("people.csv").locator(".notes")).to_contain_text("Compare the result with the original.")
    await expect(person.button("Download people.csv as converted")).to_be_visible()


async def test_notes_that_are_late_come_all_the_same(visit: Open, page_stack: FaultyStack) -> None:
    # given a connection that breaks when the conversion is done
    person = await visit(page_stack)
    asked: list[Route] = []

    async def break_once(route: Route) -> None:
        asked.append(route)
        await (route.abort() if len(asked) == 1 else route.continue_())

    await person.page.route("**/events*", break_once)

    # when
    await person.convert(person.file("people.csv", SEMICOLONS))

    # then
    await expect(person.row("people.csv").locator(".notes")).to_contain_text("separated by semicolons")
    assert len(asked) == 2
