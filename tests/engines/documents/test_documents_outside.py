"""No converter fetches anything, or reads another file, whatever a document asks for.

The stories run without the sandbox, which forbids both once more.
"""

from collections.abc import Iterator

import pytest

from filemill.engines.documents import routes
from tests.engines.documents import contents, outside
from tests.engines.documents.outside import Bait
from tests.engines.documents.samples import PILLOW, Samples
from tests.engines.documents.secrets_outside import SECRET, Web, bait_at, lay, shows_secret
from tests.engines.documents.workshop import Workshop


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    server = Web()
    yield server
    server.close()


@pytest.fixture(scope="module")
def bait(web: Web, tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> Bait:
    folder = tmp_path_factory.mktemp("secrets")
    lay(folder, samples)
    return bait_at(web.address, folder)


def ways() -> list[tuple[str, str]]:
    """A pair for each chain of tools there is from a format that can reach outside."""
    found: dict[tuple[str, ...], tuple[str, str]] = {}
    for pair, route in routes.ROUTES.items():
        if pair[0] in outside.KINDS:
            found.setdefault((pair[0], *(leg.tool for leg in route)), pair)
    more = [("docx", "html"), ("docx", "md"), ("epub", "html"), ("html", "epub"), ("xlsx", "csv"), ("md", "docx")]
    return list(dict.fromkeys([*found.values(), *more]))


@pytest.mark.parametrize("pair", ways(), ids="-".join)
def test_nothing_outside_is_reached(
    pair: tuple[str, str], bait: Bait, web: Web, shop: Workshop, samples: Samples
) -> None:
    # given
    source = outside.KINDS[pair[0]](bait, samples)

    # when
    made = shop.convert(source, *pair).file

    # then
    assert web.asked == []
    if made.suffix[1:] not in (*PILLOW, "zip"):
        text = contents.text_of(made)
        assert SECRET not in text
        assert "plain words" in text or pair[0] in ("svg", "ods", "xlsx", "pptx", "odp")
    assert not any(shows_secret(picture) for picture in contents.drawn_in(made))
