"""A live registry in memory, over a table of files that a test writes."""

import difflib
import hashlib

from bot.domain.errors import NotRolledBack, OtherVersionLive, UnknownItem
from bot.domain.live_items import (
    FILE_AUTHOR,
    ROLLED_BACK,
    ChangeAuthor,
    ItemKind,
    ItemVersion,
    LiveItem,
    ReloadResult,
    Rollback,
)
from tests.fakes.fake_clock import FakeClock

Key = tuple[ItemKind, str]
_VERSION_LIMIT = 10


class FakeLiveRegistry:
    """Implements `bot.ports.live_registry.LiveRegistry`.

    `files` is the content of the disk, by kind and name. A text that begins with `BROKEN` is
    refused; the rest of it is the reason.
    """

    BROKEN = "broken: "

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.files: dict[Key, str] = {}
        self._clock = clock or FakeClock()
        self._items: dict[Key, LiveItem] = {}
        self._versions: dict[Key, list[ItemVersion]] = {}
        self._texts: dict[tuple[Key, int], str] = {}
        self._seen: dict[Key, str] = {}

    def list_items(self, kind: ItemKind | None = None) -> tuple[LiveItem, ...]:
        """Return the items, by kind and name."""
        found = (each for key, each in sorted(self._items.items()) if kind in (None, key[0]))
        return tuple(found)

    def get_item(self, kind: ItemKind, name: str) -> LiveItem:
        """Return one item."""
        if (kind, name) not in self._items:
            raise UnknownItem(f"There is no {kind} `{name}`.")
        return self._items[kind, name]

    async def list_versions(self, kind: ItemKind, name: str) -> tuple[ItemVersion, ...]:
        """Return the versions, the newest first."""
        self.get_item(kind, name)
        return tuple(reversed(self._versions.get((kind, name), [])))

    async def read_text(self, kind: ItemKind, name: str, number: int) -> str:
        """Return a version's text."""
        kept = [each.number for each in await self.list_versions(kind, name)]
        if number not in kept:
            raise UnknownItem(f"Version {number} of {kind} `{name}` is not kept.")
        return self._texts[(kind, name), number]

    async def reload(self, author: ChangeAuthor = FILE_AUTHOR) -> ReloadResult:
        """Load what has changed since the last call."""
        live: list[LiveItem] = []
        refused: list[LiveItem] = []
        gone = [self._items.pop(key) for key in [*self._items] if key not in self.files]
        for key, text in sorted(self.files.items()):
            if text.startswith(self.BROKEN):
                refused.append(self._refuse(key, text))
            elif self._seen.get(key) != text:
                live.append(self._apply(key, text, author))
            self._seen[key] = text
        return ReloadResult(live=tuple(live), removed=tuple(gone), refused=tuple(refused))

    async def roll_back(
        self, kind: ItemKind, name: str, number: int, author: ChangeAuthor, seen: str = ""
    ) -> LiveItem:
        """Make an older version live."""
        item = self.get_item(kind, name)
        if not item.digest.startswith(seen):
            raise OtherVersionLive(f"{kind} `{name}` has changed since.")
        text = await self.read_text(kind, name, number)
        if kind not in ROLLED_BACK:
            raise NotRolledBack(f"A {kind} is taken back in git.")
        if number == item.version:
            return item
        now = self._clock.now()
        back = Rollback(number=item.version, by=author, at=now)
        held = self._seen.get((kind, name)) == text
        changes = {"version": number, "digest": _compute_digest(text), "since": now}
        if held:
            item = item.replace(**changes, rolled_back=None, state="live", reason="")
        else:
            item = item.replace(**changes, rolled_back=back)
        self._items[kind, name] = item
        return item

    def _refuse(self, key: Key, text: str) -> LiveItem:
        before = self._items.get(key) or self._make_item(key)
        reason = text.removeprefix(self.BROKEN)
        self._items[key] = before.replace(state="refused", reason=reason)
        return self._items[key]

    def _apply(self, key: Key, text: str, author: ChangeAuthor) -> LiveItem:
        kept = self._versions.setdefault(key, [])
        same = next((each for each in kept if each.digest == _compute_digest(text)), None)
        current = self._items.get(key)
        if same is None or current is None or same.number != current.version:
            same = self._store_version(key, text, author)
        self._items[key] = self._make_item(key).replace(version=same.number, digest=same.digest)
        return self._items[key]

    def _store_version(self, key: Key, text: str, author: ChangeAuthor) -> ItemVersion:
        kept = self._versions[key]
        number = kept[-1].number + 1 if kept else 1
        before = self._texts[key, number - 1] if kept else ""
        lines = difflib.unified_diff(before.splitlines(), text.splitlines(), lineterm="")
        version = ItemVersion(
            number=number,
            at=self._clock.now(),
            author=author,
            digest=_compute_digest(text),
            diff="\n".join(lines),
            size=len(text.encode()),
        )
        self._texts[key, number] = text
        self._versions[key] = [*kept, version][-_VERSION_LIMIT:]
        return version

    def _make_item(self, key: Key) -> LiveItem:
        kind, name = key
        path = "prompts/persona.md" if kind == "persona" else f"prompts/{name}.md"
        return LiveItem(kind=kind, name=name, path=path, version=0, since=self._clock.now())


def _compute_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
