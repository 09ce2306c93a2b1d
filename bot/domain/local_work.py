"""People's current work in the running checkout and on other branches."""

from typing import ClassVar

from theseus_guard.record import Record


class Branch(Record):
    """A branch that people work on, and which of the requested files it changes."""

    name: str
    files: tuple[str, ...]


class LocalWork(Record):
    """People's work that is not on the followed branch of the forge.

    `branch` is the branch that is checked out, or empty. `changed` are files that differ from its
    commit, including new Python files, at most 50. `commits_ahead` is the number of commits that
    the forge's branch lacks, as of the last fetch.
    """

    former_names: ClassVar = {"ahead": "commits_ahead", "standing": "branch"}

    followed: str
    branch: str
    changed: tuple[str, ...] = ()
    commits_ahead: int = 0
