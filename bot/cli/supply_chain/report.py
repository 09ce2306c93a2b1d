"""One thing that is wrong, with the way out."""

from typing import Literal

from bot.domain.record import Record

What = Literal["hash", "source", "disagreement", "unlocked", "version", "file", "advisory"]


class Flaw(Record):
    """`package` is its normalised name, or a file's where no package owns it."""

    what: What
    package: str
    message: str
    remedy: str

    @property
    def line(self) -> str:
        """It in a line, for a terminal."""
        return f"{self.what:13}{self.package}: {self.message} {self.remedy}"
