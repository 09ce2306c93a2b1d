"""The stores of personal data of this bot, made from open ports and the configuration."""

from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.sqlite_memory import SqlMemory
from bot.adapters.sqlite_store import SqlOutbox, SqlStore
from bot.app.personal_data import PersonalDataStores, RetentionPeriods, build_personal_data
from bot.app.resources import TrafficServices
from bot.app.target_journals import TargetJournals
from bot.app.targets import OpenedTargets
from bot.authority.personal_data import PersonalDataService
from bot.goals.pursuit import PursuitRecords
from bot.goals.service import ObjectiveService
from bot.intake.corrections import Corrections
from bot.memory.recall import MemoryService
from bot.monitoring import Monitoring
from bot.notices.records import NoticeRecords
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.self_improvement.reporting.run_transcripts import RunTranscripts
from bot.self_improvement.reporting.viewed_files import ViewedFileService
from bot.self_improvement.requests.feature_requests import FeatureRequestService
from bot.self_improvement.requests.gaps import GapService
from bot.self_improvement.watch.feedback import FeedbackService
from bot.settings import Settings
from bot.telemetry import Recorder


def build_own_personal_data(
    settings: Settings,
    clock: Clock,
    journal: NdjsonJournal,
    targets: TargetJournals,
    opened: OpenedTargets,
    traffic: TrafficServices,
    recorder: Recorder,
    store: SqlStore,
    outbox: SqlOutbox,
    key_values: KeyValueStore,
    memory: SqlMemory,
    notes: MemoryService,
    feature_requests: FeatureRequestService,
    gaps: GapService,
    feedback: FeedbackService,
    corrections: Corrections,
    monitoring: Monitoring,
    transcripts: RunTranscripts,
    viewed_files: ViewedFileService,
    objectives: ObjectiveService,
    pursuits: PursuitRecords,
    notices: NoticeRecords,
) -> PersonalDataService:
    """Return the service that shows people what the bot stores of them, and erases it."""
    kept_in = PersonalDataStores(
        journal=journal,
        traffic=traffic.log,
        snapshots=traffic.snapshots,
        catch_up=traffic.catch_up,
        store=store,
        key_values=key_values,
        clock=clock,
        pseudonym=recorder.get_pseudonym,
        audit_notes=store.audit_notes,
        outbox=outbox,
        transcripts=transcripts,
        viewed_files=viewed_files,
        observed=targets,
        purges=(
            *(journal.purge, targets.purge, traffic.log.purge, memory.purge, store.purge),
            *(each.get(SqlMemory).purge for each in opened.injectors.values()),
        ),
    )
    config = settings.config
    kept_for = RetentionPeriods(
        journal=config.journal.keep_days,
        runs=config.runs.keep_days,
        audit=config.audit.keep_days,
        lines=config.chat.remembered,
    )
    return build_personal_data(
        kept_for, kept_in, notes, feature_requests, gaps, feedback, corrections, monitoring,
        objectives, pursuits, notices,
    )  # fmt: skip
