"""Collects the evidence for a request from the journal, the source and its history."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import datetime, timedelta

import structlog

from bot.domain.errors import StoreError
from bot.domain.evidence import Evidence, LastWorked, SourceExcerpt
from bot.domain.input_contrast import find_contrast
from bot.domain.journal import Action, Capsule, FailureGroup, JournalQuery
from bot.domain.memory import Recall, Recalled
from bot.domain.request_match import FailureReference, RequestMatch
from bot.domain.run import Trigger
from bot.domain.slowness import Slowness
from bot.domain.traffic import TrafficRecord, find_last_success
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.memory import MemoryStore
from bot.ports.traffic import TrafficLog
from bot.ports.workspace import Checkout
from bot.self_improvement.checks.reached_files import list_reached_files

_LINES_AROUND = 14
_TIMELINE = 12
_REMEMBERED = 8
_NOTES = 3
_ASKED = 200
_log = structlog.stdlib.get_logger(__name__)


MatchRequest = Callable[[Trigger], Awaitable[Evidence]]
"""Returns the failures that a request refers to; see `bot.intake.failures.FailureMatcher`."""


@dataclass(frozen=True, eq=False)
class EvidenceCollector:
    """Turns a trigger into evidence. `traffic` shows when an action last worked."""

    journal: Journal
    checkout: Checkout
    clock: Clock
    memory: MemoryStore
    match: MatchRequest
    _: KW_ONLY
    lookback: timedelta
    traffic: TrafficLog | None = None

    async def collect_checkout_state(self) -> Evidence:
        """Return evidence with only the commit of the running checkout.

        Raises `WorkspaceError`.
        """
        return Evidence(base=await self.checkout.get_head(), searched="what was merged")

    async def __call__(self, trigger: Trigger) -> Evidence:
        """Return the evidence for a request, about the failures that the intake has matched.

        Only what was not matched yet is matched here: runs that the bot starts by itself, retried
        runs and those of older versions. Raises `JournalError`, `StoreError`, `WorkspaceError`.
        """
        if trigger.match is None:
            found = (await self.match(trigger)).replace(base=await self.checkout.get_head())
        else:
            found = await self._restore(trigger.match)
        if trigger.since is not None and found.fix is None:
            found = found.replace(groups=await self._count_since(trigger.since, found.groups))
        return await self._add_details(found, trigger) if found.groups or found.slow else found

    async def _restore(self, match: RequestMatch) -> Evidence:
        """Return the failures of a match with their records; those that were erased are left out.

        Only the ids are stored with the request, because the records are large.
        """
        before_fix = await self._restore_groups((match.before_fix,) if match.before_fix else ())
        return Evidence(
            base=await self.checkout.get_head(),
            groups=await self._restore_groups(match.groups),
            nearby=await self._restore_groups(match.nearby),
            likely=await self._restore_groups(match.likely),
            before_fix=before_fix[0] if before_fix else None,
            fix=match.fix,
            slow=match.slow,
            searched=match.searched,
            named=match.named,
            idle=match.idle,
            change=match.change,
        )

    async def _count_since(
        self, since: datetime, groups: tuple[FailureGroup, ...]
    ) -> tuple[FailureGroup, ...]:
        """Return the groups as counted since an incident's start, as the incident counts them."""
        failures = await self.journal.list_failures(since=since)
        counted = {each.fingerprint: each for each in failures}
        return tuple(counted.get(each.fingerprint, each) for each in groups)

    async def _restore_groups(
        self, references: Sequence[FailureReference]
    ) -> tuple[FailureGroup, ...]:
        records = [(each, await self.journal.get(each.newest)) for each in references]
        return tuple(each.restore(newest) for each, newest in records if newest is not None)

    async def _add_details(self, found: Evidence, trigger: Trigger) -> Evidence:
        """Return the evidence with details of the failures, or of the slow action."""
        groups, slow = found.groups, found.slow
        since = trigger.since or self.clock.now() - self.lookback
        sites = _list_sites(groups[0].newest.error if groups else None)
        return found.replace(
            timeline=await self._load_timeline(_get_event(groups, slow)),
            excerpts=await self._read_excerpts(sites),
            suspects=await self.checkout.find_suspects(sites) if sites else (),
            memories=await self._recall(trigger, groups[0]) if groups else (),
            users=await self._count_users(groups[0], since) if groups else 0,
        ).replace(**(await self._read_traffic(groups[0], sites) if groups else {}))

    async def _read_traffic(
        self, group: FailureGroup, sites: tuple[tuple[str, int], ...]
    ) -> dict[str, object]:
        """Return the parts of the evidence that recorded traffic shows.

        If it cannot be read, the other evidence has to do.
        """
        if self.traffic is None:
            return {}
        try:
            uses = await self.traffic.list_recent(group.event, limit=_ASKED)
        except StoreError as error:
            _log.warning("a failure is examined without recorded traffic: %s", error)
            return {}
        return {
            "worked": await self._find_last_success(uses, group, sites),
            "contrast": find_contrast(uses, group.fingerprint),
        }

    async def _find_last_success(
        self,
        uses: Sequence[TrafficRecord],
        group: FailureGroup,
        sites: tuple[tuple[str, int], ...],
    ) -> LastWorked | None:
        """Return when the action last worked before its failures, and what changed since."""
        worked = find_last_success(uses, group.first_seen)
        if worked is None or worked.commit is None:
            return None
        frames = tuple(dict.fromkeys(file for file, _ in sites))
        sources = {file: await self.checkout.read(file) or "" for file in frames}
        files = list_reached_files(frames, sources)
        changes = await self.checkout.list_changes_since(worked.commit, files)
        return LastWorked(at=worked.at, commit=worked.commit, changes=changes)

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
            return (*await self.memory.recall(what), *await self.memory.recall(notes))
        except StoreError as error:
            _log.warning("a failure is examined without the memory: %s", error)
            return ()

    async def _count_users(self, group: FailureGroup, since: datetime) -> int:
        """Return how many users had the failure."""
        query = JournalQuery(fingerprint=group.fingerprint, since=since)
        return len({action.user for action in await self.journal.read(query)} - {None})

    async def _load_timeline(self, event: str | None) -> tuple[Action, ...]:
        if event is None:
            return ()
        query = JournalQuery(event=event, limit=_TIMELINE)
        return tuple(await self.journal.read(query))

    async def _read_excerpts(self, sites: tuple[tuple[str, int], ...]) -> tuple[SourceExcerpt, ...]:
        excerpts = []
        for file, line in sites:
            text = await self.checkout.read(file)
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
