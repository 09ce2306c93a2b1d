"""Monitoring with a fake behind every port, and actions that go well or fail as a test says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

from bot.authority.autonomy_levels import Autonomy
from bot.domain.incident import Incident
from bot.domain.journal import Action, ActionOutcome, Capsule, Kind
from bot.domain.monitoring_config import IncidentsConfig
from bot.domain.posts import Post
from bot.domain.run import Trigger
from bot.domain.thresholds import Thresholds
from bot.intake import IntakeResult
from bot.monitoring import Monitoring, MonitoringRules, MonitoringServices
from tests.fakes.fake_charts import FakeCharts
from tests.support.agent_harness import DEV, GUILD, AgentHarness, make_capsule
from tests.support.agent_under_test import AgentUnderTest
from tests.support.crash_point import CrashPoint, Killed, add_crash_point
from tests.support.intake_harness import IntakeHarness

_EDGE = 10.0
_numbers = count(1)

OUTAGE = Capsule(
    exception="aiohttp.client_exceptions.ClientConnectorDNSError",
    message="Cannot connect to host api.example.org:443",
    fingerprint="d0d0d0d0d0d0",
    frames=make_capsule(file="cogs/weather.py", function="fetch").frames,
    kinds=("aiohttp.client_exceptions.ClientConnectorError", "OSError"),
    libraries=("aiohttp.connector",),
)


class MonitoringHarness:
    """A world that is watched. It outlives the program that watches it, as the real one does."""

    def __init__(
        self,
        folder: Path,
        *,
        config: IncidentsConfig | None = None,
        thresholds: Thresholds | None = None,
        autonomy: Autonomy | None = None,
        other_bots: tuple[str, ...] = (),
    ) -> None:
        self.world = world = AgentHarness(folder)
        world.other_bots, lists = other_bots, dict.fromkeys(other_bots, world.limits.people)
        world.limits = replace(world.limits, autonomy=autonomy or Autonomy(), target_people=lists)
        self.clock = self.world.clock
        self.chat = self.world.chat
        self.charts = FakeCharts()
        self.config = config or IncidentsConfig()
        self.thresholds = thresholds or Thresholds()
        self.running_commit = "a" * 40
        self.agent = self.world.create_agent()
        self.monitoring = self.create_monitoring(self.agent)
        harness = IntakeHarness(self.agent, self.monitoring)
        self.intake, self.work = harness.intake, harness.work

    def create_monitoring(
        self, agent: AgentUnderTest, crash_point: CrashPoint | None = None
    ) -> Monitoring:
        """Return a newly started program's monitoring."""
        world, clock, charts = self.world, self.clock, self.charts
        services = MonitoringServices(world.journal, world.key_values, world.chat, clock, charts)
        if crash_point is not None:
            journal, key_values = (
                add_crash_point(world.journal, crash_point),
                add_crash_point(world.key_values, crash_point),
            )
            services = MonitoringServices(
                journal, key_values, add_crash_point(world.chat, crash_point), clock, charts
            )
        services = replace(services, store=world.store, running=lambda: self.running_commit)
        rules = MonitoringRules(self.thresholds, self.config, world.limits.autonomy, DEV, GUILD)
        return Monitoring(services, agent, agent.fixes, rules)

    @asynccontextmanager
    async def run_monitoring(
        self, crash_point: CrashPoint | None = None
    ) -> AsyncIterator[Monitoring]:
        """Run the program; leaving ends it in good order, a blown fuse ends watching at once."""
        async with self.world.run_agent() as agent:
            self.agent = agent
            self.monitoring = self.create_monitoring(agent, crash_point)
            harness = IntakeHarness(agent, self.monitoring)
            self.intake, self.work = harness.intake, harness.work
            watching = asyncio.create_task(self.monitoring.run_forever())
            await self.pass_time(2)
            try:
                yield self.monitoring
            finally:
                watching.cancel()
                with suppress(asyncio.CancelledError, Killed):
                    try:
                        await watching
                    except BaseExceptionGroup as group:
                        _, other = group.split((Killed, asyncio.CancelledError))
                        if other is not None:
                            raise other from None

    async def ask(self, trigger: Trigger) -> IntakeResult:
        """Return the run of a request that is not answered at once."""
        asked = await self.intake.ask(trigger)
        assert isinstance(asked, IntakeResult), asked
        return asked

    async def find_incident(self, trigger: Trigger) -> Incident | None:
        """Return the incident that a request refers to, as the intake decides."""
        return (await self.work.decide(trigger)).incident

    async def pass_time(self, seconds: float) -> None:
        """Advance the time; of a long time, the middle passes in one step."""
        if seconds > 2 * _EDGE:
            await self.clock.advance(_EDGE)
            self.clock.tick(seconds - 2 * _EDGE)
            seconds = _EDGE
        await self.clock.advance(seconds)

    # What happens

    def journal_actions(
        self, times: int = 1, name: str = "roll", error: Capsule | None = None, **fields: object
    ) -> None:
        """Journal this many actions now; they fail if there is an error."""
        for _ in range(times):
            about = {
                "ts": self.clock.now(),
                "id": f"w{next(_numbers):025}",
                "event": f"command.{name}",
                "kind": Kind.COMMAND,
                "name": name,
                "outcome": ActionOutcome.ERROR if error else ActionOutcome.OK,
                "duration_ms": 5.0,
                "channel_id": DEV,
                "user": "u1",
                "error": error,
            }
            self.world.journal.append(Action.model_validate({**about, **fields}))

    def journal_failures(
        self, times: int = 5, name: str = "roll", error: Capsule | None = None, **fields: object
    ) -> None:
        """Journal this many failures of the same kind."""
        self.journal_actions(times, name, error or make_capsule(), **fields)

    def journal_faults(self, kinds: int, times: int = 5) -> None:
        """Journal this many different faults, each often enough to be noticed."""
        for number in range(kinds):
            print_of = f"{number:012x}"
            self.journal_failures(
                times, f"c{number}", make_capsule(fingerprint=print_of, file=f"cogs/c{number}.py")
            )

    # What was said

    def list_keys(self, prefix: str = "incident") -> list[str]:
        """Return the keys of what was said about incidents, oldest first."""
        return [each.key for each in self.chat.messages if each.key.startswith(prefix)]

    def get_incident(self) -> Incident:
        """Return the only incident there is."""
        [incident] = self.monitoring.list_incidents()
        return incident

    def get_post(self, incident: Incident | None = None) -> Post:
        """Return what the incident's message says now."""
        return self.chat.find_by_key(f"incident:{(incident or self.get_incident()).id}").post

    def get_card_text(self, incident: Incident | None = None) -> str:
        """Return all text of the incident's message."""
        card = self.get_post(incident).card
        assert card is not None
        fields = (f"{field.name}: {field.value}" for field in card.fields)
        return "\n".join((card.title, card.body, *fields, card.footer))

    def list_button_labels(self) -> list[str]:
        """Return the labels of the only incident's buttons."""
        return [button.label for button in self.get_post().buttons]
