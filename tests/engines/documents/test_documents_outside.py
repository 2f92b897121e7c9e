"""No converter fetches anything, or reads another file, whatever a document asks for. Without the cage, which forbids
both once more.
"""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image

from filemill.engines.documents import routes
from tests.engines.documents import contents, outside
from tests.engines.documents.outside import Bait
from tests.engines.documents.samples import PILLOW, Samples
from tests.engines.documents.workshop import Workshop

SECRET = "xylophone"
SECRET_COLOUR = (255, 0, 255)


class Web:
    """A web server on this machine, and what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(handler) -> None:  # noqa: N805
                self.asked.append(handler.path)
                handler.send_response(200)
                handler.end_headers()
                handler.wfile.write(SECRET.encode())

            do_HEAD = do_OPTIONS = do_PROPFIND = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    server = Web()
    yield server
    server.close()


@pytest.fixture(scope="module")
def bait(web: Web, tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> Bait:
    folder = tmp_path_factory.mktemp("secrets")
    text, page, picture = folder / "secret.txt", folder / "secret.html", folder / "secret.png"
    text.write_text(SECRET)
    page.write_text(f"<p>{SECRET}</p>")
    Image.new("RGB", (64, 64), SECRET_COLOUR).save(picture)
    document, book = folder / "secret.odt", folder / "secret.ods"
    for path, content in ((document, "odt"), (book, "ods")):
        sample = samples.of(content).read_bytes()
        path.write_bytes(outside._edited(sample, lambda _, part: part.replace(b"Harvest", SECRET.encode())))
    return Bait(web.address, *(path.as_uri() for path in (text, page, picture, document, book)))


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


def shows_secret(picture: Image.Image) -> bool:
    return SECRET_COLOUR in {colour for _, colour in picture.getcolors(1 << 24)}
