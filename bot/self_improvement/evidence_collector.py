"""Collects the evidence for a request from the journal, the source and its history."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from bot.domain.errors import StoreError
from bot.domain.evidence import Evidence, LastWorked, SourceExcerpt
from bot.domain.journal import Action, Capsule, FailureGroup, JournalQuery, get_command_name
from bot.domain.memory import Recall, Recalled
from bot.domain.run import Trigger
from bot.domain.shipped_fix import ShippedFix, get_start_time
from bot.domain.slowness import Slowness, measure_slowness
from bot.domain.traffic import find_last_success
from bot.grammar.matching import exclude_own_work, match_failures
from bot.grammar.past_fixes import find_failure_before_fix, find_fix
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.memory import MemoryStore
from bot.ports.traffic import TrafficLog
from bot.ports.workspace import Checkout
from bot.self_improvement.reached_files import list_reached_files

_LINES_AROUND = 14
_TIMELINE = 12
_PACE = timedelta(hours=6)  # how far back durations are compared
_GROUPS = 3
_REMEMBERED = 8
_NOTES = 3
_LIKELY = 4
_ASKED = 200
_log = structlog.stdlib.get_logger(__name__)


class EvidenceCollector:
    """Turns a trigger into evidence.

    `fixes` returns the shipped fixes by fingerprint. `commands` returns the names of all commands.
    `traffic` shows when an action last worked.
    """

    def __init__(
        self,
        journal: Journal,
        checkout: Checkout,
        clock: Clock,
        memory: MemoryStore,
        *,
        lookback: timedelta,
        fixes: Callable[[], Awaitable[Mapping[str, ShippedFix]]] | None = None,
        commands: Callable[[], Collection[str]] = frozenset,
        traffic: TrafficLog | None = None,
    ) -> None:
        self._journal = journal
        self._checkout = checkout
        self._clock = clock
        self._memory = memory
        self._lookback = lookback
        self._fixes = fixes
        self.commands = commands
        self._traffic = traffic

    async def collect_checkout_state(self) -> Evidence:
        """Return evidence with only the commit of the running checkout.

        Raises `WorkspaceError`.
        """
        return Evidence(base=await self._checkout.get_head(), searched="what was merged")

    async def __call__(self, trigger: Trigger) -> Evidence:
        """Return the evidence for a request.

        Failures from before their fix came live are no evidence about the current code. Raises
        `JournalError`, `StoreError`, `WorkspaceError`.
        """
        found = await self.look_for(trigger)
        return await self._add_details(found, trigger) if found.groups or found.slow else found

    async def look_for(self, trigger: Trigger) -> Evidence:
        """Return only the matching failures, and what else failed.

        Raises what `__call__` raises.
        """
        fixes = await self._fixes() if self._fixes else {}
        named = await self._journal.get(trigger.error_id) if trigger.error_id else None
        present, ended = await self._split_by_fix(
            exclude_own_work(
                await self._journal.list_failures(since=self._clock.now() - self._lookback)
            ),
            fixes,
        )
        match = match_failures(trigger, present, named, self.commands())
        searched = f"{match.searched} (last {self._lookback / timedelta(hours=1):.0f} h)"
        found = Evidence(
            base=await self._checkout.get_head(),
            nearby=tuple(group for group in present if group not in match.groups)[:_GROUPS],
            likely=match.likely[:_LIKELY],
            idle=match.idle,
            named=match.named,
            change=match.change,
            searched=searched,
        )
        past_failure = find_failure_before_fix(trigger, match, named, ended, fixes, self.commands())
        if past_failure is not None:
            return found.replace(
                fix=fixes[past_failure.fingerprint], before_fix=past_failure, likely=()
            )
        if (before := find_fix(trigger, fixes.values())) is not None:
            recurring = tuple(group for group in present if group.event == before.event)[:_GROUPS]
            return found.replace(fix=before, groups=recurring, likely=(), named="in words")
        slow = await self._measure_slowness(named) if named and not match.groups else None
        fix = fixes.get(match.groups[0].fingerprint) if match.groups else None
        groups, since = match.groups[:_GROUPS], trigger.since
        if since is not None and fix is None:  # count from the incident's start, as it does
            now = {
                each.fingerprint: each for each in await self._journal.list_failures(since=since)
            }
            groups = tuple(now.get(each.fingerprint, each) for each in groups)
        return found.replace(groups=groups, slow=slow, fix=fix)

    async def list_recent_commands(self) -> tuple[str, ...]:
        """Return the cogs' commands that people used, newest first, each once."""
        used = (
            await self._traffic.list_since(self._clock.now() - self._lookback, limit=_ASKED)
            if self._traffic
            else ()
        )
        names = (get_command_name(each.event) for each in reversed(used) if each.cog)
        return tuple(dict.fromkeys(filter(None, names)))

    async def list_failures(self, since: datetime) -> tuple[FailureGroup, ...]:
        """Return the failures since then that no shipped fix has ended, most recent first.

        Raises `JournalError`, `StoreError`.
        """
        fixes = await self._fixes() if self._fixes else {}
        failed = exclude_own_work(await self._journal.list_failures(since=since))
        return (await self._split_by_fix(failed, fixes))[0]

    async def _add_details(self, found: Evidence, trigger: Trigger) -> Evidence:
        """Return the evidence with details of the failures, or of the slow action."""
        groups, slow = found.groups, found.slow
        since = trigger.since or self._clock.now() - self._lookback
        sites = _list_sites(groups[0].newest.error if groups else None)
        return found.replace(
            timeline=await self._load_timeline(_get_event(groups, slow)),
            excerpts=await self._read_excerpts(sites),
            suspects=await self._checkout.find_suspects(sites) if sites else (),
            memories=await self._recall(trigger, groups[0]) if groups else (),
            users=await self._count_users(groups[0], since) if groups else 0,
            worked=await self._find_last_success(groups[0], sites) if groups else None,
        )

    async def _find_last_success(
        self, group: FailureGroup, sites: tuple[tuple[str, int], ...]
    ) -> LastWorked | None:
        """Return when the action last worked before its failures, and what changed since.

        If the traffic cannot be read, the other evidence has to do.
        """
        if self._traffic is None:
            return None
        try:
            uses = await self._traffic.list_recent(group.event, limit=_ASKED)
        except StoreError as error:
            _log.warning("a failure is examined without recorded traffic: %s", error)
            return None
        worked = find_last_success(uses, group.first_seen)
        if worked is None or worked.commit is None:
            return None
        frames = tuple(dict.fromkeys(file for file, _ in sites))
        sources = {file: await self._checkout.read(file) or "" for file in frames}
        files = list_reached_files(frames, sources)
        changes = await self._checkout.list_changes_since(worked.commit, files)
        return LastWorked(at=worked.at, commit=worked.commit, changes=changes)

    async def _split_by_fix(
        self, failures: Sequence[FailureGroup], fixes: Mapping[str, ShippedFix]
    ) -> tuple[tuple[FailureGroup, ...], tuple[FailureGroup, ...]]:
        """Return the present failures, and those that a fix has ended.

        Of a failure that was seen after its fix, only the occurrences after the fix count.
        """
        present, ended = [], []
        for group in failures:
            fix = fixes.get(group.fingerprint)
            if fix is None:
                present.append(group)
            elif fix.live_at is None or fix.is_later_than(get_start_time(group.newest)):
                ended.append(group)
            else:
                since = await self._journal.list_failures(since=fix.live_at)
                present += [each for each in since if each.fingerprint == group.fingerprint]
        return tuple(present), tuple(ended)

    async def _recall(self, trigger: Trigger, group: FailureGroup) -> tuple[Recalled, ...]:
        """Return memories of similar failures, then people's notes that match.

        If the memory cannot be read, the result is empty and the run continues.
        """
        capsule = group.newest.error
        frame = capsule.innermost if capsule else None
        what = Recall(
            event=group.event,
            fingerprint=group.fingerprint,
            exception=capsule.exception if capsule else "",
            file=frame.file if frame else "",
            function=frame.function if frame else "",
            kinds=("fix", "lesson", "fault"),
            limit=_REMEMBERED,
        )
        words = (trigger.subject, group.newest.name, what.file, what.function, what.exception)
        notes = Recall(text=" ".join(words), kinds=("note",), limit=_NOTES)
        try:
            return (*await self._memory.recall(what), *await self._memory.recall(notes))
        except StoreError as error:
            _log.warning("a failure is examined without the memory: %s", error)
            return ()

    async def _count_users(self, group: FailureGroup, since: datetime) -> int:
        """Return how many users had the failure."""
        query = JournalQuery(fingerprint=group.fingerprint, since=since)
        return len({action.user for action in await self._journal.read(query)} - {None})

    async def _measure_slowness(self, named: Action) -> Slowness | None:
        """Return how long the action took recently and before."""
        since = self._clock.now() - min(self._lookback, _PACE)
        samples = await self._journal.list_samples(
            since=since, until=self._clock.now(), event=named.event
        )
        return measure_slowness(named, samples)

    async def _load_timeline(self, event: str | None) -> tuple[Action, ...]:
        if event is None:
            return ()
        query = JournalQuery(event=event, limit=_TIMELINE)
        return tuple(await self._journal.read(query))

    async def _read_excerpts(self, sites: tuple[tuple[str, int], ...]) -> tuple[SourceExcerpt, ...]:
        excerpts = []
        for file, line in sites:
            text = await self._checkout.read(file)
            if text is None:
                continue
            first = max(1, line - _LINES_AROUND)
            lines = text.splitlines()[first - 1 : line + _LINES_AROUND]
            excerpts.append(
                SourceExcerpt(file=file, first_line=first, text="\n".join(lines), highlight=line)
            )
        return tuple(excerpts)


def _get_event(groups: tuple[FailureGroup, ...], slow: Slowness | None) -> str | None:
    if groups:
        return groups[0].event
    return slow.newest.event if slow else None


def _list_sites(capsule: Capsule | None) -> tuple[tuple[str, int], ...]:
    """Return the frames' places, innermost first, each once."""
    if capsule is None:
        return ()
    return tuple(dict.fromkeys((frame.file, frame.line) for frame in reversed(capsule.frames)))
