"""The live registry of files. A reload checks, validates, loads, stores, swaps and reports."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from theseus_guard.completion import run_in_thread

from bot.domain.errors import NotRolledBack, OtherVersionLive, UnknownItem
from bot.domain.live_items import (
    AWAY_AUTHOR,
    FILE_AUTHOR,
    FIRST_AUTHOR,
    ROLLBACK_HINTS,
    ROLLED_BACK,
    ChangeAuthor,
    ItemKind,
    ItemVersion,
    LiveItem,
    ReloadResult,
    Rollback,
)
from bot.hot_reload.catalog import Catalog, Key
from bot.hot_reload.content import ItemContent
from bot.hot_reload.last_good import LastGood, collect_prompts
from bot.hot_reload.live_changes import LiveChanges, build_adoption, compare_states
from bot.hot_reload.live_set import LiveSet, LiveState
from bot.hot_reload.look import ItemChange, find_changes, look_at
from bot.hot_reload.validation import Validation
from bot.hot_reload.versions import NewVersion, SavedItem, SqlVersionRepository
from bot.ports.clock import Clock
from bot.ports.runtime import Adoption
from bot.presentation.counts import format_list


class ItemLoader(Protocol):
    """Applies items that are more than texts: cogs and settings."""

    async def load(self, changed: Sequence[ItemChange]) -> Mapping[Key, str]:
        """Apply the changed items; return the reasons of those that keep their old version."""
        ...

    @property
    def waiting(self) -> tuple[str, ...]:
        """The names of loaded items that take effect only after a restart."""
        ...


Tell = Callable[[LiveChanges], Awaitable[None]]


class FileLiveRegistry:
    """Implements `bot.ports.live_registry.LiveRegistry` on the files that a catalog finds.

    `live` is an immutable set of all live items, so code that holds it keeps consistent texts.
    `loaders` are called per kind before a version is stored. `commit` returns the commit of the
    checkout, and `tell` receives all changes.
    """

    def __init__(
        self,
        catalog: Catalog,
        validation: Validation,
        versions: SqlVersionRepository,
        clock: Clock,
        *,
        commit: Callable[[], str] = str,
        loaders: Mapping[ItemKind, ItemLoader] | None = None,
        tell: Tell | None = None,
    ) -> None:
        self.live = LiveSet()
        self._catalog = catalog
        self._validation = validation
        self._versions = versions
        self._clock = clock
        self._commit = commit
        self._loaders = dict(loaders or {})
        self._tell = tell
        self._one_at_a_time = asyncio.Lock()

    # What the port has

    def list_items(self, kind: ItemKind | None = None) -> tuple[LiveItem, ...]:
        """Return the items by kind and name."""
        return self.live.list_items(kind)

    def get_item(self, kind: ItemKind, name: str) -> LiveItem:
        """Return one item. Raises `UnknownItem`."""
        return self._get_state(kind, name).item

    async def list_versions(self, kind: ItemKind, name: str) -> tuple[ItemVersion, ...]:
        """Return the stored versions of an item, newest first. Raises `UnknownItem`."""
        return await self._versions.list_versions(self._get_state(kind, name).key)

    async def read_text(self, kind: ItemKind, name: str, number: int) -> str:
        """Return the text of a stored version. Raises `UnknownItem`."""
        return (await self._get_content(self._get_state(kind, name), number)).text

    async def reload(self, author: ChangeAuthor) -> ReloadResult:
        """Check the files, and apply the changes. Raises `StoreError`."""
        async with self._one_at_a_time:
            found = await run_in_thread(self._look, retry=author.kind == "person")
            return await self._take(await self._run_loaders(found), author)

    async def roll_back(
        self, kind: ItemKind, name: str, number: int, author: ChangeAuthor, seen: str = ""
    ) -> LiveItem:
        """Make a stored version live until the file changes.

        The file itself is not changed: a checkout with local changes pauses the bot's own work, and
        the next pull would conflict with them.

        Raises `UnknownItem`, `NotRolledBack`, and `OtherVersionLive` if the live version is not the
        one with the digest `seen`.
        """
        async with self._one_at_a_time:
            state = self._get_state(kind, name)
            if kind not in ROLLED_BACK:
                raise NotRolledBack(ROLLBACK_HINTS[kind])
            if not state.item.digest.startswith(seen):
                raise OtherVersionLive(
                    f"`{name}` has changed since you were asked: version {state.item.version} is "
                    "live now."
                )
            content = await self._get_content(state, number)
            if number == state.item.version:
                return state.item
            if reason := self._validation(state.key, content):
                raise NotRolledBack(f"Version {number} is not valid now: {reason}.")
            return await self._roll_back(state, number, content, author)

    async def adopt(self, changed: Sequence[str], author: ChangeAuthor) -> Adoption:
        """Reload, and return the status of the changed files. Raises `StoreError`.

        Files that an earlier reload has applied already are reported as live too.
        """
        await self.reload(author)
        return build_adoption(changed, self.live, self._waiting)

    async def look(self) -> None:
        """Apply edits of files. Raises `StoreError`."""
        await self.reload(FILE_AUTHOR)

    async def leave_out(self, cogs: Mapping[str, str]) -> None:
        """Take note of cogs that did not load at the start, by their names, with the reasons."""
        async with self._one_at_a_time:
            states = [
                replace(
                    state, item=state.item.replace(version=0, state="refused", reason=cogs[name])
                )
                for (kind, name), state in self.live.states.items()
                if kind == "cog" and name in cogs
            ]
            self.live = self.live.replace_states(states)
            if states and self._tell is not None:
                await self._tell(
                    LiveChanges(FILE_AUTHOR, refused=tuple(each.item for each in states))
                )

    # How it is done

    async def start(self, committed: Mapping[str, ItemContent] | None = None) -> None:
        """Find out what is live at the start: the files as they are, a rollback that still counts.

        `committed` are the prompts of the commit that runs: what its code fills in. What is broken
        already is served in its last good version. Raises `StoreError`.
        """
        async with self._one_at_a_time:
            seen = await run_in_thread(look_at, self._catalog)
            self._validation.require(collect_prompts(seen) if committed is None else committed)
            last_good = LastGood(self._versions, self._validation, self._clock.now())
            known = await self._versions.load_items()
            self.live = LiveSet(await last_good.load_states(seen, known))
            found = tuple(find_changes(seen, self.live, self._validation))
            await self._take(found, AWAY_AUTHOR if known else FIRST_AUTHOR)

    def _look(self, *, retry: bool) -> tuple[ItemChange, ...]:
        """Read and judge the files. Blocking."""
        seen = look_at(self._catalog)
        return tuple(find_changes(seen, self.live, self._validation, retry=retry))

    @property
    def _waiting(self) -> tuple[str, ...]:
        return tuple(each for loader in self._loaders.values() for each in loader.waiting)

    async def _run_loaders(self, found: tuple[ItemChange, ...]) -> tuple[ItemChange, ...]:
        """Call the loaders with the changes of their kind, and mark what they refuse."""
        refused: dict[Key, str] = {}
        for kind, loader in self._loaders.items():
            changes = [each for each in found if each.key[0] == kind and not each.reason]
            if changes:
                refused |= await loader.load(changes)
        return tuple(
            each.mark_refused(refused[each.key]) if each.key in refused else each for each in found
        )

    async def _take(self, found: tuple[ItemChange, ...], author: ChangeAuthor) -> ReloadResult:
        """Store the new versions, make all of them live in one step, then report."""
        before = self.live
        numbers = await self._get_newest_numbers(found)
        states, new = [], []
        for change in found:
            if change.removal:
                continue
            state, version = self._apply_change(change, author, numbers.get(change.key, 0))
            states.append(state)
            new += [version] if version is not None else []
        gone = [change.key for change in found if change.removal]
        if found:
            await self._versions.save([_to_saved_item(state) for state in states], new)
            self.live = before.replace_states(states, gone)
        restart = self._waiting if any(change.key[0] in self._loaders for change in found) else ()
        changes = compare_states(before, states, gone, author, restart)
        if found and self._tell is not None:
            await self._tell(changes)
        stuck = [item for item in self.live.list_items() if item.state == "refused"]
        return ReloadResult(
            live=(*changes.live, *changes.fixed),
            removed=changes.removed,
            refused=tuple(stuck),
            restart_needed=self._waiting,
        )

    async def _get_newest_numbers(self, found: Sequence[ItemChange]) -> dict[Key, int]:
        """Return the highest stored version number of new items, which may have existed before."""
        if all(change.key in self.live.states for change in found):
            return {}
        return {key: saved.newest for key, saved in (await self._versions.load_items()).items()}

    def _apply_change(
        self, change: ItemChange, author: ChangeAuthor, newest: int
    ) -> tuple[LiveState, NewVersion | None]:
        """Return the state of an item with the change applied or refused, and its new version."""
        state = self.live.states.get(change.key) or self._build_empty_state(change, newest)
        state = replace(state, mark=change.mark, item=state.item.replace(path=change.path))
        if change.reason or change.content is None:
            refused = state.item.replace(state="refused", reason=change.reason)
            return replace(state, item=refused), None
        good = {"state": "live", "reason": "", "rolled_back": None}
        if change.mark == state.item.digest:
            return replace(state, item=state.item.replace(**good)), None
        version = ItemVersion(
            number=state.newest + 1,
            at=self._clock.now(),
            author=author,
            commit=self._commit(),
            digest=change.mark,
            size=change.content.size,
        )
        item = state.item.replace(
            version=version.number, digest=version.digest, since=version.at, **good
        )
        after = LiveState(item, change.content, change.mark, version.number)
        return after, NewVersion(change.key, version, change.content)

    def _build_empty_state(self, change: ItemChange, newest: int) -> LiveState:
        kind, name = change.key
        now = self._clock.now()
        item = LiveItem(kind=kind, name=name, path=change.path, version=0, since=now)
        return LiveState(item, None, "", newest)

    async def _roll_back(
        self, state: LiveState, number: int, content: ItemContent, author: ChangeAuthor
    ) -> LiveItem:
        now = self._clock.now()
        changes: dict[str, object] = {"version": number, "digest": content.digest, "since": now}
        if content.digest == state.mark:
            changes |= {"rolled_back": None, "state": "live", "reason": ""}
        else:
            before = Rollback(number=max(state.item.version, 1), by=author, at=now)
            changes["rolled_back"] = before
        after = replace(state, item=state.item.replace(**changes), content=content)
        await self._versions.save([_to_saved_item(after)])
        self.live = self.live.replace_states([after])
        if self._tell is not None:
            await self._tell(LiveChanges(author, live=(after.item,)))
        return after.item

    def _get_state(self, kind: ItemKind, name: str) -> LiveState:
        state = self.live.states.get((kind, name))
        if state is None:
            some = format_list([f"`{item.name}`" for item in self.live.list_items(kind)], 10)
            known = f"There are {some}." if some else f"There is no {kind} at all."
            raise UnknownItem(f"There is no {kind} `{name[:40]}`. {known}")
        return state

    async def _get_content(self, state: LiveState, number: int) -> ItemContent:
        content = await self._versions.get_content(state.key, number)
        if content is None:
            stored = [str(each.number) for each in await self._versions.list_versions(state.key)]
            raise UnknownItem(
                f"Version {number} of {state.item.kind} `{state.item.name}` is not kept; "
                f"kept: {', '.join(stored) or 'none'}."
            )
        return content


def _to_saved_item(state: LiveState) -> SavedItem:
    item = state.item
    return SavedItem(state.key, item.version, state.newest, state.mark, item.rolled_back)
