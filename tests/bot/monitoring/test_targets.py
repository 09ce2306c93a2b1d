"""Incidents of other bots: found in their journals, announced in their channels, by name."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from bot.authority.autonomy_levels import Autonomy
from bot.domain.errors import WrongStage
from bot.domain.incident import Incident
from bot.domain.people import Person
from bot.domain.personal_data import DataSubject
from bot.monitoring import Monitoring, MonitoringRules, MonitoringServices
from bot.monitoring.incident_acts import A_DAY
from bot.self_improvement import ShippedFixes
from tests.fakes.fake_journal import FakeJournal
from tests.support.agent_harness import ALICE, DEV, GUILD, make_capsule
from tests.support.monitoring_harness import MonitoringHarness

WELCOME_CHANNEL = 4711


class TwoBots:
    """Theseus and a welcome bot, monitored by one program after another."""

    def __init__(self, folder: Path) -> None:
        self.own = MonitoringHarness(folder, other_bots=("welcome",))
        self.journal = FakeJournal()
        self.monitoring = self.create()

    def create(self) -> Monitoring:
        own, world = self.own, self.own.world
        services = MonitoringServices(world.journal, world.key_values, world.chat, world.clock)
        rules = MonitoringRules(own.thresholds, own.config, Autonomy(), DEV, GUILD)
        welcome = Monitoring(
            replace(services, journal=self.journal),
            own.agent,
            ShippedFixes(world.store, target="welcome"),
            replace(rules, target="welcome", dev_channel_id=WELCOME_CHANNEL),
        )
        return Monitoring(services, own.agent, own.agent.fixes, rules, [welcome])

    def fail_welcome(self, times: int = 5) -> None:
        """Journal failures of the welcome bot."""
        own_journal, self.own.world.journal = self.own.world.journal, self.journal
        self.own.journal_failures(times, "hi", make_capsule(file="cogs/welcome.py"))
        self.own.world.journal = own_journal

    @asynccontextmanager
    async def run(self) -> AsyncIterator[Monitoring]:
        """Run a newly started program."""
        self.monitoring = self.create()
        async with self.own.world.run_agent():
            running = asyncio.create_task(self.monitoring.run_forever())
            await self.own.pass_time(2)
            try:
                yield self.monitoring
            finally:
                running.cancel()
                with suppress(asyncio.CancelledError):
                    await running

    def find_message(self, incident: Incident) -> tuple[int, str]:
        """Return the channel of an incident's message, and its title."""
        message = self.own.chat.find_by_key(f"incident:{incident.id}")
        assert message.post.card is not None
        return message.ref.channel_id, message.post.card.title


@pytest.fixture
def bots(tmp_path: Path) -> TwoBots:
    return TwoBots(tmp_path)


async def test_each_bot_has_its_own_incidents_in_its_own_channel(bots: TwoBots) -> None:
    async with bots.run() as monitoring:
        bots.fail_welcome()
        bots.own.journal_failures(5, "roll", make_capsule(file="cogs/dice.py"))
        await bots.own.pass_time(10)
        found = {each.target: each for each in monitoring.list_incidents()}
        assert found.keys() == {"theseus", "welcome"}
        assert found["welcome"].event == "command.hi"
        channel, title = bots.find_message(found["welcome"])
        assert channel == WELCOME_CHANNEL
        assert "welcome: " in title
        channel, title = bots.find_message(found["theseus"])
        assert channel == DEV
        assert "theseus" not in title
    async with bots.run() as monitoring:
        assert {each.id for each in monitoring.list_incidents()} == {
            each.id for each in found.values()
        }
        assert [each.target for each in monitoring.others[0].list_incidents()] == ["welcome"]
        messages = bots.own.list_keys("incident:")
        assert len(messages) == len(set(messages)) == 2


async def test_the_same_fault_in_two_bots_is_two_incidents(bots: TwoBots) -> None:
    async with bots.run() as monitoring:
        bots.fail_welcome()
        bots.own.journal_failures(5, "hi", make_capsule(file="cogs/welcome.py"))
        await bots.own.pass_time(10)
        assert [each.target for each in monitoring.list_incidents()].count("welcome") == 1
        assert len(monitoring.list_incidents()) == 2


async def test_an_incident_of_another_bot_is_found_muted_and_forgotten_like_ours(
    bots: TwoBots,
) -> None:
    async with bots.run() as monitoring:
        bots.fail_welcome()
        await bots.own.pass_time(10)
        (incident,) = monitoring.list_incidents()
        assert monitoring.find(incident.id.upper()) == incident
        assert monitoring.has_incident(incident.id)
        assert monitoring.is_announced(incident)
        muted = await monitoring.get_acts(incident.id).ignore(incident.id, ALICE, span=A_DAY)
        assert muted.is_muted(bots.own.clock.now())
        with pytest.raises(WrongStage):
            monitoring.find("q1w2e3")
        repository = monitoring.others[0].incident_repository
        person = Person(id=77, name="Ada")
        repository.change(
            incident.id,
            reports=({"person": person, "text": "/hi", "at": bots.own.clock.now()},),
        )
        subject = DataSubject(id=77, pseudonym="u-ada")
        assert await monitoring.count_records(subject) == 1
        await monitoring.erase(subject)
        assert await monitoring.count_records(subject) == 0
