"""The ports of one start of a local stack."""

from collections.abc import Callable, Mapping

from filemill.errors import BadSetting
from filemill.local import process


class Ports:
    """The ports of one start: those the home had before where they are free."""

    def __init__(self, had: Mapping[str, list[int]]) -> None:
        self._had = had
        self.chosen: dict[str, list[int]] = {}

    @property
    def _taken(self) -> frozenset[int]:
        return frozenset(port for ports in self.chosen.values() for port in ports)

    def one(self, name: str) -> int:
        """The port of a server that needs one. Raises NotStarted."""
        had = self._had.get(name, [])
        self.chosen[name] = [process.free_port(had[0] if had else None, taken=self._taken)]
        return self.chosen[name][0]

    def several(self, name: str, choose: Callable[[list[int], frozenset[int]], list[int]]) -> list[int]:
        """Those of one that chooses its own, from what it had and what is taken."""
        self.chosen[name] = choose(self._had.get(name, []), self._taken)
        return self.chosen[name]

    def api(self, wanted: int) -> int:
        """The API's: the one that is wanted, any where that is 0. Raises BadSetting where it cannot be had."""
        if not wanted:
            return self.one("api")
        if not process.is_free(wanted):
            why = "something else listens there already" if wanted >= 1024 else "it is taken, or root's alone"
            raise BadSetting(f"--port {wanted} cannot be used: {why}.")
        self.chosen["api"] = [wanted]
        return wanted
