"""Observe: gather what the journal, the source and its history say. Deterministic, no model."""

from datetime import timedelta

from bot.domain.evidence import Evidence, SourceExcerpt
from bot.domain.journal import Action, Capsule, FailureGroup, JournalQuery, Kind
from bot.domain.matching import ranked
from bot.domain.run import Trigger
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.workspace import Checkout

_LINES_AROUND = 14
_TIMELINE = 12
_GROUPS = 3


class Observe:
    """Turns a trigger into evidence."""

    def __init__(
        self, journal: Journal, checkout: Checkout, clock: Clock, *, lookback: timedelta
    ) -> None:
        self._journal = journal
        self._checkout = checkout
        self._clock = clock
        self._lookback = lookback

    async def __call__(self, trigger: Trigger) -> Evidence:
        """Return the evidence for what was asked. Raises `JournalError`, `WorkspaceError`."""
        since = self._clock.now() - self._lookback
        failures = tuple(
            group
            for group in await self._journal.failures(since=since)
            if group.newest.kind is not Kind.RUN  # our own work on the code is not what people mean
        )
        groups, searched = await self._matching(trigger, failures)
        capsule = groups[0].newest.error if groups else None
        sites = _sites(capsule)
        return Evidence(
            base=await self._checkout.head(),
            groups=groups[:_GROUPS],
            nearby=tuple(group for group in failures if group not in groups)[:_GROUPS],
            timeline=await self._timeline(groups[0]) if groups else (),
            excerpts=await self._excerpts(sites),
            suspects=await self._checkout.suspects(sites) if sites else (),
            searched=f"{searched} (last {self._lookback / timedelta(hours=1):.0f} h)",
        )

    async def _matching(
        self, trigger: Trigger, failures: tuple[FailureGroup, ...]
    ) -> tuple[tuple[FailureGroup, ...], str]:
        if trigger.error_id:
            named = await self._journal.get(trigger.error_id)
            if named and named.error:
                return _with_fingerprint(failures, named), f"the error `{trigger.error_id}`"
            if not trigger.subject:
                return (), f"the error `{trigger.error_id}`"
        if trigger.subject:
            return ranked(trigger.subject, failures), f"failures that fit “{trigger.subject}”"
        here = {trigger.place.channel_id, trigger.place.thread_id} - {None}
        local = tuple(group for group in failures if group.newest.channel_id in here)
        return (local or failures)[:1], "the most recent failure"

    async def _timeline(self, group: FailureGroup) -> tuple[Action, ...]:
        query = JournalQuery(event=group.event, limit=_TIMELINE)
        return tuple(await self._journal.read(query))

    async def _excerpts(self, sites: tuple[tuple[str, int], ...]) -> tuple[SourceExcerpt, ...]:
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


def _sites(capsule: Capsule | None) -> tuple[tuple[str, int], ...]:
    """Return the frames' places, innermost first, each once."""
    if capsule is None:
        return ()
    return tuple(dict.fromkeys((frame.file, frame.line) for frame in reversed(capsule.frames)))


def _with_fingerprint(
    failures: tuple[FailureGroup, ...], named: Action
) -> tuple[FailureGroup, ...]:
    capsule = named.error
    if capsule is None:
        return ()
    same = tuple(group for group in failures if group.fingerprint == capsule.fingerprint)
    return same or (
        FailureGroup(
            fingerprint=capsule.fingerprint,
            event=named.event,
            count=1,
            first_seen=named.ts,
            last_seen=named.ts,
            newest=named,
            action_ids=(named.id,),
        ),
    )
