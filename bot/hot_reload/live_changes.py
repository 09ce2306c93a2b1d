"""The changes of a reload, for the notices and for the code that shipped the files."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.adoption import AdoptionWay, filter_by_way, get_adoption_way
from bot.domain.cogs import get_cog_name
from bot.domain.live_items import ChangeAuthor, LiveItem
from bot.hot_reload.catalog import SHARED, Key
from bot.hot_reload.live_set import LiveSet, LiveState
from bot.ports.runtime import Adoption

_BY_RESTART: tuple[AdoptionWay, ...] = ("install", "service", "restart")


@dataclass(frozen=True)
class LiveChanges:
    """The items that a reload changed, by what happened to them."""

    author: ChangeAuthor
    live: tuple[LiveItem, ...] = ()
    fixed: tuple[LiveItem, ...] = ()
    removed: tuple[LiveItem, ...] = ()
    refused: tuple[LiveItem, ...] = ()
    restart_needed: tuple[str, ...] = ()


def compare_states(
    before: LiveSet,
    states: Sequence[LiveState],
    gone: Sequence[Key],
    author: ChangeAuthor,
    restart: tuple[str, ...] = (),
) -> LiveChanges:
    """Return the items that are new, fixed, removed and refused, compared with `before`."""
    live, fixed, refused = [], [], []
    for state in states:
        old = before.states.get(state.key)
        if state.item.state == "refused":
            refused.append(state.item)
        elif old is not None and old.item.state == "refused":
            fixed.append(state.item)
        else:
            live.append(state.item)
    removed = tuple(before.states[key].item for key in gone)
    return LiveChanges(author, tuple(live), tuple(fixed), removed, tuple(refused), restart)


def build_adoption(changed: Sequence[str], live: LiveSet, waiting: Sequence[str] = ()) -> Adoption:
    """Return what became of changed files, by what is live now.

    Cogs are named by their modules, texts by their paths. `waiting` are settings that count after
    a restart.
    """
    items = _find_affected(changed, live)
    named = {_format_name(item): item for item in items}
    failed = {name: item.reason for name, item in named.items() if item.state == "refused"}
    gone = [f"cogs.{name}" for name in _list_cogs(changed) if ("cog", name) not in live.states]
    others = [item for item in live.list_items() if item not in items]
    return Adoption(
        reloaded=(*(name for name in named if name not in failed), *gone),
        restart_needed=filter_by_way(changed, *_BY_RESTART, *(("settings",) if waiting else ())),
        failed=failed,
        behind=tuple(
            _format_name(item)
            for item in others
            if item.state == "refused" or item.rolled_back is not None
        ),
    )


def _find_affected(changed: Sequence[str], live: LiveSet) -> list[LiveItem]:
    cogs = _list_cogs(changed)
    found = []
    for state in live.states.values():
        item = state.item
        if item.kind == "cog":
            if item.name != SHARED and (item.name in cogs or SHARED in cogs):
                found.append(item)
        elif any(path == item.path or path.startswith(f"{item.path}/") for path in changed):
            found.append(item)
    return found


def _list_cogs(changed: Sequence[str]) -> dict[str, None]:
    """Return the cogs that changed files are of, `ui` for what they share."""
    files = [path for path in changed if get_adoption_way(path) == "cog" and path.endswith(".py")]
    return dict.fromkeys(get_cog_name(path) or SHARED for path in files)


def _format_name(item: LiveItem) -> str:
    return f"cogs.{item.name}" if item.kind == "cog" else item.path
