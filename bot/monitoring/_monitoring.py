"""`Monitoring`: noticing by itself, as the rest of the program sees it."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.autonomy import Autonomy
from bot.domain.charts import TimeChart
from bot.domain.errors import StoreError, WrongStage
from bot.domain.incident import Incident
from bot.domain.people import AllowList, Person, Place
from bot.domain.policy import Act
from bot.domain.posts import MessageRef
from bot.domain.run import Goal, Trigger
from bot.domain.thresholds import Thresholds
from bot.monitoring._board import Board
from bot.monitoring._digests import Digests
from bot.monitoring._herald import Herald
from bot.monitoring._illustrator import Illustrator
from bot.monitoring._incidents import Incidents
from bot.monitoring._joining import Asked, Joining
from bot.monitoring._judging import Judging
from bot.monitoring._lookout import Lookout
from bot.monitoring._sketch import chart_of
from bot.monitoring._starts import Starts
from bot.ports.charts import Charts
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.shelf import Shelf
from bot.self_improvement import SelfImprovementAgent
from bot.settings import IncidentsConfig

_MUTED_FOR = timedelta(days=1)
_SETTLE_SECONDS = 5.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MonitoringDoors:
    """The doors monitoring goes through. Without `charts` messages have no pictures."""

    journal: Journal
    shelf: Shelf
    chat: Chat
    clock: Clock
    charts: Charts | None = None


@dataclass(frozen=True)
class MonitoringRules:
    """What counts, how it is told, how far it goes, and where."""

    thresholds: Thresholds
    incidents: IncidentsConfig
    autonomy: Autonomy
    people: AllowList
    dev_channel_id: int
    guild_id: int | None = None
    lookback: timedelta = timedelta(hours=24)


class Monitoring:
    """Follows the journal, opens incidents, tells people, and has the agent look into them."""

    def __init__(
        self, doors: MonitoringDoors, agent: SelfImprovementAgent, rules: MonitoringRules
    ) -> None:
        clock, config, thresholds = doors.clock, rules.incidents, rules.thresholds
        place = {"dev_channel_id": rules.dev_channel_id}
        self._agent = agent
        self._clock = clock
        self._rules = rules
        self._board = Board(doors.shelf)
        incidents = self._incidents = Incidents(
            self._board, Judging(doors.journal), clock, config, thresholds
        )
        self._lookout = Lookout(
            doors.journal, doors.shelf, clock, thresholds, self._board, incidents
        )
        charts = doors.charts if config.charts else None
        self._illustrator = Illustrator(self._board, charts, self._sketch, clock)
        starts = Starts(self._board, agent, rules.autonomy, clock, guild_id=rules.guild_id, **place)
        digests = Digests(self._board, config)
        self._herald = Herald(
            self._board, digests, starts, self._illustrator, agent, doors.chat, clock, **place
        )
        self._joining = Joining(
            self._board, doors.journal, agent, clock, rules.people, lookback=rules.lookback
        )

    async def run_forever(self) -> None:
        """Take up what an earlier process left, then notice until cancelled."""
        await self._board.load()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._lookout.run_forever(), name="lookout")
            group.create_task(self._settle_forever(), name="shipped fixes")
            group.create_task(self._herald.run_forever(), name="herald")
            group.create_task(self._illustrator.run_forever(), name="illustrator")

    async def _settle_forever(self) -> None:
        while True:
            try:
                if self._board.everything:
                    self._incidents.settle(await self._agent.fixes())
            except StoreError as error:
                _log.warning("what was shipped could not be read; I try again: %s", error)
            await self._clock.sleep(_SETTLE_SECONDS)

    # What people see and ask

    def incidents(self) -> tuple[Incident, ...]:
        """Return what is open and was lately, the newest first."""
        return tuple(reversed(self._board.everything))

    def find(self, incident_id: str) -> Incident:
        """Return one. Raises `WrongStage` where there is none of that id."""
        found = self._board.get(incident_id.strip().lower())
        if found is None:
            raise WrongStage(f"There is no incident `{incident_id[:20]}`.")
        return found

    async def join(self, trigger: Trigger) -> Incident | None:
        """Note what a listed person reports on the open incident it is about, and return that."""
        return await self._joining.join(trigger)

    async def ask(self, trigger: Trigger) -> Asked:
        """Start the run a person asks for, or join the incident that it is about and its run.

        Raises what `SelfImprovementAgent.request` raises.
        """
        return await self._joining.ask(trigger)

    async def go_on(
        self, incident_id: str, goal: Goal, person: Person, *, key: str, said_in: MessageRef | None
    ) -> Asked:
        """Investigate or fix an incident because a person says so. Raises as `ask`.

        Its thread hangs on the incident's message; `said_in` counts where there is none.
        """
        if self._board.get(incident_id.strip().lower()) is None:  # which there are is not for all
            await self._agent.permit(person, Act.ASK, note=f"{goal} incident {incident_id[:20]}")
        incident = self.find(incident_id)
        where = incident.message or said_in
        place = Place(
            channel_id=where.channel_id if where else self._rules.dev_channel_id,
            message_id=where.message_id if where else None,
            guild_id=self._rules.guild_id,
        )
        trigger = Trigger(
            key=key,
            goal=goal,
            person=person,
            place=place,
            text=f"{goal} incident {incident.id}: {incident.title}",
            subject=incident.name,
            error_id=next(iter(incident.evidence), None),
            incident=incident.id,
            at=self._clock.now(),
        )
        return await self._joining.ask(trigger)

    async def mute(self, incident_id: str, person: Person) -> Incident:
        """Have nothing more told of that fault for a day. Raises `NotAuthorized`, `WrongStage`."""
        known = self._board.get(incident_id)
        keys = ", ".join(sorted(known.anomaly_keys)) if known else "unknown"
        await self._agent.permit(person, Act.STEER, note=f"mute incident {incident_id}: {keys}")
        incident = self.find(incident_id)
        until = self._clock.now() + _MUTED_FOR
        self._board.mute(self.find(incident_id).anomaly_keys, person, until)
        muted = self._board.change(incident.id, muted_until=until, muted_by=person)
        await self._board.flush()
        return muted

    def _sketch(self, incident: Incident) -> TimeChart | None:
        return chart_of(incident, self._lookout.detector, self._rules.thresholds)
