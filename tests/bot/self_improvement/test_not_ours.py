"""What is not ours ends before any engine, with reasons; a person who has read them may insist."""

from pathlib import Path

import pytest

from bot.domain.journal import ActionOutcome, Capsule
from bot.domain.run import Stage, Status
from tests.support.world import ALICE, World, capsule, failure


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world."""
    return World(tmp_path)


OUTAGE = Capsule(
    exception="discord.errors.DiscordServerError",
    message="503 Service Unavailable (error code: 0): upstream connect error",
    fingerprint="outage",
    frames=capsule().frames,
    libraries=("discord.abc", "discord.http"),
    status=503,
)


def outage(world: World, times: int = 14) -> None:
    """Let somebody else's service fail."""
    world.journal.actions = [failure(world.clock, OUTAGE) for _ in range(times)]


async def test_a_third_partys_outage_never_reaches_an_engine(world: World) -> None:
    outage(world)
    async with world.running() as agent:
        run = await agent.request(world.trigger("/roll"))
        run = await world.ended(run.id)
        assert (run.status, world.engine.asked) == (Status.FAILED, [])
        assert "That is Discord's, not ours: 14 times Discord answered (HTTP 503)" in run.reason
        assert "There is nothing of ours to change." in run.reason
        assert (run.stage, f"/runs retry {run.id}" in run.reason) == (Stage.DIAGNOSE, True)


async def test_its_investigation_says_whose_it_is_and_offers_no_fix(world: World) -> None:
    outage(world)
    async with world.running() as agent:
        run = await agent.request(world.trigger("/roll", goal="investigate"))
        await world.ended(run.id)
        card = next(said.post for said in world.chat.said if said.key.endswith(":ended:1"))
        assert card.card is not None
        fields = {field.name: field.value for field in card.card.fields}
        assert "Discord's, not ours" in fields["Whose it is"]
        assert "high confidence" in fields["Whose it is"]
        assert card.buttons == ()


async def test_a_person_who_has_read_that_may_insist(world: World) -> None:
    outage(world)
    async with world.running() as agent:
        run = await agent.request(world.trigger("/roll"))
        await world.ended(run.id)
        await agent.retry(run.id, ALICE)
        run = await world.until(lambda now: now.ended and now.attempt == 2, run.id)
        assert "not ours" not in run.reason


async def test_the_evidence_counts_the_people_it_happened_to(world: World) -> None:
    world.journal.actions = [
        failure(world.clock).but(user=user) for user in ("u1", "u2", "u1", None)
    ]
    good = failure(world.clock).but(outcome=ActionOutcome.OK, error=None, user="u9")
    world.journal.append(good)
    async with world.running() as agent:
        run = await agent.request(world.trigger(goal="investigate"))
        await world.ended(run.id)
        evidence = (await agent.history(run.id)).evidence
        assert evidence is not None
        assert evidence.users == 2
