"""How long the sender of a body may keep us waiting."""


class Patience:
    """What is left of the patience with one sender, in `seconds`. Only waiting counts, not what we do with what comes.

    The sender has `first` seconds at the beginning, and for so many bytes as `least_per_second` one second more. Haste
    is saved up to `most` seconds: else a sender could stand still for long after a quick beginning.
    """

    def __init__(self, *, first: float, most: float, least_per_second: int) -> None:
        self.seconds = first
        self._most = most
        self._least = least_per_second

    def spend(self, waited: float, come: int) -> None:
        """Notes how long the last bytes were waited for, and how many they are."""
        self.seconds = min(self._most, self.seconds - waited + come / self._least)
