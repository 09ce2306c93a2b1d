"""What can be changed while the program runs: prompts, skills, the persona, settings, cogs."""

from collections.abc import Mapping
from typing import Literal

from pydantic import AwareDatetime, Field

from bot.domain.names import Name
from bot.domain.people import Person
from bot.domain.record import Record

ItemKind = Literal["prompt", "skill", "persona", "config", "cog"]
ROLLED_BACK: frozenset[ItemKind] = frozenset({"prompt", "skill", "persona"})
"""Texts alone. Code of cogs and settings are taken back where they are kept: in git."""
ROLLBACK_HINTS: Mapping[ItemKind, str] = {
    "cog": "A cog is code: it is taken back in git. Say “revert” in the thread of the run that "
    "changed it, or `git revert` the commit.",
    "config": "Settings are taken back where they are kept: edit data/config.yaml, or `git revert` "
    "the commit that changed it.",
}
"""How the others go back."""


class ItemName(Record):
    """What an item is known by. Frozen, so that it may be a key."""

    kind: ItemKind
    name: str


class RollbackRequest(Record):
    """Words that want older versions live: of one of `items`, likeliest first.

    At most one of `number` (a version), `steps` (how many versions back; 0: not told) and `span` (a
    time in the speaker's words, "yesterday") is told. `decides`: the whole message is that order
    and nothing else, and names one item; all others are asked back.
    """

    items: tuple[ItemName, ...]
    number: int | None = None
    steps: int = Field(default=0, ge=0)
    span: str = ""
    decides: bool = False


class ChangeAuthor(Record):
    """Who changed an item: a person by a command, a run that shipped, or whoever wrote the file.

    `name` is a person's, or how else it was noticed that a file is another.
    """

    kind: Literal["person", "run", "push", "file"]
    name: Name = ""
    person_id: int | None = None
    run_id: str | None = None

    @property
    def summary(self) -> str:
        """Who that is, in a few words."""
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
"""The file changed, and nobody said who changed it."""
FIRST_AUTHOR = ChangeAuthor(kind="file", name="the first start")
"""The file lay there when nothing was known yet: nobody changed anything."""
AWAY_AUTHOR = ChangeAuthor(kind="file", name="a change while it was not running")
"""The file is another than it was when the program ended."""
PUSH_AUTHOR = ChangeAuthor(kind="push")
"""The file came with commits from elsewhere."""


class ItemVersion(Record):
    """Content that an item had while it was live. `number` counts from 1 and is never used twice.

    `diff` is a unified diff against the version before it; `size` is in bytes, of all its files.
    """

    number: int = Field(ge=1)
    at: AwareDatetime
    author: ChangeAuthor
    commit: str = Field(default="", description="what the checkout stood at; empty: nobody knew")
    digest: str
    diff: str = ""
    size: int = Field(ge=0)


class Rollback(Record):
    """An older version is live in place of the file, until the file changes again."""

    number: int = Field(ge=1, description="the version that was live before")
    by: ChangeAuthor
    at: AwareDatetime


class LiveItem(Record):
    """One item, and which version of it is live.

    `path` is its file, or its folder, from the root with forward slashes. `version` 0: no version
    of it ever was good. `state` "refused": what stands in the file is not live, for `reason`, and
    `version` still is.
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
    """What one look at the files changed. Items that stayed as they were are not in it.

    `live` have a new version, `removed` are gone with their files. `refused` keep their last good
    version, and are in every result while their file is broken. `restart_needed` are settings
    (`forge.branch`) and files that only a restart takes on.
    """

    live: tuple[LiveItem, ...] = ()
    removed: tuple[LiveItem, ...] = ()
    refused: tuple[LiveItem, ...] = ()
    restart_needed: tuple[str, ...] = ()

    @property
    def is_unchanged(self) -> bool:
        """Whether everything runs as it did, and nothing is in the way."""
        return not (self.live or self.removed or self.refused or self.restart_needed)
