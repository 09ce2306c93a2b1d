"""Commits that came to the followed branch from elsewhere, taken on by the running program."""

from pydantic import Field

from bot.domain.record import Record


class Arrival(Record):
    """What the running program did with them. `commit` is where its checkout stands now.

    What it had not taken on before, of whatever commit, counts still: it does not run `commit`.
    """

    commit: str
    files: tuple[str, ...] = ()
    reloaded: tuple[str, ...] = ()
    restart_needed: tuple[str, ...] = Field(
        default=(), description="changed files that only a restart takes on"
    )
    pending: str = Field(
        default="", description="what is missing until core code runs, and who does it; a sentence"
    )
    failed: dict[str, str] = Field(
        default_factory=dict, description="modules that kept their old code, and why"
    )

    @property
    def live(self) -> bool:
        """Whether the running code contains the commit."""
        return not self.failed and not self.restart_needed
