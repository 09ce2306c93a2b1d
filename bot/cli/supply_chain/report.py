"""A flaw in the supply chain, with its remedy."""

from typing import Literal

from theseus_guard.record import Record

What = Literal["hash", "source", "disagreement", "unlocked", "version", "file", "advisory"]


class Flaw(Record):
    """A flaw. `package` is a normalised name, or the name of a file that no package owns."""

    what: What
    package: str
    message: str
    remedy: str

    @property
    def line(self) -> str:
        """The flaw as one line for a terminal."""

        return f"{self.what:13}{self.package}: {self.message} {self.remedy}"
