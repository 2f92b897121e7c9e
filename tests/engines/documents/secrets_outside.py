"""What no document may get at: a web server on this machine, and files beside the document."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from PIL import Image

from tests.engines.documents import outside
from tests.engines.documents.outside import Bait
from tests.engines.documents.samples import Samples

SECRET = "xylophone"
SECRET_COLOUR = (255, 0, 255)


class Web:
    """A web server on this machine, and what it was asked for."""

    def __init__(self, port: int = 0) -> None:
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

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def bait_at(web: str, folder: Path) -> Bait:
    """The addresses of a web server, and of files that `lay` puts into a folder."""
    names = ("secret.txt", "secret.html", "secret.png", "secret.odt", "secret.ods")
    return Bait(web, *((folder / name).as_uri() for name in names))


def lay(folder: Path, samples: Samples) -> None:
    """Puts the files there that nobody may read."""
    (folder / "secret.txt").write_text(SECRET)
    (folder / "secret.html").write_text(f"<p>{SECRET}</p>")
    Image.new("RGB", (64, 64), SECRET_COLOUR).save(folder / "secret.png")
    for kind in ("odt", "ods"):
        sample = samples.of(kind).read_bytes()
        telling = outside._edited(sample, lambda _, part: part.replace(b"Harvest", SECRET.encode()))
        (folder / f"secret.{kind}").write_bytes(telling)


def shows_secret(picture: Image.Image) -> bool:
    """Whether the picture that nobody may read is in this one."""
    return SECRET_COLOUR in {colour for _, colour in picture.getcolors(1 << 24)}
