"""Live items, which can change without a restart: prompts, skills, the persona, settings, cogs."""

from collections.abc import Mapping
from typing import Literal

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.names import Name
from bot.domain.people import Person

ItemKind = Literal["prompt", "skill", "persona", "config", "cog"]
ROLLED_BACK: frozenset[ItemKind] = frozenset({"prompt", "skill", "persona"})
"""Only texts can be rolled back. Code of cogs and settings must be reverted in git."""
ROLLBACK_HINTS: Mapping[ItemKind, str] = {
    "cog": "A cog is code: it must be reverted in git. Say “revert” in the thread of the run that "
    "changed it, or `git revert` the commit.",
    "config": "To change settings back, edit data/config.yaml, or `git revert` the commit that "
    "changed it.",
}
"""How to change back the kinds that cannot be rolled back."""


class ItemName(Record):
    """The kind and name of an item. Frozen, so it can be a dictionary key."""

    kind: ItemKind
    name: str


class RollbackRequest(Record):
    """A request to make an older version of one of `items` live, likeliest item first.

    At most one of `number` (a version), `steps` (how many versions back; 0 if not given) and `span`
    (a time in the speaker's words, "yesterday") is set. `decides` is true if the whole message is
    this order and names one item; otherwise the bot asks first.
    """

    items: tuple[ItemName, ...]
    number: int | None = None
    steps: int = Field(default=0, ge=0)
    span: str = ""
    decides: bool = False


class ChangeAuthor(Record):
    """Who changed an item: a person with a command, a shipped run, a push, or an edit of the file.

    `name` is the person's name, or a description of how the change of the file was noticed.
    """

    kind: Literal["person", "run", "push", "file"]
    name: Name = ""
    person_id: int | None = None
    run_id: str | None = None

    @property
    def summary(self) -> str:
        """The author in a few words."""
        if self.kind == "person":
            return self.name
        if self.kind == "run":
            return f"run `{self.run_id}`"
        if self.kind == "push":
            return "a push to the followed branch"
        return self.name or "an edit of the file"


def as_author(person: Person) -> ChangeAuthor:
    """Return a person as the author of a change."""
    return ChangeAuthor(kind="person", name=person.name, person_id=person.id)


FILE_AUTHOR = ChangeAuthor(kind="file")
"""The file changed, and it is not known who changed it."""
FIRST_AUTHOR = ChangeAuthor(kind="file", name="the first start")
"""The file existed at the first start: no one changed it."""
AWAY_AUTHOR = ChangeAuthor(kind="file", name="a change while it was not running")
"""The file changed while the program did not run."""
PUSH_AUTHOR = ChangeAuthor(kind="push")
"""The file changed with commits that others pushed."""


class ItemVersion(Record):
    """Content that was live. `number` counts from 1 and is never reused.

    `diff` is a unified diff against the version before it; `size` is in bytes, of all its files.
    """

    number: int = Field(ge=1)
    at: AwareDatetime
    author: ChangeAuthor
    commit: str = Field(default="", description="the checkout's commit; empty if not known")
    digest: str
    diff: str = ""
    size: int = Field(ge=0)


class Rollback(Record):
    """An older version is live instead of the file, until the file changes again."""

    number: int = Field(ge=1, description="the version that was live before")
    by: ChangeAuthor
    at: AwareDatetime


class LiveItem(Record):
    """One item, and which version of it is live.

    `path` is its file or folder, relative to the root, with forward slashes. `version` is 0 if no
    version was ever valid. With `state` "refused", the content of the file is not live because of
    `reason`, and `version` stays live.
    """

    kind: ItemKind
    name: str
    path: str
    version: int = Field(ge=0)
    digest: str = ""
    since: AwareDatetime
    state: Literal["live", "refused"] = "live"
    reason: str = ""
    rolled_back: Rollback | None = None


class ReloadResult(Record):
    """The changes found in one check of the files. Unchanged items are not included.

    `live` items have a new version; `removed` items were deleted with their files. `refused` items
    keep their last valid version, and are in every result while their file is invalid.
    `restart_needed` lists settings (`forge.branch`) and files that take effect only after a
    restart.
    """

    live: tuple[LiveItem, ...] = ()
    removed: tuple[LiveItem, ...] = ()
    refused: tuple[LiveItem, ...] = ()
    restart_needed: tuple[str, ...] = ()

    @property
    def is_unchanged(self) -> bool:
        """True if nothing changed and nothing was refused."""
        return not (self.live or self.removed or self.refused or self.restart_needed)
