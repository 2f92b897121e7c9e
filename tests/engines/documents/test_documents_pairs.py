"""Every pair of the matrix: the result is of its format, and says what its source says."""

import re

import pytest

from filemill.engines.documents import routes
from tests.engines.documents import contents
from tests.engines.documents.samples import PILLOW, WORDS, Samples
from tests.engines.documents.workshop import Workshop

DRAWN = {*PILLOW, "svg"}
LEAST_RECALL = 0.95


def named(pair: tuple[str, str]) -> str:
    return "-".join(pair)


SAYING = [pair for pair in routes.ROUTES if pair[0] not in DRAWN and pair[1] not in DRAWN]
SHOWING = [pair for pair in routes.ROUTES if pair[0] not in DRAWN and pair[1] in DRAWN]
DRAWING = [pair for pair in routes.ROUTES if pair[0] in DRAWN]


@pytest.mark.parametrize("pair", SAYING, ids=named)
def test_the_words_of_the_source_are_in_the_result(pair: tuple[str, str], shop: Workshop, samples: Samples) -> None:
    # given
    source = samples.of(pair[0])

    # when
    made = shop.convert(source, *pair).file

    # then
    there = contents.words_of(made)
    wanted = {word for text in WORDS for word in re.findall(r"[\w']+", text)}
    assert len(wanted & there) >= LEAST_RECALL * len(wanted), wanted - there


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
