"""Starts work on an opportunity, as far as the rules of autonomous work allow, and never further.

Every start goes through `SelfImprovementAgent.start_itself`: level, pause, emergency stop, dev mode
and the number an hour are decided there. No text of an objective is part of a request.
"""

from dataclasses import dataclass
from datetime import timedelta

from bot.authority.autonomy_gate import AutonomyPolicy
from bot.authority.autonomy_levels import Level, find_level
from bot.domain.anomaly import Rule
from bot.domain.errors import Paused, TheseusError
from bot.domain.journal import Capsule, FailureGroup, format_event_name
from bot.domain.objective import Opportunity
from bot.domain.people import ITSELF, Place
from bot.domain.run import Goal, Trigger
from bot.grammar.changes import LONGEST_SUBJECT
from bot.monitoring import Monitoring
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.self_improvement import SelfImprovementAgent
from bot.self_improvement.requests.change_requests import ChangeRequests
from bot.triage import triage

_GOALS: dict[Level, Goal] = {Level.INVESTIGATE: "investigate", Level.PROPOSE: "fix"}
_LOOKBACK = timedelta(days=30)
_MOST_GROUPS = 500


@dataclass(frozen=True)
class StartResult:
    """The run that was started, or why none was."""

    run_id: str | None = None
    why: str = ""
    is_paused: bool = False


@dataclass(frozen=True, eq=False)
class OpportunityStarter:
    """Starts at most one run for an opportunity and a key."""

    agent: SelfImprovementAgent
    monitoring: Monitoring
    autonomy: AutonomyPolicy
    changes: ChangeRequests
    journal: Journal
    clock: Clock

    async def start(self, opportunity: Opportunity, key: str) -> StartResult:
        """Start a run, or return why that is not allowed. `key` makes a repetition harmless."""
        kind, _, name = opportunity.key.partition(":")
        try:
            if kind == "incident":
                return await self._start_incident(name)
            found = await (self._plan_change(name) if kind == "wish" else self._plan_fix(name))
            if isinstance(found, str):
                return StartResult(why=found)
            run = await self.agent.start_itself(found.replace(key=f"goal:{key}:{opportunity.key}"))
        except Paused as pause:
            return StartResult(why=str(pause), is_paused=True)
        except TheseusError as error:
            return StartResult(why=str(error))
        return StartResult(run.id)

    async def _start_incident(self, incident_id: str) -> StartResult:
        before = self.monitoring.find(incident_id).run_id
        incident = await self.monitoring.start_run(incident_id)
        if incident.run_id is None or incident.run_id == before:
            return StartResult(why=incident.level or "its last run has ended not long ago")
        return StartResult(incident.run_id)

    async def _plan_change(self, request_id: str) -> Trigger | str:
        request = await self.changes.feature_requests.find(request_id)
        if request is None or not request.votes:
            return "no person wishes for it any more"
        if not self.changes.able:
            return "a change needs a model, and none is configured"
        level = self.autonomy.levels.level
        if level is not Level.PROPOSE:
            return f"on my own I only {level} (`autonomy.level`)"
        return self._build_trigger("change", request.text, request.text[:LONGEST_SUBJECT])

    async def _plan_fix(self, fingerprint: str) -> Trigger | str:
        groups = await self.journal.list_failures(
            since=self.clock.now() - _LOOKBACK, limit=_MOST_GROUPS
        )
        group = next((each for each in groups if each.fingerprint == fingerprint), None)
        if group is None:
            return "it has not been seen for a month"
        others = [each for each in groups if each is not group]
        if not triage(group, nearby=others).ours:
            return "none of our code needs a change"
        goal, why = self._choose_goal(group)
        if goal is None:
            return f"I only report it: {why}"
        name = format_event_name(group.event)
        text = f"{name} failed {group.count} times"
        trigger = self._build_trigger(goal, text, name)
        return trigger.replace(error_id=group.newest.id, quotes_bot=True)

    def _choose_goal(self, group: FailureGroup) -> tuple[Goal | None, str]:
        level, why = find_level(
            self.autonomy.levels, Rule.REPEATED_ERROR, _list_files(group.newest.error)
        )
        return _GOALS.get(level), why.partition(": ")[2]

    def _build_trigger(self, goal: Goal, text: str, subject: str) -> Trigger:
        return Trigger(
            key="",
            goal=goal,
            person=ITSELF,
            place=Place(channel_id=self.monitoring.dev_channel_id),
            text=text,
            subject=subject,
            origin="goal",
            at=self.clock.now(),
        )


def _list_files(capsule: Capsule | None) -> tuple[str, ...]:
    return tuple(frame.file for frame in capsule.frames) if capsule else ()
