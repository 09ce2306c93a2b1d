"""The records that answer questions about the bot: runs, incidents, failures, use, costs."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.budget.enforcement import BudgetEnforcer
from bot.detection.use import use_of
from bot.domain.cost import Cost
from bot.domain.errors import UnknownRun
from bot.domain.gaps import GAP, CapabilityGap, sort_gaps
from bot.domain.history import History
from bot.domain.incident import INCIDENT, Incident
from bot.domain.journal import FailureGroup, Kind
from bot.domain.run import Run
from bot.domain.run_cases import FileHistory
from bot.domain.samples import OWN_KINDS, Sample
from bot.domain.target import OWN_TARGET
from bot.domain.target_errors import TargetMissing
from bot.domain.use import EventUse
from bot.grammar.likeness import find_fitting_failures, find_named_commands
from bot.grammar.spans import TimeSpan
from bot.learning.graph import describe_file, find_files
from bot.learning.lessons import load_cases
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.key_value_store import KeyValueStore
from bot.ports.store import Store
from bot.ports.workspace import Checkout
from bot.self_improvement.watch.shipped_fixes import ShippedFixes

_LOOKED_AT = 300  # of the newest runs
_GROUPS = 200
_RETENTION = timedelta(days=400)
_DAY = timedelta(days=1)


@dataclass(frozen=True, eq=False)
class QuestionRecords:
    """Reads the records of one bot, the one whose `fixes` they are.

    `commands` returns the names of all its commands, without the slash. `key_values` has its
    incidents.
    """

    store: Store
    clock: Clock
    journal: Journal
    key_values: KeyValueStore
    checkout: Checkout | None
    budget: BudgetEnforcer | None
    fixes: ShippedFixes
    commands: Callable[[], Collection[str]]

    @property
    def now(self) -> datetime:
        """The current time."""
        return self.clock.now()

    async def get_history(self, run_id: str) -> History:
        """Return the records of a run."""
        return await self.store.get_history(run_id)

    async def list_runs(self) -> tuple[Run, ...]:
        """Return the newest runs for this bot, newest first."""
        runs = await self.store.find(limit=_LOOKED_AT)
        return tuple(run for run in runs if run.trigger.target == self.fixes.target)

    async def find_run(self, run_id: str | None, number: int | None) -> Run:
        """Return the run with that id, or the newest that proposed that number.

        Raises `UnknownRun`.
        """
        if run_id is not None:
            return await self.store.get(run_id)
        found = await self.find_newest(
            lambda h: h.proposal is not None and h.proposal.number == number
        )
        if found is None:
            raise UnknownRun(f"I know of no run that proposed #{number}. `/runs list` shows them.")
        return found

    async def find_newest(self, fits: Callable[[History], bool]) -> Run | None:
        """Return the newest run whose history satisfies `fits`; `None` if none does."""
        async for run, history in self.iterate_histories():
            if fits(history):
                return run
        return None

    async def iterate_histories(self) -> AsyncIterator[tuple[Run, History]]:
        """Yield the newest runs with their histories, newest first, each loaded on demand."""
        for run in await self.list_runs():
            yield run, await self.get_history(run.id)

    async def list_shipped(self) -> list[tuple[Run, History]]:
        """Return the runs that shipped something, newest shipment first."""
        runs = await self.list_runs()
        known = await self.store.get_histories([run.id for run in runs])
        merged = [
            (history.shipment.at, run, history)
            for run in runs
            if (history := known.get(run.id)) is not None and history.shipment is not None
        ]
        merged.sort(key=lambda each: each[0], reverse=True)
        return [(run, history) for _, run, history in merged]

    async def sum_costs(self, span: TimeSpan | None) -> Cost | None:
        """Return the ledger's total for models, by UTC days; `None` without a ledger."""
        if self.budget is None:
            return None
        ledger = self.budget.ledger
        if span is None:
            return await ledger.sum_costs()
        total = Cost()
        for each in await ledger.sum_charges(since=span.since):
            if span.since.date() <= each.day <= (span.until - timedelta(microseconds=1)).date():
                total = total.add(each)
        return total

    async def describe_files(self, wanted: str) -> tuple[FileHistory, ...]:
        """Return what tends to break with the files that a name can mean."""
        cases = await load_cases(self.key_values)
        return tuple(describe_file(cases, file) for file in find_files(cases, wanted))

    async def list_incidents(self) -> list[Incident]:
        """Return every stored incident of this bot, most recently seen first."""
        found = await self.key_values.list_records(INCIDENT, Incident)
        return sorted(found, key=lambda each: each.last_at, reverse=True)

    async def list_gaps(self) -> tuple[CapabilityGap, ...]:
        """Return the requests that could not be served, the highest rank first."""
        return sort_gaps(await self.key_values.list_records(GAP, CapabilityGap))

    async def list_failures(self, span: TimeSpan, subject: str = "") -> list[FailureGroup]:
        """Return users' failures in the span; with a `subject`, only those that match it."""
        found = await self.journal.list_failures(since=span.since, limit=_GROUPS)
        groups = [
            each
            for each in found
            if each.newest.kind not in OWN_KINDS and each.first_seen <= span.until
        ]
        if not subject:
            return groups
        named = self.match_commands(subject)
        if named:
            return [
                each
                for each in groups
                if each.newest.kind is Kind.COMMAND and each.newest.name in named
            ]
        fits = find_fitting_failures(subject, groups, self.commands())
        return list(fits.certain or fits.likely)

    async def filter_unfixed(self, groups: Sequence[FailureGroup]) -> list[FailureGroup]:
        """Return the failures without those not seen since their fix came live."""
        fixes = await self.fixes()
        ended = {key: fix.live_at for key, fix in fixes.items() if fix.live_at is not None}
        return [
            each
            for each in groups
            if each.fingerprint not in ended or each.last_seen > ended[each.fingerprint]
        ]

    async def count_uses(self, span: TimeSpan, subject: str = "") -> list[EventUse]:
        """Return how often commands were used in the span, most used first."""
        names = self.match_commands(subject) if subject else frozenset(self.commands())
        seen = await self._load_samples({f"{Kind.COMMAND}.{name}" for name in names}, span)
        uses = [use_of(event, (), seen[event]) for event in sorted(seen)]
        return sorted((each for each in uses if each.uses), key=lambda each: -each.uses)

    async def _load_samples(
        self, events: Collection[str], span: TimeSpan
    ) -> dict[str, list[Sample]]:
        """Return the samples of these events. Each day is read once for all events."""
        found: dict[str, list[Sample]] = {}
        one = next(iter(events)) if len(events) == 1 else None
        since = span.since
        while since <= span.until:
            until = min(since + _DAY, span.until)
            for each in await self.journal.list_samples(since=since, until=until, event=one):
                if each.event in events:
                    found.setdefault(each.event, []).append(each)
            since = until + timedelta(microseconds=1)
        return found

    def match_commands(self, subject: str) -> frozenset[str]:
        """Return the commands that a text names: by slash, by words, or all of a group."""
        known = self.commands()
        if subject.startswith("/"):
            name = subject[1:].lower()
            same = {each for each in known if each == name or each.startswith(f"{name} ")}
            return frozenset(same or {name})
        groups = {each.partition(" ")[0] for each in known}
        heads = find_named_commands(subject, groups)
        of_heads = {each for each in known if each.partition(" ")[0] in heads}
        return find_named_commands(subject, known) or frozenset(of_heads)

    async def get_head(self) -> str:
        """Return the commit of the running checkout; empty if there is no checkout."""
        checkout = self.checkout
        return await checkout.get_head() if checkout is not None else ""

    def get_recent_span(self, days: float) -> TimeSpan:
        """Return the span of the last `days`."""
        count = f"{days:g} days" if days != 1 else "24 hours"
        return TimeSpan(self.now - timedelta(days=days), self.now, f"in the last {count}")

    def get_full_span(self) -> TimeSpan:
        """Return the span of all records."""
        return TimeSpan(self.now - _RETENTION, self.now, "as far as I remember")


@dataclass(frozen=True, eq=False)
class RecordsByTarget:
    """The records of Theseus itself, and those of the other bots by name."""

    own: QuestionRecords
    others: Mapping[str, QuestionRecords | None]

    def get(self, target: str) -> QuestionRecords:
        """Return the records of a bot. Raises `TargetMissing` if it cannot be worked on."""
        if target == OWN_TARGET:
            return self.own
        found = self.others.get(target)
        if found is None:
            raise TargetMissing(f"I have no records of {target} that I could answer from.")
        return found
