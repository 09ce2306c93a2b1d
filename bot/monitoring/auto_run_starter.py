"""Starts runs about incidents without being asked, as far as the autonomy level allows."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.authority.autonomy_levels import Autonomy, Level, find_level
from bot.domain.errors import Paused, TheseusError, UnknownRun
from bot.domain.incident import Incident
from bot.domain.people import ITSELF, Place
from bot.domain.run import Goal, Run, Trigger
from bot.monitoring.earlier_runs import UNSUCCESSFUL, EarlierRuns, has_lapsed
from bot.monitoring.incident_repository import IncidentRepository
from bot.ports.clock import Clock
from bot.self_improvement import SelfImprovementAgent
from bot.triage import Origin

_SHORT_DELAY = timedelta(seconds=5)  # while another run does not know its failure yet
_RETRY_DELAY = timedelta(minutes=1)
_LONG_DELAY = timedelta(minutes=10)  # after a start that failed
_GOALS: dict[Level, Goal] = {Level.INVESTIGATE: "investigate", Level.PROPOSE: "fix"}
_REPORT_ONLY = "I only report this incident: {}."
_LEVEL_TEXTS = {
    Level.REPORT: _REPORT_ONLY,
    Level.INVESTIGATE: "I only investigate by myself: {}.",
    Level.PROPOSE: "I investigate, and propose a fix if I can prove one.",
}
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class _Decision:
    """The decision how far to go. No goal means: announce the incident only.

    `why` is for people.
    """

    goal: Goal | None
    why: str


class AutoRunStarter:
    """Starts at most one run per incident, through the agent's `start_itself`."""

    def __init__(
        self,
        incident_repository: IncidentRepository,
        agent: SelfImprovementAgent,
        autonomy: Autonomy,
        clock: Clock,
        *,
        dev_channel_id: int,
        guild_id: int | None,
    ) -> None:
        self._incident_repository = incident_repository
        self._agent = agent
        self._previous = EarlierRuns(incident_repository, agent)
        self._autonomy = autonomy
        self._clock = clock
        self._dev_channel_id = dev_channel_id
        self._guild_id = guild_id
        self._not_before: dict[str, datetime] = {}

    def reconfigure(self, autonomy: Autonomy) -> None:
        """Use this autonomy from now on."""
        self._autonomy = autonomy

    def record_level(self, incident_id: str) -> None:
        """Record how far the bot will go, so that the first message can say so."""
        incident = self._incident_repository.get(incident_id)
        if incident is not None and incident.run_id is None:
            self._incident_repository.change(incident_id, level=self._choose_goal(incident).why)

    async def start_if_allowed(self, incident_id: str) -> None:
        """Start a run about an announced incident if it has none and the rules allow one."""
        incident, now = self._incident_repository.get(incident_id), self._clock.now()
        if incident is None:
            return
        if incident.is_muted(now) or now < self._not_before.get(incident_id, now):
            return
        self._not_before[incident_id] = now + _RETRY_DELAY
        if incident.run_id is not None and not await self._can_retry(incident.run_id, now):
            return
        decision = self._choose_goal(incident)
        if decision.goal is None:
            self._incident_repository.change(incident_id, level=decision.why)
            return
        earlier = await self._previous.look(incident, now)
        if earlier.run is not None:
            self._incident_repository.change(incident_id, run_id=earlier.run.id)
        elif earlier.why:
            self._incident_repository.change(incident_id, level=earlier.why)
        elif earlier.unclear:
            self._not_before[incident_id] = now + _SHORT_DELAY
        else:
            async with self._incident_repository.starting:
                await self._start(incident_id, decision.goal, decision.why)

    async def _start(self, incident_id: str, goal: Goal, why: str) -> None:
        incident = self._incident_repository.get(incident_id)
        if incident is None or not incident.open:
            return
        if incident.run_id is not None and not await self._can_retry(
            incident.run_id, self._clock.now()
        ):
            return  # a person has started a run while this call waited for the lock
        try:
            run = await self._agent.start_itself(self._trigger(incident, goal))
        except Paused as pause:
            self._incident_repository.change(incident.id, level=str(pause))
        except TheseusError as error:
            _log.warning("incident %s: no run could be started: %s", incident.id, error)
            self._not_before[incident.id] = self._clock.now() + _LONG_DELAY
            self._incident_repository.change(incident.id, level=f"I could not start: {error}")
        else:
            self._incident_repository.change(incident.id, run_id=run.id, level=why)

    def _trigger(self, incident: Incident, goal: Goal) -> Trigger:
        message, previous_run_id = incident.message, incident.run_id
        evidence = incident.evidence
        return Trigger(
            key=":".join(
                ("incident", incident.id, *([previous_run_id] if previous_run_id else []))
            ),
            goal=goal,
            person=ITSELF,
            place=Place(
                channel_id=message.channel_id if message else self._dev_channel_id,
                message_id=message.message_id if message else None,
                guild_id=self._guild_id,
            ),
            text=incident.title,
            quotes_bot=True,
            subject=incident.name,
            error_id=evidence[0] if evidence else None,
            origin="incident",
            incident=incident.id,
            target=incident.target,
            since=incident.since,
            at=self._clock.now(),
        )

    def _choose_goal(self, incident: Incident) -> _Decision:
        """Return how far the rules allow to go. Faults outside our code never start a run."""
        if incident.rollback is not None:
            return _Decision(None, _REPORT_ONLY.format("people decide what to do with that commit"))
        if incident.conduct is not None:
            return _Decision(
                None, _REPORT_ONLY.format("people decide what my own activity may amount to")
            )
        if self._is_in_storm(incident):
            return _Decision(
                None,
                _REPORT_ONLY.format(
                    "many incidents began at once, and I start no runs during a storm"
                ),
            )
        if incident.triage.remedies:
            return _Decision(
                None, _REPORT_ONLY.format("the cause is not our code, and people decide about it")
            )
        if not incident.triage.ours:
            return _Decision(None, _REPORT_ONLY.format("none of our code needs a change"))
        # The most cautious level of all anomalies counts.
        levels = [
            find_level(self._autonomy, anomaly.rule, incident.files)
            for anomaly in incident.anomalies
        ]
        if incident.triage.origin is Origin.UNKNOWN:
            levels.append((Level.INVESTIGATE, f"{Level.INVESTIGATE}: the cause is unknown"))
        level, why = min(levels, key=lambda each: tuple(Level).index(each[0]))
        reason = why.partition(": ")[2]
        return _Decision(_GOALS.get(level), _LEVEL_TEXTS[level].format(reason))

    def _is_in_storm(self, incident: Incident) -> bool:
        digests = {each.id: each for each in self._incident_repository.digests}
        digest = digests.get(incident.digest or "")
        return digest is not None and digest.why == "storm"

    async def _can_retry(self, run_id: str, now: datetime) -> bool:
        """Return whether the run failed so long ago that another one may start."""
        run = await self._run(run_id)
        return run is not None and run.status in UNSUCCESSFUL and has_lapsed(run, now)

    async def _run(self, run_id: str) -> Run | None:
        try:
            return await self._agent.find(run_id=run_id)
        except UnknownRun:
            return None
