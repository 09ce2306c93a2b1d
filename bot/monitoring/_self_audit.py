"""The self-audit: now and then, and when asked, the bot looks back on itself and tells."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from bot.domain.anomaly import Rule
from bot.domain.autonomy import Autonomy, Level, level_for
from bot.domain.cards import failures_chart, self_audit
from bot.domain.errors import ChatRejected, Paused, TheseusError
from bot.domain.journal import Capsule, Kind
from bot.domain.people import ITSELF, Person, Place
from bot.domain.policy import Act
from bot.domain.posts import Post
from bot.domain.run import Goal, Run, Trigger
from bot.domain.self_audit import Ability, AuditReport, AuditSlot, Fault
from bot.domain.triage import triage
from bot.monitoring._self_audit_calendar import due, newest_slot, next_slot
from bot.monitoring._self_audit_looking import AuditDoors, Findings, Looking
from bot.settings import SelfAuditConfig

_SHELF = "self_audit"
_LONGEST_SLEEP = timedelta(minutes=1)  # the machine's clock may be set meanwhile
_GOALS: dict[Level, Goal] = {Level.INVESTIGATE: "investigate", Level.PROPOSE: "fix"}
_log = logging.getLogger(__name__)


class Gate(Protocol):
    """What an audit needs of the `SelfImprovementAgent`."""

    async def permit(self, person: Person, act: Act) -> None:
        """Authorise. Raises `NotAuthorized`."""
        ...

    async def start_itself(self, trigger: Trigger) -> Run:
        """Start a run nobody asked for. Raises `Paused`, `ChatRejected`, `OutOfBounds`."""
        ...


class SelfAudit:
    """Tells in the dev channel how the bot did, once for each time the configuration names.

    `abilities` returns the commands there are now; `root` is the project, whose tests are read.
    """

    def __init__(
        self,
        doors: AuditDoors,
        gate: Gate,
        config: SelfAuditConfig,
        autonomy: Autonomy,
        *,
        root: Path,
        dev_channel_id: int,
        abilities: Callable[[], Sequence[Ability]],
    ) -> None:
        self._doors = doors
        self._gate = gate
        self._config = config
        self._autonomy = autonomy
        self._dev_channel_id = dev_channel_id
        self._looking = Looking(doors, root, abilities)

    async def run_forever(self) -> None:
        """Tell what is due, until cancelled; returns at once where nothing is ever due."""
        if self._config.cron is None:
            return
        while True:
            try:
                await self._look()
            except TheseusError as error:
                _log.warning("the self-audit waits a minute: %s", error)
            await self._doors.clock.sleep(self._pause(self._config.cron))

    async def now(self, person: Person) -> Post:
        """Return the report up to this moment. Raises `NotAuthorized`."""
        await self._gate.permit(person, Act.READ)
        with self._doors.recorder.timed(Kind.TASK, "self_audit"):
            findings = await self._looking.back(self._doors.clock.now(), self._config.days)
            return await self._post(findings.report)

    def _pause(self, cron: str) -> float:
        now = self._doors.clock.now()
        coming = next_slot(cron, self._config.timezone, now)
        left = coming - now if coming is not None else _LONGEST_SLEEP
        return min(left, _LONGEST_SLEEP).total_seconds()

    async def _look(self) -> None:
        """Deal with the newest slot, if nobody has. At the very first start there is none yet."""
        now = self._doors.clock.now()
        slot = newest_slot(self._config.cron or "", self._config.timezone, now)
        last = await self._doors.shelf.get(_SHELF, AuditSlot)
        if last is None:
            await self._doors.shelf.put(_SHELF, AuditSlot(slot=slot or now, done_at=now))
        elif slot is not None and due(slot, last.slot, now):
            with self._doors.recorder.timed(Kind.TASK, "self_audit"):
                await self._tell(slot, now)
            await self._doors.shelf.put(_SHELF, AuditSlot(slot=slot, done_at=now))

    async def _tell(self, slot: datetime, now: datetime) -> None:
        """Post the slot's report, under a key that makes a second time harmless."""
        findings = await self._looking.back(now, self._config.days)
        post = await self._post(findings.report)
        try:
            await self._doors.chat.post(
                self._dev_channel_id, post, key=f"self_audit:{slot.isoformat()}"
            )
        except ChatRejected as error:
            _log.warning("the dev channel does not take the self-audit: %s", error)
            return
        await self._propose(findings, slot)

    async def _post(self, report: AuditReport) -> Post:
        chart = None if report.quiet else failures_chart(report)
        return self_audit(report, await self._doors.charts.draw(chart) if chart else None)

    # Proposals

    async def _propose(self, findings: Findings, slot: datetime) -> None:
        """Begin runs for the top faults that are ours and that nobody sees to yet."""
        left = self._config.proposals
        for fault in findings.report.faults if left else ():
            goal = self._goal(findings, fault)
            if goal is None:
                continue
            try:
                await self._gate.start_itself(self._trigger(fault, goal, slot))
            except Paused as pause:
                _log.info("the self-audit proposes nothing: %s", pause)
                return
            except TheseusError as error:
                _log.warning("nothing was begun about %s: %s", fault.name, error)
            left -= 1
            if left == 0:
                return

    def _goal(self, findings: Findings, fault: Fault) -> Goal | None:
        """Return how far to go: no further than for an incident, and nowhere if it is not ours."""
        group = findings.groups.get(fault.fingerprint)
        if group is None or fault.fingerprint in findings.in_hand:
            return None
        others = [each for each in findings.groups.values() if each is not group]
        if not triage(group, users=fault.people, nearby=others).ours:
            return None
        files = _files(group.newest.error)
        return _GOALS.get(level_for(self._autonomy, Rule.REPEATED_ERROR, files)[0])

    def _trigger(self, fault: Fault, goal: Goal, slot: datetime) -> Trigger:
        times = f"{fault.count} times" if fault.count > 1 else "once"
        raised = f" with {fault.exception}" if fault.exception else ""
        return Trigger(
            key=f"audit:{slot.isoformat()}:{fault.fingerprint}",
            goal=goal,
            person=ITSELF,
            place=Place(channel_id=self._dev_channel_id),
            text=f"{fault.name} failed {times}{raised}",
            subject=fault.name,
            error_id=fault.newest_id,
            origin="audit",
            at=self._doors.clock.now(),
        )


def _files(capsule: Capsule | None) -> tuple[str, ...]:
    return tuple(frame.file for frame in capsule.frames) if capsule else ()
