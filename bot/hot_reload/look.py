"""What a look at the files shows against what is live: deciding, without doing any of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bot.hot_reload.catalog import Catalog, Key, Located, Unreadable
from bot.hot_reload.content import ItemContent
from bot.hot_reload.live_set import LiveSet, LiveState
from bot.hot_reload.validation import Validation

Seen = Mapping[Key, tuple[Located, ItemContent | Unreadable]]


@dataclass(frozen=True)
class ItemChange:
    """An item whose files changed. It is refused if it has a `reason`.

    `content` is `None` if the files were removed or cannot be read. `mark` identifies the contents
    of the files.
    """

    key: Key
    path: str
    content: ItemContent | None
    mark: str
    reason: str = ""

    @property
    def removal(self) -> bool:
        """True if the files were removed, and may be."""
        return self.content is None and not self.reason

    def mark_refused(self, reason: str) -> "ItemChange":
        """Return it as one that may not go live."""
        return replace(self, reason=reason)


def look_at(catalog: Catalog) -> Seen:
    """Read every item's files. Blocking. Raises `OSError` for a folder that cannot be read."""
    located = catalog.locate()
    return {key: (place, catalog.read(key, place)) for key, place in located.items()}


def find_changes(
    seen: Seen, live: LiveSet, validation: Validation, *, retry: bool = False
) -> Iterator[ItemChange]:
    """Yield the items that changed since the last check, validated by the rules of their kind.

    With `retry`, refused items are validated again, because a busy machine may have been too slow
    to try a cog.
    """
    for key, (located, read) in seen.items():
        state = live.states.get(key)
        change = _change(key, located, read, state, validation)
        refused = retry and state is not None and state.item.state == "refused"
        if state is None or state.mark != change.mark or refused:
            yield change
    for key, state in live.states.items():
        if key in seen:
            continue
        reason = validation.check_removal(key)
        gone = ItemChange(key, state.item.path, None, "gone", f"{state.item.path}: {reason}")
        gone = gone if reason else gone.mark_refused("")
        if state.mark != gone.mark:
            yield gone


def _change(
    key: Key,
    located: Located,
    read: ItemContent | Unreadable,
    state: LiveState | None,
    validation: Validation,
) -> ItemChange:
    if isinstance(read, Unreadable):
        return ItemChange(key, located.path, None, f"unreadable: {read.reason}", read.reason)
    change = ItemChange(key, located.path, read, read.digest)
    if state is not None and state.mark == read.digest and state.item.state == "live":
        return change
    return change.mark_refused(validation(key, read))
