"""What `filemill doctor` says of one thing."""

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked for. `trouble` is empty where all is well; `advice` says what to do."""

    name: str
    found: str = ""
    trouble: str = ""
    advice: str = ""
    needed: bool = True

    @property
    def well(self) -> bool:
        """Whether it is there and works."""
        return not self.trouble
