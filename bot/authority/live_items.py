"""Live items for people: list, reload and roll back, with the rights that each needs."""

from dataclasses import dataclass

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.domain.errors import UnknownItem
from bot.domain.live_items import (
    ROLLED_BACK,
    ChangeAuthor,
    ItemKind,
    ItemName,
    ItemVersion,
    LiveItem,
    ReloadResult,
    as_author,
)
from bot.domain.people import Person
from bot.ports.live_registry import LiveRegistry

_OPERATOR = ChangeAuthor(kind="person", name="the operator, on the dashboard")


@dataclass(frozen=True, eq=False)
class LiveItemService:
    """The live registry with checked rights. All methods may raise `NotAuthorized`, `StoreError`.

    Listed people may list items, developers may reload the files, approvers may roll back: a
    rollback is live immediately, like a shipped change.
    """

    registry: LiveRegistry
    authorizer: Authorizer

    async def list_items(
        self, person: Person, kind: ItemKind | None = None
    ) -> tuple[LiveItem, ...]:
        """Return the current items, by kind and name."""
        await self.authorizer.ask(person, Act.READ, None, "live items")
        return self.registry.list_items(kind)

    async def list_versions(
        self, person: Person, kind: ItemKind, name: str
    ) -> tuple[LiveItem, tuple[ItemVersion, ...]]:
        """Return an item and its stored versions, newest first. Raises `UnknownItem`."""
        await self.authorizer.ask(person, Act.READ, None, f"versions of {kind} {name[:40]}")
        return self.registry.get_item(kind, name), await self.registry.list_versions(kind, name)

    async def suggest_versions(self, kind: ItemKind, name: str) -> tuple[ItemVersion, ...]:
        """Return an item's versions for autocompletion, without an audit entry.

        The caller checks that the person is listed. Empty if there is no such item.
        """
        try:
            return await self.registry.list_versions(kind, name)
        except UnknownItem:
            return ()

    def list_texts(self) -> tuple[LiveItem, ...]:
        """Return the items that can be rolled back, skills first, for autocompletion.

        There is no audit entry; the caller checks that the person is listed.
        """
        kinds = sorted(ROLLED_BACK, reverse=True)
        return tuple(item for kind in kinds for item in self.registry.list_items(kind))

    def find_kind(self, name: str) -> ItemKind:
        """Return the kind of the text with that name; "skill" if there is none."""
        return next((item.kind for item in self.list_texts() if item.name == name), "skill")

    async def read_text(self, person: Person, kind: ItemKind, name: str, number: int) -> str:
        """Return the text of a stored version. Raises `UnknownItem`."""
        await self.authorizer.ask(person, Act.READ, None, f"text of {kind} {name[:40]} v{number}")
        return await self.registry.read_text(kind, name, number)

    async def reload(self, person: Person) -> ReloadResult:
        """Reload the files; return what changed."""
        await self.authorizer.ask(person, Act.RELOAD, None, "reload")
        return await self.registry.reload(as_author(person))

    async def roll_back_as_operator(self, kind: ItemKind, name: str, number: int) -> LiveItem:
        """Roll back for the operator of the machine; audited without a person.

        Raises `UnknownItem`, `NotRolledBack`.
        """
        item = self.registry.get_item(kind, name)
        await self.authorizer.audit_operator_act(
            Act.ROLL_BACK, f"{kind} {item.name[:40]} to version {number}"
        )
        return await self.registry.roll_back(kind, name, number, _OPERATOR)

    async def roll_back(
        self, person: Person, kind: ItemKind, name: str, number: int, seen: str = ""
    ) -> LiveItem:
        """Make a stored version live until its file changes, replacing the one that was `seen`.

        Raises `UnknownItem`, `NotRolledBack`, `OtherVersionLive`.
        """
        note = f"{kind} {name[:40]} to version {number}"
        await self.authorizer.ask(person, Act.ROLL_BACK, None, note)
        return await self.registry.roll_back(kind, name, number, as_author(person), seen)

    def list_names(self) -> tuple[ItemName, ...]:
        """Return the kinds and names of all items, for the grammar."""
        return tuple(
            ItemName(kind=item.kind, name=item.name) for item in self.registry.list_items()
        )
