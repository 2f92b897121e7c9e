"""How long whoever sends a body, or reads an answer, may keep us waiting."""


class Patience:
    """What is left of the patience with one caller, in `seconds`. Only waiting counts, not what we do meanwhile.

    A sender has `first` seconds at the beginning, and for so many bytes as `least_per_second` one second more. Haste is
    saved up to `most` seconds: else a sender could stand still for long after a quick beginning. A reader likewise.
    """

    def __init__(self, *, first: float, most: float, least_per_second: int) -> None:
        self.seconds = first
        self._most = most
        self._least = least_per_second

    def spend(self, waited: float, moved: int) -> None:
        """Notes how long the last bytes were waited for, and how many they are."""
        self.seconds = min(self._most, self.seconds - waited + moved / self._least)
