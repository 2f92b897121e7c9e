"""`python -m tests.attacks.probe URL`: asks again and again, on new connections, until its input ends.

A line per answer: seconds, and the status (0 where none came). A process of its own, so that an attack that keeps its
own process busy does not look like a slow API.
"""

import http.client
import sys
import threading
import time
from urllib.parse import urlsplit

PAUSE_SECONDS = 0.02
LONGEST_ANSWER = 60


def main() -> None:
    """Asks, and tells at the end."""
    url = urlsplit(sys.argv[1])
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    while not over.is_set():
        began, status = time.monotonic(), 0
        connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=LONGEST_ANSWER)
        try:
            connection.request("GET", url.path)
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        print(f"{time.monotonic() - began:.4f} {status}", flush=True)
        over.wait(PAUSE_SECONDS)


if __name__ == "__main__":
    main()
