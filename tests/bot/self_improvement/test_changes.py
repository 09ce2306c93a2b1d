"""A feature request is built after agreement, proven by its examples, and shipped."""

from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import make_transcript
from theseus_rehearsal.behaviour import AnswerChange, BehaviourDiff
from theseus_rehearsal.records import PlayDifference

from bot.domain.brief import Brief
from bot.domain.errors import AgentUnavailable
from bot.domain.run import Stage, Status, Waiting
from bot.self_improvement.checks.behaviour_check import excuse_requested_changes
from tests.fakes.fake_agent import FakeAgent
from tests.fakes.fake_request_planner import FLIPS, FakeRequestPlanner
from tests.support.agent_harness import ALICE, DORA
from tests.support.change_harness import (
    ADDED,
    COIN,
    FLAGGED,
    WANTED,
    ChangeHarness,
    make_request,
    propose_change,
    request_change,
    wait_for_contract,
)


async def test_a_change_goes_from_words_to_the_merge(tmp_path: Path) -> None:
    world = ChangeHarness(tmp_path)
    async with world.run_agent() as agent:
        assert agent.changes.able
        run = await propose_change(world, agent)
        assert (run.status, run.waiting) == (Status.WAITING, Waiting.APPROVAL), run.reason
        history = await world.store.get_history(run.id)
        verdict, change = history.verdict, history.change_set
        assert verdict is not None
        assert change is not None
        assert verdict.is_reproduced
        assert [(proof.kind, proof.holds) for proof in verdict.proofs] == [("behaviour", True)]
        tests = [file.path for file in change.files if file.path != COIN]
        assert len(tests) == 1
        assert tests[0].startswith("tests/acceptance/test_coinflip")
        card = next(each.post.card for each in world.chat.messages if ":proposal:" in each.key)
        assert card is not None
        assert f"**Asked**: {WANTED}" in card.body
        assert "A command that flips a coin." in card.body
        fields = {field.name: field.value for field in card.fields}
        assert "✅ behaviour: 1 example: failing before, passing now" in fields["Proof"]
        assert "Low. There is one command more." in fields["Risk"]
        assert fields["Quality gates"].splitlines() == [
            "✅ documentation: no command changes how it is presented",
            "✅ revert: nothing is left behind that today's code would read",
        ]
        body = world.forge.drafts[-1].body
        assert f"asked: {WANTED}" in body
        assert "Revert the merge commit. Undo: nothing is left behind" in body
        assert "no such cog before, answered now" in body
        await agent.approve(world.build_approval(run))
        run = await world.wait_until_ended(run.id)
        assert run.status is Status.DONE
        assert COIN in world.checkout.files
        assert (await world.store.get_history(run.id)).watch is None
        assignment = world.engine.asked[0]
        assert assignment.brief == history.brief
        assert assignment.request == WANTED


async def test_two_planners_are_asked_about_a_risky_request(tmp_path: Path) -> None:
    coin = Brief(request="", understood="A coin.", acceptances=(FLIPS,), risk="high")
    other = coin.replace(objection="There is such a command: it would be a second one.")
    world = ChangeHarness(tmp_path, coin)
    world.second_planner = FakeRequestPlanner(other)
    async with world.run_agent() as agent:
        run = await request_change(world, agent)
        (card,) = [s.post.card for s in world.chat.messages if ":contract:" in s.key]
        assert card is not None
        opinion = {field.name: field.value for field in card.fields}["Second opinion"]
        assert "**Reading** A coin. ⟷ There is such a command" in opinion
        assert "⟷ none: it would not make this change" in opinion
        assert run.cost_usd == pytest.approx(0.04)


async def test_a_fixed_answer_is_sent_back_and_ends_without_a_proposal(tmp_path: Path) -> None:
    world = ChangeHarness(tmp_path)
    luck = world.rehearsal.answers
    world.rehearsal.answers = lambda tree, script: (
        make_transcript(script, "heads") if (tree / COIN).exists() else luck(tree, script)
    )
    world.engine = FakeAgent(ADDED, {COIN: "# once more\n"}, {COIN: "# and again\n"})
    async with world.run_agent() as agent:
        run = await propose_change(world, agent)
        assert run.status is Status.FAILED
        assert "1 of 1 example does not hold" in run.reason
        assert len(world.engine.asked) == 3
        feedback = world.engine.asked[1].feedback
        assert feedback is not None
        assert "the result is the same in 12 plays" in feedback.proofs[0].details[0]


async def test_no_other_engine_takes_a_change_over(tmp_path: Path) -> None:
    world = ChangeHarness(tmp_path)
    world.engine = FakeAgent(AgentUnavailable("The model is away."))
    world.fallback_engine = FakeAgent(ADDED, name="offline", can_follow_instructions=False)
    async with world.run_agent() as agent:
        run = await propose_change(world, agent)
        assert run.status is Status.FAILED
        assert "The model is away." in run.reason
        assert not world.fallback_engine.asked


async def test_a_proposed_change_can_be_revised_and_ships_as_revised(tmp_path: Path) -> None:
    world = ChangeHarness(tmp_path)
    world.engine = FakeAgent(ADDED, {COIN: '"""Coins, and more."""\n'})
    async with world.run_agent() as agent:
        run = await propose_change(world, agent)
        await agent.revise(run.id, DORA, "also take a number", "text", "m1")
        await world.wait_until(lambda now: now.round == 2, run.id)
        run = await world.wait_until_settled(run.id)
        assert run.waiting is Waiting.APPROVAL, run.reason
        assert world.engine.asked[-1].steering == ("also take a number",)
        assert world.engine.asked[-1].brief is not None
        await agent.approve(world.build_approval(run))
        assert (await world.wait_until_ended(run.id)).status is Status.DONE


async def test_a_change_that_failed_is_understood_anew_when_it_is_retried(tmp_path: Path) -> None:
    world = ChangeHarness(tmp_path)
    world.engine = FakeAgent([AgentUnavailable("The model is away."), ADDED])
    async with world.run_agent() as agent:
        run = await propose_change(world, agent)
        assert run.status is Status.FAILED
        again = await agent.retry(run.id, ALICE)
        assert (again.stage, again.attempt) == (Stage.OBSERVE, 2)
        run = await wait_for_contract(world, again, cards=2)
        await agent.agreements.give(run.id, ALICE, "text")
        assert (await world.wait_until_settled(run.id)).waiting is Waiting.APPROVAL


async def test_what_is_wanted_while_it_is_written_reaches_the_engine(tmp_path: Path) -> None:
    world = ChangeHarness(tmp_path)
    world.engine.hold()
    async with world.run_agent() as agent:
        run = await request_change(world, agent)
        await agent.agreements.give(run.id, DORA, "text")
        await world.engine.working.wait()
        await agent.revise(run.id, ALICE, "call the sides king and number", "text", "m1")
        world.engine.release()
        await world.wait_until_settled(run.id)
        assert world.engine.news == ["call the sides king and number"]


@pytest.mark.parametrize(
    ("missing", "unasked"), [("another answer", 1), ("no such option", 2), ("no such command", 2)]
)
def test_only_answers_that_are_meant_to_be_others_are_asked_for(missing: str, unasked: int) -> None:
    brief = Brief(request="", understood="", acceptances=(FLIPS.replace(missing=missing),))
    changes = tuple(
        AnswerChange(
            script=0, asked=asked, difference=PlayDifference(step=0, before=("a",), after=("b",))
        )
        for asked in ("/coinflip times:3", "/coinflips")
    )
    found = BehaviourDiff(answers=5, changed=2, unasked=2, changes=changes)
    assert excuse_requested_changes(found, brief).unasked == unasked
    assert excuse_requested_changes(found, brief.replace(flag="coinflip")).unasked == 2


async def test_what_ships_behind_a_flag_says_so_until_it_is_live_and_off(tmp_path: Path) -> None:
    world = ChangeHarness(tmp_path, FLAGGED)
    world.use_flag()
    told = "🚩 Ships behind the flag `coinflip`: off until `/flags set`."
    async with world.run_agent() as agent:
        run = await propose_change(world, agent)
        assert (run.status, run.waiting) == (Status.WAITING, Waiting.APPROVAL), run.reason
        card = next(each.post.card for each in world.chat.messages if ":proposal:" in each.key)
        assert card is not None
        assert told in card.body
        proof = next(field.value for field in card.fields if field.name == "Proof")
        assert "passing now; with the flag `coinflip` off, nothing changes" in proof
        assert told in world.forge.drafts[-1].body
        await agent.approve(world.build_approval(run))
        assert (await world.wait_until_ended(run.id)).status is Status.DONE
        live = [each.post.text for each in world.chat.messages if "**live at" in each.post.text]
        assert "`/flags set name:coinflip to:dev` turns it on in the dev channel" in live[-1]
        trial = await agent.trials.run(run.id, "/coinflip")
        assert world.rehearsal.replayed[-1][1].world.flags == ("coinflip",)
        assert "heads" in str(trial) or "tails" in str(trial)


async def test_a_flag_that_is_kept_from_before_is_no_flag_to_ship_behind(tmp_path: Path) -> None:
    world = ChangeHarness(tmp_path, FLAGGED)
    async with world.run_agent() as agent:
        await agent.flags.switch(DORA, "coinflip", "all", asked_for={"coinflip"})
        run = await agent.request(make_request(world))
        run = await world.wait_until_ended(run.id)
        assert run.status is Status.FAILED
        assert "the flag `coinflip` exists already and may be on" in run.reason.replace("\\", "")
        assert len(world.request_planner.asked) == 2
