"""What people are doing in the running checkout, and on branches beside it."""

from typing import ClassVar

from bot.domain.record import Record


class Branch(Record):
    """A branch that is worked on, and which of the files asked for it changes."""

    name: str
    files: tuple[str, ...]


class LocalWork(Record):
    """Work of people's that is not on the followed branch of the forge.

    `standing` is the branch that is checked out, empty for none; `changed` are files that differ
    from its commit, new Python files with them, at most 50; `ahead` counts commits the forge's
    branch lacks, as last fetched.
    """

    former_names: ClassVar = {"ahead": "commits_ahead", "standing": "branch"}

    followed: str
    branch: str
    changed: tuple[str, ...] = ()
    commits_ahead: int = 0
