"""The live registry port: what can change while the program runs, and in which version it runs."""

from typing import Protocol

from bot.domain.live_items import ChangeAuthor, ItemKind, ItemVersion, LiveItem, ReloadResult


class LiveRegistry(Protocol):
    """Items by kind and name (`("skill", "write-a-cog")`), with their last versions.

    A change is validated whole before any of it counts, and swapped at once: readers get the old
    items or the new ones. What is refused keeps its last good version. Raises `StoreError`.
    """

    def list_items(self, kind: ItemKind | None = None) -> tuple[LiveItem, ...]:
        """Return the items as they are now, by kind and name. Reads no file."""
        ...

    def get_item(self, kind: ItemKind, name: str) -> LiveItem:
        """Return one item. Raises `UnknownItem`, naming some that there are."""
        ...

    async def list_versions(self, kind: ItemKind, name: str) -> tuple[ItemVersion, ...]:
        """Return the kept versions, ten at most, the newest first. Raises `UnknownItem`."""
        ...

    async def read_text(self, kind: ItemKind, name: str, number: int) -> str:
        """Return a version's text, of several files each under its path.

        Raises `UnknownItem` for an item or version that is not kept.
        """
        ...

    async def reload(self, author: ChangeAuthor) -> ReloadResult:
        """Read the files now and take on what changed. The same again changes nothing."""
        ...

    async def roll_back(
        self, kind: ItemKind, name: str, number: int, author: ChangeAuthor, seen: str = ""
    ) -> LiveItem:
        """Have a kept version live until the item's file changes; return the item.

        `seen` is the digest, or how it begins, of the version that was live when somebody chose:
        where another one is by now, it raises `OtherVersionLive`.

        The file stays as it is. The version that the file holds, chosen, ends a rollback; the one
        that is live changes nothing. Raises `UnknownItem`, and `NotRolledBack` for what is taken
        back elsewhere, or would not be valid now.
        """
        ...
