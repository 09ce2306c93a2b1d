"""An engine's refusal is quoted as its own statement, next to what we know."""

from pathlib import Path

from bot.domain.change import EngineRemark
from bot.domain.run import Run, Status
from bot.ports.agent import Finished
from tests.fakes.fake_agent import FakeAgent
from tests.fakes.fake_verifier import FakeVerifier
from tests.support.agent_harness import BROKEN, FIX, AgentHarness, is_broken

NO = "Discord tells a bot nothing of that."


async def ended(world: AgentHarness) -> tuple[Run, str]:
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        run = await world.wait_until_ended(run.id)
    assert world.forge.drafts == []
    return run, world.list_texts(run)[-1]


async def test_what_it_cannot_ends_the_run_in_its_own_words_and_keeps_no_edit(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.engine = FakeAgent({"cogs/dice.py": BROKEN + "# half done\n"}, cannot=NO)
    world.fallback_engine = FakeAgent(FIX, name="offline", can_follow_instructions=False)
    run, text = await ended(world)
    assert run.status is Status.FAILED
    assert text.startswith(f"❌ The fake engine says it cannot: {NO}")
    assert world.fallback_engine.asked == []
    assert world.engine.asked[0].request == world.make_trigger().text
    change = (await world.store.get_history(run.id)).change_set
    assert change is not None
    assert (change.files, change.cannot) == ((), NO)


async def test_a_failing_check_it_says_it_is_not_behind_still_fails_with_its_word_beside_it(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.verifier = FakeVerifier(broken=is_broken, checks={"types": is_broken})
    reason = "cogs/polls.py has it too"
    world.engine = FakeAgent(FIX, unrelated=(EngineRemark(about="types", reason=reason),))
    run, text = await ended(world)
    assert run.status is Status.FAILED
    assert f"says that types is unrelated to its change: {reason}" in text
    assert f"❌ types · 1 failed · 0.0 s · not caused by the change, the engine says: {reason}" in (
        text
    )


async def test_what_was_asked_and_is_not_in_the_change_stands_on_its_card(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    left_out = EngineRemark(about="handle 0d6", reason="Nobody said what it rolls.")
    world.engine = FakeAgent(FIX, not_done=(left_out,))
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        await world.wait_until_settled(run.id)
        [key] = world.list_cards(run)
    [card] = [said.post.card for said in world.chat.messages if said.key == key]
    told = "Asked: handle 0d6. Not done: Nobody said what it rolls."
    assert card is not None
    assert told in {field.name: field.value for field in card.fields}["Requested, but not done"]
    assert told in world.forge.drafts[0].body


def test_nothing_is_said_by_default() -> None:
    last = Finished(changed=True, summary="Done.")
    assert (last.cannot, last.unrelated, last.not_done) == ("", (), ())
