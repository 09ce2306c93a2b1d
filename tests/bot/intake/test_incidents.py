"""People who report a fault that the bot has seen already become part of its incident."""

import asyncio
from pathlib import Path

import pytest

from bot.authority.autonomy_levels import Autonomy, Level
from bot.domain.errors import NotAuthorized
from bot.domain.ids import shorten_id
from bot.domain.run import Status
from tests.support.agent_harness import ALICE, BOB, DORA, MALLORY, AgentHarness, make_capsule
from tests.support.monitoring_harness import OUTAGE, MonitoringHarness

REPORT = Autonomy(level=Level.REPORT)

BUTTONS = ["Later", "Ignore", "I take it", "Third party's"]
"""The buttons of an open incident besides those that begin work."""


async def test_a_report_of_what_is_worked_on_joins_and_starts_nothing(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring():
        monitoring_world.world.engine.hold()
        monitoring_world.journal_failures(5)
        await monitoring_world.pass_time(10)
        asked = await monitoring_world.ask(
            monitoring_world.world.make_trigger("rolling dice", person=DORA)
        )
        incident = monitoring_world.get_incident()
        assert asked.joined
        assert asked.run.id == incident.run_id
        assert asked.incident is not None
        assert asked.incident.id == incident.id
        assert [(each.person, each.text) for each in incident.reports] == [
            (DORA, "rolling dice keeps crashing, fix it")
        ]
        await monitoring_world.pass_time(10)
        assert (
            "Reports: • dora: “rolling dice keeps crashing, fix it”"
            in monitoring_world.get_card_text()
        )
        assert len(await monitoring_world.world.store.find()) == 1


async def test_the_run_somebody_asks_for_becomes_the_incidents(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path, autonomy=REPORT)
    async with monitoring_world.run_monitoring():
        monitoring_world.world.engine.hold()
        monitoring_world.journal_failures(5)
        await monitoring_world.pass_time(10)
        asked = await monitoring_world.ask(monitoring_world.world.make_trigger("rolling dice"))
        assert not asked.joined
        assert monitoring_world.get_incident().run_id == asked.run.id
        assert asked.run.trigger.incident == monitoring_world.get_incident().id
        await monitoring_world.pass_time(10)
        assert f"I am on it in <#{asked.run.thread_id}>" in monitoring_world.get_card_text()
        again = await monitoring_world.ask(
            monitoring_world.world.make_trigger("rolling dice", person=BOB)
        )
        assert (again.joined, again.run.id) == (True, asked.run.id)
        assert len(monitoring_world.get_incident().reports) == 2


async def test_an_error_that_is_named_decides_before_words(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path, autonomy=REPORT)
    async with monitoring_world.run_monitoring() as monitoring:
        monitoring_world.journal_actions(100)
        monitoring_world.journal_failures(
            5, error=make_capsule(exception="KeyError", fingerprint="beefbeefbeef")
        )
        monitoring_world.journal_failures(5)
        await monitoring_world.pass_time(10)
        keyed = next(i for i in monitoring.list_incidents() if i.fingerprint == "beefbeefbeef")
        trigger = monitoring_world.world.make_trigger("", error_id=shorten_id(keyed.evidence[3]))
        joined = await monitoring_world.find_incident(trigger)
        assert joined is not None
        assert joined.id == keyed.id


async def test_other_failures_join_no_incident_and_people_who_are_not_listed_only_report(
    tmp_path: Path,
) -> None:
    monitoring_world = MonitoringHarness(tmp_path, autonomy=REPORT)
    async with monitoring_world.run_monitoring():
        monitoring_world.journal_failures(5)
        other = make_capsule(exception="KeyError", file="cogs/polls.py", function="close")
        monitoring_world.journal_failures(1, "poll", other.replace(fingerprint="abababababab"))
        await monitoring_world.pass_time(10)
        make_trigger = monitoring_world.world.make_trigger
        for asked in (
            make_trigger("closing polls"),
            make_trigger("the weather"),
            make_trigger("rolling dice", person=MALLORY),
        ):
            assert await monitoring_world.find_incident(asked) is None
        with pytest.raises(NotAuthorized):
            await monitoring_world.ask(
                monitoring_world.world.make_trigger("rolling dice", person=MALLORY)
            )
        [noted] = monitoring_world.get_incident().reports  # no run, but a report of what happened
        assert noted.person == MALLORY
        assert (
            len(
                [
                    e
                    for e in await monitoring_world.world.store.list_audit_entries()
                    if not e.allowed
                ]
            )
            == 1
        )


async def test_asking_for_a_fix_goes_on_from_the_investigation_that_ended(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path, autonomy=Autonomy(level=Level.INVESTIGATE))
    async with monitoring_world.run_monitoring():
        monitoring_world.journal_failures(5)
        await monitoring_world.pass_time(10)
        [run] = await monitoring_world.world.store.find()
        run = await monitoring_world.world.wait_until_ended(run.id)
        assert (run.goal, run.status) == ("investigate", Status.DONE)
        await monitoring_world.pass_time(10)
        assert monitoring_world.list_button_labels() == ["Fix it", *BUTTONS]
        asked = await monitoring_world.ask(monitoring_world.world.make_trigger("rolling dice"))
        assert (asked.run.id, asked.run.goal) == (run.id, "fix")
        run = await monitoring_world.world.wait_until_settled(run.id)
        assert run.status is Status.WAITING


async def test_the_buttons_go_on_where_the_bot_did_not(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring():
        monitoring_world.journal_actions(5, "weather", OUTAGE)
        await monitoring_world.pass_time(10)
        incident = monitoring_world.get_incident()
        assert incident.run_id is None
        asked = await monitoring_world.intake.incidents.ask(
            incident.id, "investigate", ALICE, key="press:1", message=None
        )
        assert asked.run.goal == "investigate"
        assert asked.run.trigger.person == ALICE
        assert incident.message is not None
        assert asked.run.thread_id == incident.message.message_id
        twice = await monitoring_world.intake.incidents.ask(
            incident.id, "investigate", ALICE, key="press:1", message=None
        )
        assert (twice.joined, twice.run.id) == (False, asked.run.id)
        assert monitoring_world.get_incident().reports == ()


async def test_many_reports_are_counted_and_a_few_are_shown(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path, autonomy=REPORT)
    async with monitoring_world.run_monitoring():
        monitoring_world.world.engine.hold()
        monitoring_world.journal_failures(5)
        await monitoring_world.pass_time(10)
        for number in range(25):
            await monitoring_world.ask(
                monitoring_world.world.make_trigger("rolling dice", key=f"message:{number}")
            )
            monitoring_world.clock.tick(1)
        await monitoring_world.pass_time(10)
        assert len(monitoring_world.get_incident().reports) == 20
        assert "… and 20 more" in monitoring_world.get_card_text()


async def test_who_asks_for_what_is_being_mended_already_is_sent_there(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    world = monitoring_world.world
    async with monitoring_world.run_monitoring():
        world.engine.hold()
        monitoring_world.journal_failures(1)
        monitoring_world.journal_failures(
            1, error=make_capsule(exception="KeyError", fingerprint="beefbeefbeef")
        )
        triggers = (
            world.make_trigger(said, person=person, error_id=error(world, "IndexError"))
            for said, person in (("rolling dice", ALICE), ("rolls", DORA))
        )
        first, again = await asyncio.gather(*map(monitoring_world.ask, triggers))
        assert (again.run.id, again.joined, first.joined) == (first.run.id, True, False)
        other = await monitoring_world.ask(
            world.make_trigger("rolls", error_id=error(world, "KeyError"))
        )
        assert not other.joined
        with pytest.raises(NotAuthorized):
            await monitoring_world.ask(world.make_trigger("rolling dice", person=MALLORY))
        assert len(await world.store.find()) == 2
        audited = await world.store.list_audit_entries(person_id=DORA.id)
        assert [each.note for each in audited] == ["joins: fix: rolls"]


def error(world: AgentHarness, exception: str) -> str:
    """Return the newest failure with that error, as somebody replies to it."""
    found = (each for each in reversed(world.journal.actions) if each.error)
    return next(each.id for each in found if each.error and each.error.exception == exception)


async def test_the_bots_own_error_message_is_no_report_in_a_persons_words(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path, autonomy=REPORT)
    world = monitoring_world.world
    async with monitoring_world.run_monitoring():
        monitoring_world.journal_failures(5)
        await monitoring_world.pass_time(10)
        pointed_at = world.make_trigger("", error_id=error(world, "IndexError"))
        text = "⚠️ `/roll` failed with IndexError. Error id `w0000001`."
        await monitoring_world.ask(pointed_at.replace(text=text, quotes_bot=True))
        assert [(each.person, each.text) for each in monitoring_world.get_incident().reports] == [
            (ALICE, "")
        ]


async def slow_search(monitoring_world: MonitoringHarness) -> None:
    """Let `/search` become nine times as slow."""
    for _ in range(30):
        monitoring_world.journal_actions(10, "search", duration_ms=100.0)
        await monitoring_world.pass_time(60)
    for _ in range(3):
        monitoring_world.journal_actions(10, "search", duration_ms=900.0)
        await monitoring_world.pass_time(60)


async def test_who_says_that_it_is_slow_joins_the_incident_of_its_slowness(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path, autonomy=REPORT)
    async with monitoring_world.run_monitoring():
        await slow_search(monitoring_world)
        world, incident = monitoring_world.world, monitoring_world.get_incident()
        for text in ("/poll is slow", "/search keeps crashing"):
            said = world.make_trigger(text.split()[0], person=DORA).replace(text=text)
            assert await monitoring_world.find_incident(said) is None, text
            other = world.make_trigger("/poll").replace(text=text)
            assert await monitoring_world.find_incident(other) is None
        said = world.make_trigger("/search", person=DORA).replace(
            text="/search is slow", key="slow"
        )
        assert await monitoring_world.find_incident(said) is not None
        asked = await monitoring_world.ask(said)
        assert asked.incident is not None
        assert asked.incident.id == incident.id
        assert monitoring_world.get_incident().run_id == asked.run.id
        assert asked.run.trigger.error_id in incident.evidence  # so that it is looked into
        await monitoring_world.pass_time(70)
        assert "dora: “/search is slow”" in monitoring_world.get_card_text()
