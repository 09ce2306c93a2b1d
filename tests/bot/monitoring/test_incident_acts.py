"""What people decide on incidents: with whose rights, what it changes, and how it ends."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.authority.autonomy_levels import Autonomy, Level
from bot.domain.errors import NotAuthorized, OutOfBounds, WrongStage
from bot.domain.incident_comments import LONGEST_COMMENT, MOST_COMMENTS
from bot.domain.people import Person
from bot.domain.personal_data import DataSubject
from bot.domain.triage import Origin
from bot.monitoring.incident_acts import A_DAY, LATER, IncidentActs
from tests.support.agent_harness import ALICE, DORA
from tests.support.monitoring_harness import MonitoringHarness

MALLORY = Person(id=666, name="mallory")
SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[MonitoringHarness]:
    """A world with one open and announced incident, which nobody works on."""
    harness = MonitoringHarness(tmp_path, autonomy=Autonomy(level=Level.REPORT))
    async with harness.run_monitoring():
        harness.journal_failures(5)
        await harness.pass_time(10)
        yield harness


def get_acts(world: MonitoringHarness) -> tuple[IncidentActs, str]:
    incident_id = world.get_incident().id
    return world.monitoring.get_acts(incident_id), incident_id


async def test_who_is_not_listed_decides_nothing_and_learns_nothing(
    world: MonitoringHarness,
) -> None:
    acts, known = get_acts(world)
    before, refusals = world.get_incident(), set()
    for incident_id in (known, "zzzzzz"):
        for act in (
            acts.assign(incident_id, MALLORY, MALLORY),
            acts.ignore(incident_id, MALLORY, span=A_DAY),
            acts.ignore(incident_id, MALLORY, times=5),
            acts.unmute(incident_id, MALLORY),
            acts.mark_third_party(incident_id, MALLORY),
            acts.mark_ours(incident_id, MALLORY),
            acts.add_comment(incident_id, MALLORY, "let me in"),
        ):
            with pytest.raises(NotAuthorized) as refused:
                await act
            refusals.add(str(refused.value))
    assert len(refusals) == 1, "the answer does not tell whether an incident exists"
    assert world.get_incident() == before
    assert await acts.comments.list_comments(known) == ()
    with pytest.raises(WrongStage):
        await acts.ignore("zzzzzz", ALICE, span=A_DAY)
    entries = await world.world.store.list_audit_entries()
    assert {(each.person, each.allowed) for each in entries if "incident" in each.note} == {
        (MALLORY, False), (ALICE, True),
    }  # fmt: skip


async def test_whoever_is_given_an_incident_is_informed_once(world: MonitoringHarness) -> None:
    acts, incident_id = get_acts(world)
    with pytest.raises(OutOfBounds, match="mallory is not on the list"):
        await acts.assign(incident_id, ALICE, MALLORY)
    await acts.assign(incident_id, ALICE, DORA)
    await world.pass_time(10)
    assert "Looked after by: dora" in world.get_card_text()
    (said,) = [each for each in world.chat.messages if ":assigned:" in each.key]
    assert said.post.notify == (DORA.id,)
    await acts.assign(incident_id, ALICE, ALICE)
    await world.pass_time(10)
    assert len([each for each in world.chat.messages if ":assigned:" in each.key]) == 1
    assert "I take it" not in world.list_button_labels()
    await acts.assign(incident_id, DORA, None)
    assert world.get_incident().assignee is None


async def test_it_is_silent_until_it_has_happened_so_often(world: MonitoringHarness) -> None:
    acts, incident_id = get_acts(world)
    await acts.ignore(incident_id, DORA, times=20)
    await world.pass_time(3_600)
    assert not world.get_incident().open
    world.journal_failures(10)
    await world.pass_time(60)
    assert world.get_incident().open
    assert "Ignored by dora until it has happened 10 more times" in world.get_card_text()
    assert len(world.list_keys()) == 1
    world.journal_failures(10)
    await world.pass_time(60)
    assert world.list_keys()[1:] == [f"incident:{incident_id}:unmuted:25"]
    assert "dora ignored this until now" in world.chat.messages[-1].post.text
    assert "Ignore" in world.list_button_labels()


async def test_later_asks_again_if_it_still_goes_on(world: MonitoringHarness) -> None:
    acts, incident_id = get_acts(world)
    await acts.ignore(incident_id, DORA, span=LATER)
    for _ in range(8):
        await world.pass_time(25 * 60)
        world.journal_failures(5)
    await world.pass_time(60)
    (said,) = world.list_keys()[1:]
    assert said.startswith(f"incident:{incident_id}:unmuted:")
    assert not world.get_incident().has_mute


async def test_what_is_heeded_again_is_reported_again(world: MonitoringHarness) -> None:
    acts, incident_id = get_acts(world)
    await acts.ignore(incident_id, DORA, span=A_DAY)
    await acts.unmute(incident_id, ALICE)
    await world.pass_time(7 * 3_600)
    world.journal_failures(5)
    await world.pass_time(60)
    assert world.list_keys()[1:] == [f"incident:{incident_id}:again:1"]


@pytest.mark.parametrize(
    "about",
    [{}, {"span": timedelta(0)}, {"span": timedelta(days=31)}, {"times": 0}, {"times": -5},
     {"times": 10**9}, {"span": timedelta(days=99), "times": 5}],
)  # fmt: skip
async def test_an_endless_or_empty_silence_is_refused(
    world: MonitoringHarness, about: dict[str, object]
) -> None:
    acts, incident_id = get_acts(world)
    with pytest.raises(OutOfBounds, match="for how long"):
        await acts.ignore(incident_id, ALICE, **about)  # type: ignore[arg-type]
    assert not world.get_incident().has_mute


async def test_a_third_partys_fault_stays_one_until_a_person_says_otherwise(
    world: MonitoringHarness,
) -> None:
    acts, incident_id = get_acts(world)
    assert world.get_incident().triage.origin is Origin.CODE
    await acts.mark_third_party(incident_id, ALICE)
    world.journal_failures(30)
    await world.pass_time(60)
    found = world.get_incident()
    assert (found.triage.origin, found.triage_by) == (Origin.OUTSIDE, ALICE)
    assert "A third party" in world.get_card_text()
    await world.pass_time(3 * 86_400)
    world.journal_failures(5)
    await world.pass_time(60)
    newest, before = world.monitoring.list_incidents()
    assert newest.id != before.id
    assert newest.triage_by == ALICE, "the same fault, days later"
    await acts.mark_ours(newest.id, DORA)
    await world.pass_time(60)
    assert world.monitoring.find(newest.id).triage.origin is Origin.CODE


async def test_a_comment_is_redacted_and_has_limits(world: MonitoringHarness) -> None:
    acts, incident_id = get_acts(world)
    await acts.add_comment(incident_id, DORA, f"the token is {SECRET}\r\n<script>alert(1)</script>")
    (comment,) = await acts.comments.list_comments(incident_id)
    assert SECRET not in comment.text
    assert "<script>" in comment.text, "data, as it was written: pages escape it"
    for text in ("", " \n ", "x" * (LONGEST_COMMENT + 1)):
        with pytest.raises(OutOfBounds, match="comment"):
            await acts.add_comment(incident_id, DORA, text)
    for number in range(MOST_COMMENTS - 1):
        await acts.add_comment(incident_id, DORA, f"comment {number}")
    with pytest.raises(WrongStage, match="takes no more"):
        await acts.add_comment(incident_id, DORA, "one more")
    at = world.clock.now()
    assert not await acts.take_message(incident_id, DORA, 1, "one more", at)


async def test_a_message_of_the_thread_is_a_comment_as_long_as_it_exists(
    world: MonitoringHarness,
) -> None:
    acts, incident_id = get_acts(world)
    at = world.clock.now()
    assert not await acts.take_message(incident_id, MALLORY, 1, "me too", at)
    assert not await acts.take_message(incident_id, DORA.replace(bot=True), 2, "beep", at)
    assert await acts.take_message(incident_id, DORA, 3, f"it is {SECRET}", at)
    assert await acts.take_message(incident_id, DORA, 3, "it is the dice", at)
    (comment,) = await acts.comments.list_comments(incident_id)
    assert (comment.text, comment.person) == ("it is the dice", DORA)
    assert await acts.drop_message(incident_id, 3)
    assert not await acts.drop_message(incident_id, 3)
    assert await acts.comments.list_comments(incident_id) == ()


async def test_whoever_is_forgotten_leaves_decisions_without_a_name(
    world: MonitoringHarness,
) -> None:
    acts, incident_id = get_acts(world)
    await acts.assign(incident_id, DORA, ALICE)
    await acts.ignore(incident_id, DORA, span=A_DAY)
    await acts.mark_third_party(incident_id, DORA)
    await acts.add_comment(incident_id, DORA, "mine")
    await acts.add_comment(incident_id, ALICE, "hers")
    subject = DataSubject(id=DORA.id, pseudonym="u-dora")
    assert await world.monitoring.count_records(subject) == 4
    await world.monitoring.erase(subject)
    assert await world.monitoring.count_records(subject) == 0
    found = world.get_incident()
    assert found.triage_by is not None
    assert found.assignee is not None
    assert (found.triage_by.id, found.assignee.person) == (0, ALICE)
    stored = {
        name: body for name, body in world.world.key_values.bodies.items()
        if name.startswith(("incident", "mute:"))
    }  # fmt: skip
    assert not any("dora" in body for body in stored.values()), stored
    assert found.is_muted(world.clock.now())
