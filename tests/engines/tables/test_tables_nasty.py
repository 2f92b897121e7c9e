"""The corpus of nasty files: each arrives, or the job fails and says where and why."""

import pytest

from filemill.engines.tables.readers import inflate
from tests.engines.tables import nasty
from tests.engines.tables.nasty import CORPUS, CUTS, WHOLE, Fails, Nasty
from tests.engines.tables.workshop import Workshop


@pytest.mark.parametrize("one", CORPUS, ids=lambda one: one.what)
def test_a_nasty_file_has_its_answer(shop: Workshop, one: Nasty) -> None:
    if isinstance(one.answer, Fails):
        failure = shop.fails(one.file_name, one.data, *one.steps, to=one.to, given=one.given)
        assert (failure.code, failure.at_fault) == (one.answer.code, "caller"), failure.message
        assert failure.message.startswith(one.file_name)
        assert not [word for word in one.answer.words if word not in failure.message], failure.message
        return
    result = shop.run(one.file_name, one.data, *one.steps, to=one.to, given=one.given)
    assert (result.text if isinstance(one.answer, str) else result.rows) == one.answer


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_was_cut_is_never_taken_for_a_shorter_one(shop: Workshop, name: str, cut: nasty.Cut) -> None:
    failure = shop.fails(name, cut(WHOLE[name]), to="ndjson")
    assert (failure.code, failure.at_fault) == ("bad_file", "caller")
    assert failure.message.startswith(name)


def test_a_bomb_is_refused_before_it_is_unpacked(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflate, "FREE_BYTES", 1 << 20)
    assert "200 times" in shop.fails("t.xlsx", nasty.bomb(), to="csv").message


def test_every_answer_has_a_name_of_its_own() -> None:
    names = [one.what for one in CORPUS]
    assert len(names) == len(set(names))
