"""The live registry port: items that can change without a restart, and their live versions."""

from typing import Protocol

from bot.domain.live_items import ChangeAuthor, ItemKind, ItemVersion, LiveItem, ReloadResult


class LiveRegistry(Protocol):
    """Items by kind and name (`("skill", "write-a-cog")`), with their last versions.

    A change is validated completely before it takes effect, and swapped in one step: readers get
    either the old or the new items. A refused item keeps its last valid version. Raises
    `StoreError`.
    """

    def list_items(self, kind: ItemKind | None = None) -> tuple[LiveItem, ...]:
        """Return the current items, sorted by kind and name. Reads no file."""
        ...

    def get_item(self, kind: ItemKind, name: str) -> LiveItem:
        """Return one item. Raises `UnknownItem`, whose message names some existing ones."""
        ...

    async def list_versions(self, kind: ItemKind, name: str) -> tuple[ItemVersion, ...]:
        """Return the stored versions, at most ten, newest first. Raises `UnknownItem`."""
        ...

    async def read_text(self, kind: ItemKind, name: str, number: int) -> str:
        """Return a version's text; with several files, each under its path.

        Raises `UnknownItem` for an unknown item or a version that is not stored.
        """
        ...

    async def reload(self, author: ChangeAuthor) -> ReloadResult:
        """Read the files now and apply what changed. A second call changes nothing."""
        ...

    async def roll_back(
        self, kind: ItemKind, name: str, number: int, author: ChangeAuthor, seen: str = ""
    ) -> LiveItem:
        """Make a stored version live until the item's file changes; return the item.

        `seen` is the digest, or its beginning, of the version that was live when the person chose.
        If another version is live by now, `OtherVersionLive` is raised. The file stays unchanged.
        Choosing the version in the file ends a rollback; choosing the live version changes nothing.
        Raises `UnknownItem`, and `NotRolledBack` for kinds that must be reverted in git and for
        versions that would not be valid now.
        """
        ...
