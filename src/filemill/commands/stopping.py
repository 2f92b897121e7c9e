"""Hears the signals that end a command, and tells of them where nothing is cut short that has to be whole.

An exception raised by a signal's handler comes anywhere: also where Python forks or takes a lock, and there it is
swallowed or leaves the lock taken for good.
"""

import signal
from types import FrameType


class Stopped(BaseException):
    """We were told to stop."""


class Stopping:
    """From now on these signals are heard. `at_once`: they also interrupt; for work that starts no process."""

    def __init__(self, *numbers: signal.Signals) -> None:
        self._numbers = numbers
        self._told = False
        self.at_once = False
        for number in numbers:
            signal.signal(number, self._hear)

    def check(self) -> None:
        """Raises Stopped once we were told to stop; to be called often."""
        if self._told:
            raise Stopped

    def turn_deaf(self) -> None:
        """A second signal must not disturb what the first has begun."""
        for number in self._numbers:
            signal.signal(number, signal.SIG_IGN)

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        self._told = True
        if self.at_once:
            self.at_once = False
            raise Stopped
