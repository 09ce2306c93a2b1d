"""Lists every kind of personal data that is stored, for how long, and how it is erased."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot.authority.personal_data import PersonalDataKind, PersonalDataService, Purge
from bot.domain.personal_data import DataSubject
from bot.domain.snapshot import CogSnapshot
from bot.goals.pursuit import PursuitRecords
from bot.goals.service import ObjectiveService
from bot.intake.answer_translations import MOST as MOST_TRANSLATIONS
from bot.intake.answer_translations import StoredTranslations
from bot.intake.corrections import MOST, Corrections
from bot.memory.chat_lines import ChatLines
from bot.memory.recall import MemoryService
from bot.monitoring import Monitoring
from bot.notices.records import NoticeRecords
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.key_value_store import KeyValueStore
from bot.ports.personal_data import ErasableData
from bot.ports.store import Store
from bot.ports.traffic import CatchUp, SnapshotStore, TrafficLog
from bot.self_improvement.reporting.viewed_files import MOST_RUNS
from bot.self_improvement.requests.feature_requests import FeatureRequestService
from bot.self_improvement.requests.gaps import MOST_GAPS, GapService
from bot.self_improvement.watch.feedback import FeedbackService
from bot.tools.stored_calls import KEPT_DAYS, StoredCalls
from bot.web import SavedSearchStore

_MOST_COUNTED = 10_000  # entries, or runs, that are counted


class RetentionPeriods(NamedTuple):
    """The retention periods in days; `lines` is a number of messages per channel."""

    journal: int
    runs: int
    audit: int
    lines: int


@dataclass(frozen=True)
class PersonalDataStores:
    """The stores of personal data, except those inside the agent and the monitoring."""

    journal: Journal
    traffic: TrafficLog
    snapshots: SnapshotStore
    catch_up: CatchUp
    store: Store
    key_values: KeyValueStore
    clock: Clock
    pseudonym: Callable[[int], str]
    audit_notes: ErasableData
    outbox: ErasableData
    transcripts: ErasableData
    viewed_files: ErasableData
    observed: ErasableData
    purges: Sequence[Purge] = ()


def build_personal_data(
    retention: RetentionPeriods,
    stores: PersonalDataStores,
    notes: MemoryService,
    feature_requests: FeatureRequestService,
    gaps: GapService,
    feedback: FeedbackService,
    corrections: Corrections,
    monitoring: Monitoring,
    objectives: ObjectiveService,
    pursuits: PursuitRecords,
    notices: NoticeRecords,
) -> PersonalDataService:
    """Return the service that shows people their stored data, and erases it."""
    kind = PersonalDataKind
    kinds = (
        *_list_usage_kinds(retention, stores),
        *_list_text_kinds(retention, stores, notes, corrections),
        kind(
            "wishes you are one of",
            "until they are shipped or forgotten",
            feature_requests.count_records,
            feature_requests.erase,
        ),
        kind(
            "requests of yours that I could not serve",
            f"the {MOST_GAPS} that most people miss",
            gaps.count_records,
            gaps.erase,
        ),
        kind(
            "👍 and 👎 on changes",
            "until it is told what people think",
            feedback.count_records,
            feedback.erase,
        ),
        kind(
            "reports of faults",
            "as long as the fault goes on, and 30 days more at most",
            monitoring.count_records,
            monitoring.erase,
        ),
        *_list_choice_kinds(objectives, pursuits, notices),
        kind(
            "texts of yours beside the audit log",
            f"for {retention.audit} days",
            stores.audit_notes.count_records,
            stores.audit_notes.erase,
        ),
        *_list_passing_kinds(stores),
        *_list_decision_kinds(retention, stores),
    )
    return PersonalDataService(
        kinds, stores.pseudonym, stores.store, stores.key_values, stores.clock, stores.purges
    )


def _list_choice_kinds(
    objectives: ObjectiveService, pursuits: PursuitRecords, notices: NoticeRecords
) -> tuple[PersonalDataKind, ...]:
    """Return the kinds that are what people have chosen for the bot, or for themselves."""
    return (
        PersonalDataKind(
            "goals you have set for me",
            "until they are removed",
            objectives.count_records,
            objectives.erase,
        ),
        PersonalDataKind(
            "that you let me work towards the goals",
            "until somebody else does",
            pursuits.count_records,
            pursuits.erase,
        ),
        PersonalDataKind(
            "what you have chosen to be told, and reminders",
            "until you choose otherwise; reminders until they are sent",
            notices.count_records,
            notices.erase,
        ),
    )


def _list_text_kinds(
    retention: RetentionPeriods,
    stores: PersonalDataStores,
    notes: MemoryService,
    corrections: Corrections,
) -> tuple[PersonalDataKind, ...]:
    """Return the kinds that are what people said to the bot."""
    talk, kind = ChatLines(stores.key_values), PersonalDataKind
    saved = SavedSearchStore(stores.key_values)
    calls = StoredCalls(stores.key_values, stores.clock)
    translations = StoredTranslations(stores.key_values)
    return (
        kind(
            "lines of what you said to me, and I answered",
            f"the last {retention.lines} of each channel",
            talk.count_records,
            talk.erase,
        ),
        kind(
            "notes you had me remember",
            "until they are forgotten",
            notes.count_records,
            notes.erase,
        ),
        kind(
            "sentences of yours that I took for something else",
            f"the newest {MOST} of all people",
            corrections.count_records,
            corrections.erase,
        ),
        kind(
            "answers of mine in other languages, of all people, which may quote you",
            f"the newest {MOST_TRANSLATIONS}; erasing empties them",
            translations.count_records,
            translations.erase,
        ),
        kind(
            "searches you saved in the dashboard",
            "until you remove them",
            saved.count_records,
            saved.erase,
        ),
        kind(
            "calls of acting tools that your requests led to",
            f"for {KEPT_DAYS} days",
            calls.count_records,
            calls.erase,
        ),
    )


def _list_passing_kinds(stores: PersonalDataStores) -> tuple[PersonalDataKind, ...]:
    """Return the kinds that are kept for a short time only."""
    return (
        PersonalDataKind(
            "messages about you that wait to be sent",
            "until they are sent",
            stores.outbox.count_records,
            stores.outbox.erase,
        ),
        PersonalDataKind(
            "lines of live transcripts, any of which may quote somebody",
            "until the bot restarts",
            stores.transcripts.count_records,
            stores.transcripts.erase,
        ),
        PersonalDataKind(
            "which files of proposals you have viewed on the dashboard",
            f"of the last {MOST_RUNS} proposals",
            stores.viewed_files.count_records,
            stores.viewed_files.erase,
        ),
    )


def _list_usage_kinds(
    retention: RetentionPeriods, stores: PersonalDataStores
) -> tuple[PersonalDataKind, ...]:
    """Return the kinds of data about a person's use of commands.

    The copies of files come first, because they have to be erased first: only the journal records,
    which are erased later, say whose copies they are.
    """
    period = f"for {retention.journal} days"
    copies = _FailureCopies(stores.journal, stores.snapshots)

    async def count_uses(subject: DataSubject) -> int:
        await stores.catch_up()
        return await stores.traffic.count_records(subject)

    async def erase_uses(subject: DataSubject) -> int:
        await stores.catch_up()
        return await stores.traffic.erase(subject)

    async def count_records(subject: DataSubject) -> int:
        return len(await stores.journal.list_record_ids(subject))

    return (
        PersonalDataKind(
            "copies of a cog's files after a failure that hold something of you",
            period,
            copies.count_records,
            copies.erase,
        ),
        PersonalDataKind("uses of commands, to be played again", period, count_uses, erase_uses),
        PersonalDataKind("records in my journal", period, count_records, stores.journal.erase),
        PersonalDataKind(
            "records in the journals of other bots that name you",
            period,
            stores.observed.count_records,
            stores.observed.erase,
        ),
    )


def _list_decision_kinds(
    retention: RetentionPeriods, stores: PersonalDataStores
) -> tuple[PersonalDataKind, ...]:
    """Return what stays: by it people see who asked for which change, and who let it ship."""

    async def count_runs(subject: DataSubject) -> int:
        known = await stores.store.find(limit=_MOST_COUNTED)
        return sum(run.trigger.person.id == subject.id for run in known)

    async def count_entries(subject: DataSubject) -> int:
        return len(await stores.store.list_audit_entries(person_id=subject.id, limit=_MOST_COUNTED))

    return (
        PersonalDataKind(
            "runs you asked for, with your words", f"for {retention.runs} days", count_runs
        ),
        PersonalDataKind(
            "entries in the audit log, without their texts",
            f"for {retention.audit} days",
            count_entries,
        ),
    )


@dataclass(frozen=True, eq=False)
class _FailureCopies:
    """Copies of cogs' files that were made at a person's failure, or that contain their id."""

    journal: Journal
    snapshots: SnapshotStore

    async def count_records(self, subject: DataSubject) -> int:
        return len(await self._find_snapshots(subject))

    async def erase(self, subject: DataSubject) -> int:
        theirs = await self._find_snapshots(subject)
        await self.snapshots.remove(theirs)
        return len(theirs)

    async def _find_snapshots(self, subject: DataSubject) -> list[CogSnapshot]:
        failures = set(await self.journal.list_record_ids(subject))
        return list(await self.snapshots.list_for_person(subject, failures))
