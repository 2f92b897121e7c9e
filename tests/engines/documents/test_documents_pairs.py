"""Every pair of the matrix: the result is of its format, says what its source says, and keeps what the docs promise."""

import re

import pytest

from filemill.engines.documents import routes
from tests.engines.documents import contents, structure
from tests.engines.documents.samples import PILLOW, WORDS, Samples
from tests.engines.documents.workshop import Workshop

DRAWN = {*PILLOW, "svg"}
LEAST_RECALL = 0.95


def named(pair: tuple[str, str]) -> str:
    return "-".join(pair)


PROMISES = structure.promises()
WITHOUT_STRUCTURE = {*DRAWN, "csv", "txt"}
SAYING = [pair for pair in routes.ROUTES if pair[0] not in DRAWN and pair[1] not in DRAWN]
SHOWING = [pair for pair in routes.ROUTES if pair[0] not in DRAWN and pair[1] in DRAWN]
DRAWING = [pair for pair in routes.ROUTES if pair[0] in DRAWN]


@pytest.mark.parametrize("pair", SAYING, ids=named)
def test_words_and_structure_are_kept(pair: tuple[str, str], shop: Workshop, samples: Samples) -> None:
    # given
    source = samples.of(pair[0])

    # when
    made = shop.convert(source, *pair).file

    # then
    there = contents.words_of(made)
    wanted = {word for text in WORDS for word in re.findall(r"[\w']+", text)}
    assert len(wanted & there) >= LEAST_RECALL * len(wanted), wanted - there
    found, promised = structure.kept_in(made), PROMISES.get(pair, {})
    assert {name for name, word in promised.items() if word == "yes"} <= found
    assert not {name for name, word in promised.items() if word == "no"} & found


def test_every_pair_has_its_promise() -> None:
    assert not [pair for pair in SAYING if pair not in PROMISES and pair[0] not in WITHOUT_STRUCTURE]
    assert not [pair for pair in PROMISES if pair not in routes.ROUTES and pair[0] != pair[1]]


@pytest.mark.parametrize("pair", SHOWING, ids=named)
def test_pages_become_pictures(pair: tuple[str, str], shop: Workshop, samples: Samples) -> None:
    # given
    source = samples.of(pair[0])

    # when
    made = shop.convert(source, *pair).file

    # then
    if made.suffix == ".zip":
        assert contents.pages_of(made) > 1
    else:
        width, height = contents.size_of(made)
        assert width > 600
        assert height > 600


@pytest.mark.parametrize("pair", DRAWING, ids=named)
def test_a_picture_keeps_its_shape(pair: tuple[str, str], shop: Workshop, samples: Samples) -> None:
    # given
    source = samples.of(pair[0])

    # when
    made = shop.convert(source, *pair).file

    # then
    if pair[1] == "pdf":
        assert contents.pages_of(made) == 1
    elif pair[0] == "svg":
        assert contents.size_of(made) == (600, 400)
    else:
        assert contents.size_of(made) == (320, 240)
