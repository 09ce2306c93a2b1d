"""The self-audit: a regular report of the bot on its own work, also on request."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

import structlog

from bot.authority.autonomy_levels import Autonomy, Level, find_level
from bot.authority.policy import Act
from bot.domain.anomaly import Rule
from bot.domain.audience import Audience
from bot.domain.errors import ChatRejected, Paused, StoreError, TheseusError
from bot.domain.journal import Capsule, Kind
from bot.domain.monitoring_config import SelfAuditConfig
from bot.domain.people import ITSELF, Person, Place
from bot.domain.posts import Post
from bot.domain.run import Goal, Run, Trigger
from bot.domain.self_audit import Ability, AuditedFault, AuditReport, AuditSlot, RequestedFeature
from bot.grammar.changes import LONGEST_SUBJECT
from bot.monitoring.self_audit_activity import ActivityCollector, AuditSources, Findings
from bot.monitoring.self_audit_schedule import find_newest_slot, is_due, pause
from bot.periodic import log_warnings, run_periodically
from bot.presentation.cards import build_failures_chart, render_self_audit
from bot.triage import triage

_KEY_VALUES = "self_audit"
_GOALS: dict[Level, Goal] = {Level.INVESTIGATE: "investigate", Level.PROPOSE: "fix"}
_log = structlog.stdlib.get_logger(__name__)


class AuditGateway(Protocol):
    """The methods of `SelfImprovementAgent` that an audit needs."""

    async def permit(self, person: Person, act: Act) -> None:
        """Authorise the act. Raises `NotAuthorized`."""
        ...

    async def start_itself(self, trigger: Trigger) -> Run:
        """Start a run without a person's request.

        Raises `Paused`, `ChatRejected`, `OutOfBounds`.
        """
        ...


class SelfAudit:
    """Posts the self-audit in the dev channel, once for each configured time.

    `abilities` returns the current commands; `root` is the project folder, which is searched for
    flags. Without `can_change`, the bot cannot write what people wish for, and proposes none of it.
    """

    def __init__(
        self,
        services: AuditSources,
        gate: AuditGateway,
        config: SelfAuditConfig,
        autonomy: Autonomy,
        *,
        root: Path,
        dev_channel_id: int,
        abilities: Callable[[], Sequence[Ability]],
        can_change: bool = False,
    ) -> None:
        self._services = services
        self._gate = gate
        self._granted = self._config = config
        self._changed = asyncio.Event()
        self._autonomy = autonomy
        self._dev_channel_id = dev_channel_id
        self._can_change = can_change
        self._looking = ActivityCollector(services, root, abilities)

    async def run_forever(self) -> None:
        """Post reports that are due, until cancelled."""
        failed = log_warnings(_log, "the self-audit is delayed by a minute")
        clock = self._services.clock
        await run_periodically(self._look, clock, self._pause, wake=self._changed, failed=failed)

    def reconfigure(self, config: SelfAuditConfig, autonomy: Autonomy) -> SelfAuditConfig:
        """Use these settings from now on, and return those in force.

        The numbers of proposals and changes cannot exceed those of the start. `autonomy` is what is
        granted now. A report that a new time makes due is posted at once.
        """
        limits = self._granted
        self._config = config.replace(
            proposals=min(config.proposals, limits.proposals),
            changes=min(config.changes, limits.changes),
        )
        self._autonomy = autonomy
        self._changed.set()
        return self._config

    async def build_post(self, person: Person) -> Post:
        """Return the report up to this moment. Raises `NotAuthorized`."""
        await self._gate.permit(person, Act.READ)
        with self._services.recorder.measure(Kind.TASK, "self_audit", audience=Audience.TEAM):
            findings = await self._looking.collect(self._services.clock.now(), self._config.days)
            return await self._post(findings.report)

    def _pause(self) -> float:
        return pause(self._config, self._services.clock.now())

    async def _look(self) -> None:
        """Post the report of the newest slot unless it was posted.

        A first start has no slot yet.
        """
        quiet = self._services.quiet
        if self._config.cron is None or (quiet is not None and quiet.has_to_wait()):
            return
        now = self._services.clock.now()
        slot = find_newest_slot(self._config.cron, self._config.timezone, now)
        last = await self._services.key_values.get(_KEY_VALUES, AuditSlot)
        if last is None:
            await self._services.key_values.put(
                _KEY_VALUES, AuditSlot(slot=slot or now, done_at=now)
            )
        elif slot is not None and is_due(slot, last.slot, now):
            with self._services.recorder.measure(Kind.TASK, "self_audit", audience=Audience.TEAM):
                await self._tell(slot, now)
            await self._services.key_values.put(_KEY_VALUES, AuditSlot(slot=slot, done_at=now))

    async def _tell(self, slot: datetime, now: datetime) -> None:
        """Post the slot's report. The message key prevents a second post of the same slot."""
        findings = await self._looking.collect(now, self._config.days, measure=True)
        findings.report = await self._add_ideas(findings.report, slot)
        post = await self._post(findings.report)
        try:
            await self._services.chat.post(
                self._dev_channel_id, post, key=f"self_audit:{slot.isoformat()}"
            )
        except ChatRejected as error:
            _log.warning("the dev channel refuses the self-audit: %s", error)
            return
        await self._propose(findings, slot)

    async def _add_ideas(self, report: AuditReport, slot: datetime) -> AuditReport:
        """Let a model read a sample, and add what it proposes at the end of the requests."""
        if self._services.ideas is None:
            return report
        try:
            found = await self._services.ideas.collect(report, f"{slot:%Y%m%dT%H%M}")
        except StoreError as error:
            _log.warning("the ideas of the self-audit cannot be stored: %s", error)
            return report
        new = [
            RequestedFeature(id=each.id, text=each.text, votes=0, reason=each.reason)
            for each in sorted(found, key=lambda each: -each.value)
        ]
        return report.replace(feature_requests=(*report.feature_requests, *new))

    async def _post(self, report: AuditReport) -> Post:
        chart = None if report.quiet else build_failures_chart(report)
        return render_self_audit(report, await self._services.charts.draw(chart) if chart else None)

    # Proposals

    async def _propose(self, findings: Findings, slot: datetime) -> None:
        """Start runs for the top faults of our code and for the wishes of most people.

        Only faults and wishes without a run are chosen. A pause ends the loop.
        """
        faults = [
            self._trigger(fault, goal, slot)
            for fault in findings.report.faults
            if (goal := self._choose_goal(findings, fault)) is not None
        ]
        requests = findings.report.feature_requests if self._can_change else ()
        # What only a model proposed is never started without a person.
        changes = [self._change(each, slot) for each in requests if each.votes]
        for trigger in (*faults[: self._config.proposals], *changes[: self._config.changes]):
            try:
                await self._gate.start_itself(trigger)
            except Paused as pause:
                _log.info("the self-audit proposes nothing: %s", pause)
                return
            except TheseusError as error:
                _log.warning("no run was started about %s: %s", trigger.subject, error)

    def _choose_goal(self, findings: Findings, fault: AuditedFault) -> Goal | None:
        """Return how far to go: as far as for an incident, and not at all outside our code."""
        group = findings.groups.get(fault.fingerprint)
        if group is None or fault.fingerprint in findings.in_hand:
            return None
        others = [each for each in findings.groups.values() if each is not group]
        if not triage(group, users=fault.people, nearby=others).ours:
            return None
        files = _list_files(group.newest.error)
        return _GOALS.get(find_level(self._autonomy, Rule.REPEATED_ERROR, files)[0])

    def _trigger(self, fault: AuditedFault, goal: Goal, slot: datetime) -> Trigger:
        times = f"{fault.count} times" if fault.count > 1 else "once"
        exception = f" with {fault.exception}" if fault.exception else ""
        return Trigger(
            key=f"audit:{slot.isoformat()}:{fault.fingerprint}",
            goal=goal,
            person=ITSELF,
            place=Place(channel_id=self._dev_channel_id),
            text=f"{fault.name} failed {times}{exception}",
            quotes_bot=True,
            subject=fault.name,
            error_id=fault.newest_id,
            origin="audit",
            at=self._services.clock.now(),
        )

    def _change(self, feature: RequestedFeature, slot: datetime) -> Trigger:
        return Trigger(
            key=f"audit:{slot.isoformat()}:wish:{feature.id}",
            goal="change",
            person=ITSELF,
            place=Place(channel_id=self._dev_channel_id),
            text=feature.text,
            subject=feature.text[:LONGEST_SUBJECT],
            origin="audit",
            at=self._services.clock.now(),
        )


def _list_files(capsule: Capsule | None) -> tuple[str, ...]:
    return tuple(frame.file for frame in capsule.frames) if capsule else ()
