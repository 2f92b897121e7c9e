"""Does several things at once, each in a thread of its own."""

import threading
import time
from collections.abc import Callable

POLL_SECONDS = 0.01


class Parallel:
    """Actions that run at once, each in its thread."""

    def __init__(self, *actions: Callable[[], object]) -> None:
        self._errors: list[BaseException] = []
        self._threads = [threading.Thread(target=self._guarded, args=(action,)) for action in actions]

    def start(self) -> None:
        """Begins with all of them."""
        for thread in self._threads:
            thread.start()

    @property
    def is_over(self) -> bool:
        """Whether all have ended."""
        return not any(thread.is_alive() for thread in self._threads)

    def wait(self, check: Callable[[], None] | None = None) -> None:
        """Waits for all; raises the first one's error. What `check` raises ends the waiting alone."""
        while check is not None and not self.is_over:
            check()
            time.sleep(POLL_SECONDS)
        self.wait_for_end()
        if self._errors:
            raise self._errors[0]

    def wait_for_end(self) -> None:
        """Waits for all, however they end."""
        for thread in self._threads:
            if thread.ident is not None:  # a signal may have come before it was started
                thread.join()

    def _guarded(self, action: Callable[[], object]) -> None:
        try:
            action()
        except BaseException as error:  # noqa: BLE001 -- raised again in the thread that waits
            self._errors.append(error)
