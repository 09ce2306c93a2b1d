"""Faults that are not ours end before any engine, with reasons; a person may insist."""

from pathlib import Path

import pytest

from bot.domain.errors import WrongStage
from bot.domain.journal import ActionOutcome, Capsule
from bot.domain.posts import Post
from bot.domain.run import Run, Stage, Status
from bot.domain.triage import Origin
from tests.support.agent_harness import ALICE, DORA, AgentHarness, make_capsule, make_failure
from tests.support.agent_under_test import AgentUnderTest


@pytest.fixture
def world(tmp_path: Path) -> AgentHarness:
    """Return a world."""
    return AgentHarness(tmp_path)


OUTAGE = Capsule(
    exception="discord.errors.DiscordServerError",
    message="503 Service Unavailable (error code: 0): upstream connect error",
    fingerprint="outage",
    frames=make_capsule().frames,
    libraries=("discord.abc", "discord.http"),
    status=503,
)


def outage(world: AgentHarness, times: int = 14) -> None:
    """Journal failures of an external service."""
    world.journal.actions = [make_failure(world.clock, OUTAGE) for _ in range(times)]


async def test_a_third_partys_outage_never_reaches_an_engine(world: AgentHarness) -> None:
    outage(world)
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger("/roll"))
        run = await world.wait_until_ended(run.id)
        assert (run.status, world.engine.asked) == (Status.FAILED, [])
        assert "That is Discord's, not ours: 14 times Discord answered (HTTP 503)" in run.reason
        assert "There is nothing of ours to change." in run.reason
        assert (run.stage, f"/runs retry {run.id}" in run.reason) == (Stage.DIAGNOSE, True)


async def test_its_investigation_says_whose_it_is_and_offers_no_fix(world: AgentHarness) -> None:
    outage(world)
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger("/roll", goal="investigate"))
        await world.wait_until_ended(run.id)
        card = next(said.post for said in world.chat.messages if said.key.endswith(":ended:1"))
        assert card.card is not None
        fields = {field.name: field.value for field in card.card.fields}
        assert "Discord's, not ours" in fields["Where the fault is"]
        assert "high confidence" in fields["Where the fault is"]
        assert card.buttons == ()


async def test_a_person_who_has_read_that_may_insist(world: AgentHarness) -> None:
    outage(world)
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger("/roll"))
        await world.wait_until_ended(run.id)
        await agent.retry(run.id, ALICE)
        run = await world.wait_until(lambda now: now.has_ended and now.attempt == 2, run.id)
        assert "not ours" not in run.reason


async def test_the_evidence_counts_the_people_it_happened_to(world: AgentHarness) -> None:
    world.journal.actions = [
        make_failure(world.clock).replace(user=user) for user in ("u1", "u2", "u1", None)
    ]
    good = make_failure(world.clock).replace(outcome=ActionOutcome.OK, error=None, user="u9")
    world.journal.append(good)
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger(goal="investigate"))
        await world.wait_until_ended(run.id)
        evidence = (await agent.get_history(run.id)).evidence
        assert evidence is not None
        assert evidence.users == 2


LIMITED = Capsule(
    exception="aiohttp.client_exceptions.ClientResponseError",
    message="429, message='Too Many Requests', url='https://quotes.example/random'",
    fingerprint="limited",
    frames=make_capsule().frames,
    libraries=("aiohttp.client",),
    status=429,
)


async def asked(world: AgentHarness, agent: AgentUnderTest) -> tuple[Run, Post]:
    """Ask for a fix of a service's refusals; return the run once it asks, and the question."""
    world.journal.actions = [make_failure(world.clock, LIMITED) for _ in range(3)]
    run = await agent.request(world.make_trigger("/roll"))
    run = await world.wait_until(lambda now: now.is_parked, run.id)
    await world.wait_until(lambda _: any("❓" in text for text in world.list_texts(run)), run.id)
    return run, next(said.post for said in world.chat.messages if "❓" in said.post.text)


async def test_where_our_side_could_do_better_people_are_asked(world: AgentHarness) -> None:
    async with world.run_agent() as agent:
        run, question = await asked(world, agent)
        assert (run.stage, run.lease_owner, world.engine.asked) == (Stage.DIAGNOSE, None, [])
        assert "That is `quotes.example`'s, not ours" in question.text
        assert "wait as long as it asks for (`Retry-After`), and ask once more" in question.text
        assert [button.label for button in question.buttons] == [
            "Change our side",
            "Leave it",
            "Later",
            "Ignore",
        ]
        await agent.answer(run.id, DORA, "Change our side")
        run = await world.wait_until(lambda now: now.stage is not Stage.DIAGNOSE, run.id)
        history = await agent.get_history(run.id)
    assert history.diagnosis is not None
    assert history.diagnosis.triage.origin is Origin.OUTSIDE
    assert history.shapers is not None
    assert DORA.id in history.shapers.ids


async def test_nothing_is_changed_without_a_yes(world: AgentHarness) -> None:
    async with world.run_agent() as agent:
        run, _ = await asked(world, agent)
        with pytest.raises(WrongStage, match="Please answer yes or no"):
            await agent.answer(run.id, ALICE, "why?")
        await agent.answer(run.id, ALICE, "no, leave it")
        run = await world.wait_until_ended(run.id)
        assert (run.status, world.engine.asked) == (Status.FAILED, [])
        assert "I leave our side as it is." in run.reason


async def test_nobody_who_answers_leaves_it_as_it_is(world: AgentHarness) -> None:
    async with world.run_agent() as agent:
        run, _ = await asked(world, agent)
        await world.clock.advance(3_700)
        run = await world.wait_until_ended(run.id)
        assert "Nobody answered in time. I go on with: Leave it" in " ".join(world.list_texts(run))


async def test_an_investigation_offers_to_change_our_side(world: AgentHarness) -> None:
    world.journal.actions = [make_failure(world.clock, LIMITED)]
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger("/roll", goal="investigate"))
        await world.wait_until_ended(run.id)
        card = next(said.post for said in world.chat.messages if said.key.endswith(":ended:1"))
        assert [button.label for button in card.buttons] == ["Change our side"]
        run = await agent.promote(run.id, ALICE)
        assert (run.goal, run.stage) == ("fix", Stage.PLAN)
