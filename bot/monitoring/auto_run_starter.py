"""What the bot does about an incident by itself, and why it goes no further."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

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

_SHORT_DELAY = timedelta(seconds=5)
_RETRY_DELAY = timedelta(minutes=1)
_LONG_DELAY = timedelta(minutes=10)
_GOALS: dict[Level, Goal] = {Level.INVESTIGATE: "investigate", Level.PROPOSE: "fix"}
_REPORT_ONLY = "By myself I only tell of it: {}."
_LEVEL_TEXTS = {
    Level.REPORT: _REPORT_ONLY,
    Level.INVESTIGATE: "By myself I only look into it: {}.",
    Level.PROPOSE: "I look into it, and propose a fix if I can prove one.",
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Decision:
    """How far to go: no goal means no further than telling. `why` is for people."""

    goal: Goal | None
    why: str


class AutoRunStarter:
    """Starts at most one run an incident, through the agent's own `start_itself`."""

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
        """Go no further than this from now on."""
        self._autonomy = autonomy

    def record_level(self, incident_id: str) -> None:
        """Note how far it will go, so that the first message says so."""
        incident = self._incident_repository.get(incident_id)
        if incident is not None and incident.run_id is None:
            self._incident_repository.change(incident_id, level=self._choose_goal(incident).why)

    async def start_if_allowed(self, incident_id: str) -> None:
        """Start a run about a told incident if there is none and one may be started."""
        incident, now = self._incident_repository.get(incident_id), self._clock.get_time()
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
        found = await self._previous.look(incident, now)
        if found.run is not None:
            self._incident_repository.change(incident_id, run_id=found.run.id)
        elif found.why:
            self._incident_repository.change(incident_id, level=found.why)
        elif found.unclear:
            self._not_before[incident_id] = now + _SHORT_DELAY
        else:
            async with self._incident_repository.starting:
                await self._start(incident_id, decision.goal, decision.why)

    async def _start(self, incident_id: str, goal: Goal, why: str) -> None:
        incident = self._incident_repository.get(incident_id)
        if incident is None or not incident.open:
            return
        if incident.run_id is not None and not await self._can_retry(
            incident.run_id, self._clock.get_time()
        ):
            return  # somebody asked for one meanwhile
        try:
            run = await self._agent.start_itself(self._trigger(incident, goal))
        except Paused as pause:
            self._incident_repository.change(incident.id, level=str(pause))
        except TheseusError as error:
            _log.warning("incident %s: no run could be started: %s", incident.id, error)
            self._not_before[incident.id] = self._clock.get_time() + _LONG_DELAY
            self._incident_repository.change(incident.id, level=f"I could not start: {error}")
        else:
            self._incident_repository.change(incident.id, run_id=run.id, level=why)

    def _trigger(self, incident: Incident, goal: Goal) -> Trigger:
        message, before = incident.message, incident.run_id
        evidence = incident.evidence
        return Trigger(
            key=":".join(("incident", incident.id, *([before] if before else []))),
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
            since=incident.since,
            at=self._clock.get_time(),
        )

    def _choose_goal(self, incident: Incident) -> _Decision:
        """Return how far to go by the rules alone: what is not ours goes to nobody."""
        if incident.rollback is not None:
            return _Decision(
                None, _REPORT_ONLY.format("what becomes of that commit, people decide")
            )
        if self._is_in_storm(incident):
            return _Decision(
                None, _REPORT_ONLY.format("it came in a storm, and I start nothing in one")
            )
        if incident.triage.remedies:
            return _Decision(
                None, _REPORT_ONLY.format("it is not ours, and people decide about that")
            )
        if not incident.triage.ours:
            return _Decision(None, _REPORT_ONLY.format("there is nothing of ours to change"))
        levels = [
            find_level(self._autonomy, anomaly.rule, incident.files)
            for anomaly in incident.anomalies
        ]
        if incident.triage.origin is Origin.UNKNOWN:
            levels.append((Level.INVESTIGATE, f"{Level.INVESTIGATE}: I cannot tell whose it is"))
        level, why = min(levels, key=lambda each: tuple(Level).index(each[0]))
        reason = why.partition(": ")[2]
        return _Decision(_GOALS.get(level), _LEVEL_TEXTS[level].format(reason))

    def _is_in_storm(self, incident: Incident) -> bool:
        digests = {each.id: each for each in self._incident_repository.digests}
        told_in = digests.get(incident.digest or "")
        return told_in is not None and told_in.why == "storm"

    async def _can_retry(self, run_id: str, now: datetime) -> bool:
        """Whether a run came to nothing so long ago that another may be tried."""
        run = await self._run(run_id)
        return run is not None and run.status in UNSUCCESSFUL and has_lapsed(run, now)

    async def _run(self, run_id: str) -> Run | None:
        try:
            return await self._agent.find(run_id=run_id)
        except UnknownRun:
            return None
