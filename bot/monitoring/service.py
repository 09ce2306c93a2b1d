"""`Monitoring`: the interface of monitoring for the rest of the program."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog

from bot.authority.autonomy_levels import Autonomy
from bot.authority.policy import Act
from bot.authority.quiet_state import QuietState
from bot.domain.charts import TimeChart
from bot.domain.conduct import ConductRules
from bot.domain.errors import PortError, StoreError, WrongStage
from bot.domain.incident import Incident
from bot.domain.monitoring_config import IncidentsConfig
from bot.domain.people import Person
from bot.domain.personal_data import DataSubject
from bot.domain.restart import RestartReport
from bot.domain.target import OWN_TARGET
from bot.domain.thresholds import Thresholds
from bot.monitoring.anomaly_classifier import AnomalyClassifier
from bot.monitoring.auto_run_starter import AutoRunStarter
from bot.monitoring.conduct_incidents import ConductIncidents
from bot.monitoring.digests import Digests
from bot.monitoring.failure_reports import FailureReports
from bot.monitoring.incident_acts import IncidentActs
from bot.monitoring.incident_charts import IncidentCharts, chart_of
from bot.monitoring.incident_comments import CommentStore
from bot.monitoring.incident_notifier import IncidentNotifier
from bot.monitoring.incident_repository import IncidentRepository
from bot.monitoring.incidents import IncidentTracker
from bot.monitoring.journal_follower import JournalFollower
from bot.monitoring.rollback_incidents import RollbackIncidents
from bot.monitoring.target_records import choose_records
from bot.monitoring.triage_review import TriageReview
from bot.notices.preferences import NoticePreferences
from bot.periodic import log_warnings, run_periodically, run_until_success
from bot.ports.charts import Charts
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.key_value_store import KeyValueStore
from bot.ports.store import Store
from bot.self_improvement import SelfImprovementAgent, ShippedFixes

_SETTLE_SECONDS = 5.0
_CONDUCT_SECONDS = 300.0
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class MonitoringServices:
    """The ports that monitoring uses. Without `charts`, messages have no pictures;
    without `store`, no rule looks at the bot's own runs.

    `running` returns the commit of the running code; empty if it is not exactly one commit.
    """

    journal: Journal
    key_values: KeyValueStore
    chat: Chat
    clock: Clock
    charts: Charts | None = None
    store: Store | None = None
    running: Callable[[], str] = str
    quiet: QuietState | None = None
    preferences: NoticePreferences | None = None


@dataclass(frozen=True)
class MonitoringRules:
    """The settings of monitoring: thresholds, announcements, autonomy and places."""

    thresholds: Thresholds
    incidents: IncidentsConfig
    autonomy: Autonomy
    dev_channel_id: int
    guild_id: int | None = None
    target: str = OWN_TARGET
    conduct: ConductRules = field(default_factory=ConductRules)


class Monitoring:
    """Follows the journal, opens and announces incidents, and starts runs about them.

    `others` monitor the other targets; their incidents are found here too.
    """

    def __init__(
        self,
        services: MonitoringServices,
        agent: SelfImprovementAgent,
        fixes: ShippedFixes,
        rules: MonitoringRules,
        others: Sequence["Monitoring"] = (),
    ) -> None:
        clock, config, thresholds = services.clock, rules.incidents, rules.thresholds
        channel_id = rules.dev_channel_id
        key_values = choose_records(services.key_values, rules.target)
        self._others = others
        self._agent = agent
        self._fixes = fixes
        self._clock = clock
        self._rules = rules
        self._loaded = asyncio.Event()
        repository = self.incident_repository = IncidentRepository(key_values, rules.target)
        self._rollbacks = RollbackIncidents(repository, clock, services.running)
        self._conduct = (
            ConductIncidents(repository, services.store, clock, rules.conduct)
            if services.store is not None and rules.target == OWN_TARGET
            else None
        )
        classifier = AnomalyClassifier(services.journal)
        self._triage_review = TriageReview(repository, classifier, clock)
        self._incidents = IncidentTracker(repository, classifier, clock, config, thresholds)
        self._journal_follower = JournalFollower(
            services.journal, key_values, clock, thresholds, repository, self._incidents
        )
        charts = services.charts if config.charts else None
        self._incident_charts = IncidentCharts(repository, charts, self._build_sketch, clock)
        self._auto_run_starter = AutoRunStarter(
            repository, agent, rules.autonomy, clock,
            guild_id=rules.guild_id, dev_channel_id=channel_id,
        )  # fmt: skip
        self._digests = Digests(repository, config, services.quiet)
        self._incident_notifier = IncidentNotifier(
            repository, self._digests, self._auto_run_starter, self._incident_charts, agent,
            services.chat, clock, dev_channel_id=channel_id,
        )  # fmt: skip
        comments = self._comments = CommentStore(key_values)
        self._acts = IncidentActs(
            repository, comments, agent.permit, agent.list_readable, clock, rules.target
        )
        self.reports = FailureReports(
            repository, fixes, key_values, services.chat, clock, services.preferences
        )

    def reconfigure(
        self, thresholds: Thresholds, incidents: IncidentsConfig, autonomy: Autonomy
    ) -> IncidentsConfig:
        """Use these settings from now on, and return the incident settings in force.

        The setting for charts does not change before a restart. `autonomy` is what is granted now.
        """
        config = incidents.replace(charts=self._rules.incidents.charts)
        if thresholds != self._rules.thresholds:
            self._journal_follower.reconfigure(thresholds)
        self._rules = replace(
            self._rules, thresholds=thresholds, incidents=config, autonomy=autonomy
        )
        self._incidents.reconfigure(config, thresholds)
        self._digests.reconfigure(config)
        self._auto_run_starter.reconfigure(autonomy)
        for each in self._others:
            each.reconfigure(thresholds, incidents, autonomy)
        return config

    async def run_forever(self) -> None:
        """Load what an earlier process left, then monitor until cancelled."""
        failed = log_warnings(_log, "the incidents could not be read; I will try again")
        await run_until_success(self.incident_repository.load, self._clock, failed=failed)
        self._loaded.set()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._journal_follower.run_forever(), name="journal-follower")
            group.create_task(self._settle_forever(), name="shipped fixes")
            group.create_task(self._review_forever(), name="triage-review")
            if self._conduct is not None:
                group.create_task(self._watch_forever(self._conduct), name="own conduct")
            group.create_task(self._incident_notifier.run_forever(), name="incident-notifier")
            group.create_task(self._incident_charts.run_forever(), name="incident-charts")
            for each in self._others:
                group.create_task(each.run_forever(), name=f"monitoring of {each.target}")

    async def _settle_forever(self) -> None:
        failed = log_warnings(_log, "the shipped fixes could not be read; I will try again")
        await run_periodically(
            self._settle, self._clock, _SETTLE_SECONDS, tolerated=StoreError, failed=failed
        )

    async def _watch_forever(self, conduct: ConductIncidents) -> None:
        failed = log_warnings(_log, "the bot's own runs could not be judged; I will try again")
        await run_periodically(
            conduct.look, self._clock, _CONDUCT_SECONDS, tolerated=StoreError, failed=failed
        )

    async def _review_forever(self) -> None:
        failed = log_warnings(
            _log, "the triage of an incident could not be reviewed; I will try again"
        )
        await run_periodically(
            self._triage_review.turn, self._clock, _SETTLE_SECONDS, tolerated=PortError,
            failed=failed,
        )  # fmt: skip

    async def _settle(self) -> None:
        if self.incident_repository.incidents:
            self._incidents.settle(await self._fixes())
            await self._rollbacks.settle()
        await self.reports.look()

    # What users see and ask for

    @property
    def target(self) -> str:
        """The name of the bot that is monitored."""
        return self._rules.target

    @property
    def others(self) -> Sequence["Monitoring"]:
        """What monitors the other targets."""
        return self._others

    @property
    def dev_channel_id(self) -> int:
        """The channel in which incidents are announced."""
        return self._rules.dev_channel_id

    def list_incidents(self) -> tuple[Incident, ...]:
        """Return the open and the recent incidents, newest first."""
        own = reversed(self.incident_repository.incidents)
        if not self._others:
            return tuple(own)
        every = [*own, *(each for other in self._others for each in other.list_incidents())]
        return tuple(sorted(every, key=lambda each: (each.opened_at, each.id), reverse=True))

    def find(self, incident_id: str) -> Incident:
        """Return the incident. Raises `WrongStage` if no incident has that id."""
        wanted = incident_id.strip().lower()
        found = self._find_owner(wanted).incident_repository.get(wanted)
        if found is None:
            raise WrongStage(f"There is no incident `{incident_id[:20]}`.")
        return found

    def has_incident(self, incident_id: str) -> bool:
        """Return whether an incident has that id."""
        wanted = incident_id.strip().lower()
        return self._find_owner(wanted).incident_repository.get(wanted) is not None

    def _find_owner(self, incident_id: str) -> "Monitoring":
        """Return what monitors the target of an incident; for an unknown one, this."""
        for each in self._others:
            if each.incident_repository.get(incident_id) is not None:
                return each
        return self

    def is_announced(self, incident: Incident) -> bool:
        """Return whether the chat has announced the incident since it began or last came back."""
        return self._find_owner(incident.id)._incident_notifier.has_announced(incident)

    async def start_run(self, incident_id: str) -> Incident:
        """Start a run about the incident if the rules of autonomous work allow one; return it.

        Its `level` says why none was started. Raises `WrongStage` if there is no such incident.
        """
        owner = self._find_owner(incident_id)
        await owner._auto_run_starter.start_if_allowed(self.find(incident_id).id)
        return self.find(incident_id)

    def get_acts(self, incident_id: str) -> IncidentActs:
        """Return the acts on the incidents of the target that has this one; if unknown, of ours."""
        return self._find_owner(incident_id.strip(" `").lower())._acts

    def find_by_message(self, message_id: int) -> Incident | None:
        """Return the open or recent incident that this message of the bot announces."""
        for each in self.list_incidents():
            if each.message is not None and each.message.message_id == message_id:
                return each
        return None

    async def close(self, incident_id: str, person: Person) -> Incident:
        """Close an incident that does not close by itself.

        Raises `NotAuthorized`, `WrongStage`, `StoreError`.
        """
        await self._agent.permit(person, Act.STEER, note=f"close incident {incident_id[:20]}")
        incident = self.find(incident_id)
        if incident.conduct is not None and self._conduct is not None:
            return await self._conduct.close(incident, person)
        return await self._rollbacks.close(incident, person)

    async def open_rollback_incident(self, report: RestartReport) -> None:
        """Open the incident of a code rollback, once the stored incidents are loaded.

        Raises `StoreError`.
        """
        await self._loaded.wait()
        await self._rollbacks.open(report)

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many reports, comments and decisions on faults are the person's.

        Raises `StoreError`.
        """
        on_incidents = await self.incident_repository.count_records(subject)
        on_incidents += await self._comments.count_records(subject)
        elsewhere = sum([await each.count_records(subject) for each in self._others])
        return on_incidents + await self.reports.count_of(subject) + elsewhere

    async def erase(self, subject: DataSubject) -> int:
        """Forget the person's part in incidents; return how many records. Raises `StoreError`."""
        count = await self.count_records(subject)
        await self.incident_repository.erase(subject)
        await self._comments.erase(subject)
        await self.reports.erase(subject)
        for each in self._others:
            await each.erase(subject)
        return count

    def _build_sketch(self, incident: Incident) -> TimeChart | None:
        return chart_of(incident, self._journal_follower.detector)
