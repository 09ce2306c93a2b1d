"""A feature request is summarised for its author; only a go-ahead starts the change."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import make_transcript

from bot.domain.brief import Brief, BriefQuestion
from bot.domain.budget import BudgetRules
from bot.domain.errors import AgentUnavailable, NotAuthorized, StaleApproval, WrongStage
from bot.domain.people import ITSELF
from bot.domain.run import Run, Stage, Status, Waiting
from tests.fakes.fake_request_planner import FLIPS
from tests.support.agent_harness import ALICE, DORA, MALLORY, AgentHarness
from tests.support.change_harness import (
    WANTED,
    ChangeHarness,
    list_contracts,
    make_request,
    request_change,
    wait_for_contract,
)

FLIP = Brief(request="", understood="A command that flips a coin.", acceptances=(FLIPS,))
TIMES = FLIP.replace(understood="A command that flips several coins.")


async def _told(world: AgentHarness, run: Run) -> str:
    return "\n".join(world.list_texts(await world.store.get(run.id)))


async def test_what_is_understood_is_shown_as_examples_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    world = ChangeHarness(
        tmp_path, FLIP.replace(out_of_scope=("a game for money",), estimate_usd=0.4)
    )
    async with world.run_agent() as agent:
        run = await request_change(world, agent)
        assert (run.status, run.stage, run.lease_owner) == (Status.WAITING, Stage.EXECUTE, None)
        assert not run.under_way  # it takes none of the room one person has
        post = next(
            said.post
            for said in world.chat.messages
            if said.post.buttons[-1:] and said.post.buttons[0].action == "agree"
        )
        assert post.card is not None
        fields = {field.name: field.value for field in post.card.fields}
        assert fields["For example"] == "• `/coinflip` → heads or tails"
        assert fields["Not included"] == "• a game for money"
        assert (
            "1 example as a test that fails today (the command does not exist)"
            in (fields["How I prove it"])
        )
        assert "`cogs/coinflip.py`" in fields["Files"]
        assert fields["Estimated cost"] == "≈ $0.40"
        assert "Low. There is one command more." in fields["Risk"]
        assert post.card.body == "A command that flips a coin."
        assert post.notify == (ALICE.id,)
        assert [button.label for button in post.buttons] == [
            "Go ahead", "Change it", "Cancel", "Later", "Ignore",
        ]  # fmt: skip
        assert not world.engine.asked
        assert run.cost_usd == pytest.approx(0.02)
        request = world.request_planner.asked[0]
        assert request.text == WANTED
        context = request.evidence.context
        assert context is not None
        assert {each.name for each in context.commands} == {"roll", "dice show"}
        assert context.cogs == ("cogs/dice.py",)


async def test_the_limit_of_changes_an_hour_is_shown_before_anybody_agrees(tmp_path: Path) -> None:
    world = ChangeHarness(tmp_path, FLIP, TIMES)
    world.budget = BudgetRules(modifications_an_hour=1)
    async with world.run_agent() as agent:
        run = await request_change(world, agent)
        assert _limit(world).endswith("1 changes an hour (`budget.modifications_an_hour`); "
                                      "none began in the last hour")  # fmt: skip
        now = world.clock.now()
        await world.ledger.begin("another", "claude", now, window=timedelta(hours=1), most=1)
        await agent.revise(run.id, ALICE, "several coins")
        await wait_for_contract(world, run, cards=2)
        assert _limit(world).endswith(
            "begun in the last hour: claude 1. At the limit, this change waits for its turn"
        )


async def test_the_estimate_is_what_the_last_shipped_runs_cost(tmp_path: Path) -> None:
    world = ChangeHarness(tmp_path, FLIP, TIMES)
    async with world.run_agent() as agent:
        run = await request_change(world, agent)
        assert _estimate(world) == ""  # nothing was paid
        for number, cost in enumerate((0.1, 0.9, 0.3), 1):
            trigger = run.trigger.replace(key=f"shipped before, {number}")
            await world.store.create(
                run.replace(id=f"before{number}", trigger=trigger, stage=Stage.SHIP, thread_id=None,
                        status=Status.DONE, waiting=None, cost_usd=cost)
            )  # fmt: skip
        await agent.revise(run.id, ALICE, "several coins", "modal", "m1")
        await wait_for_contract(world, run, cards=2)
    assert _estimate(world) == "≈ $0.30"


def _estimate(world: ChangeHarness) -> str:
    cards = [said.post.card for said in world.chat.messages if said.post.card]
    return {field.name: field.value for field in cards[-1].fields}.get("Estimated cost", "")


async def test_what_is_proven_without_examples_says_how(tmp_path: Path) -> None:
    tidy = Brief(request="", understood="Shorter code.", proofs=("preserving", "measured"))
    world = ChangeHarness(tmp_path, tidy)
    async with world.run_agent() as agent:
        await request_change(world, agent)
        cards = [said.post.card for said in world.chat.messages if said.post.card]
    fields = {field.name: field.value for field in cards[-1].fields}
    assert "For example" not in fields
    assert fields["How I prove it"].splitlines() == [
        "no visible change: no answer, public name or test changes",
        "it takes less time, measured in turns with today's code",
    ]
    assert "examples" not in fields["Files"]


async def test_a_go_ahead_is_for_the_brief_that_was_shown_and_is_kept(tmp_path: Path) -> None:
    world = ChangeHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await request_change(world, agent)
        with pytest.raises(NotAuthorized):
            await agent.agreements.give(run.id, MALLORY, "button")
        run = await agent.agreements.give(run.id, DORA, "button", _digest(world, run))
        history = await world.store.get_history(run.id)
        assert history.is_agreed
        assert history.agreement is not None
        assert history.agreement.person == DORA
        assert "**dora** says go ahead" in await _told(world, run)
        with pytest.raises(WrongStage):
            await agent.agreements.give(run.id, ALICE, "button")


async def test_a_correction_is_thought_over_and_the_card_before_it_is_void(tmp_path: Path) -> None:
    world = ChangeHarness(tmp_path, FLIP, TIMES)
    async with world.run_agent() as agent:
        run = await request_change(world, agent)
        old = _digest(world, run)
        await agent.revise(run.id, DORA, "several at once", "modal", "m1")
        run = await wait_for_contract(world, run, cards=2)
        assert world.request_planner.asked[-1].corrections == ("several at once",)
        assert "I think about it" in await _told(world, run)
        with pytest.raises(StaleApproval):
            await agent.agreements.give(run.id, ALICE, "button", old)
        with pytest.raises(StaleApproval):
            await agent.agreements.check(run.id, ALICE, old)
        assert (await world.store.get(run.id)).waiting is Waiting.AGREEMENT
        await agent.agreements.check(run.id, ALICE, _digest(world, run))
        await agent.agreements.give(run.id, ALICE, "text")


async def test_it_waits_for_as_long_as_nobody_says_anything(tmp_path: Path) -> None:
    world = ChangeHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await request_change(world, agent)
        world.clock.tick(timedelta(days=2).total_seconds())
        await world.clock.advance(60)  # whoever looks from time to time has looked again
        assert (await world.store.get(run.id)).waiting is Waiting.AGREEMENT


@pytest.mark.parametrize("risk", ["low", "medium"])
async def test_only_a_low_risk_goes_on_by_itself_and_only_where_configured(
    tmp_path: Path, risk: str
) -> None:
    world = ChangeHarness(tmp_path, FLIP.replace(risk=risk))
    world.limits = replace(world.limits, confirm=timedelta(minutes=10))
    async with world.run_agent() as agent:
        run = await request_change(world, agent)
        assert (run.parked_until is not None) == (risk == "low")
        await world.clock.advance(timedelta(minutes=11).total_seconds())
        if risk == "low":
            await world.wait_until(lambda now: now.waiting is not Waiting.AGREEMENT, run.id)
            given = (await world.store.get_history(run.id)).agreement
            assert given is not None
            assert (given.person, given.how) == (None, "time")
            assert "Nobody objected in time" in await _told(world, run)
        else:
            assert (await world.store.get(run.id)).waiting is Waiting.AGREEMENT


async def test_what_no_person_began_never_goes_on_without_one(tmp_path: Path) -> None:
    world = ChangeHarness(tmp_path)
    world.limits = replace(world.limits, confirm=timedelta(minutes=10))
    async with world.run_agent() as agent:
        begun = make_request(world).replace(person=ITSELF, origin="audit")
        run = await wait_for_contract(world, await agent.start_itself(begun))
        assert run.parked_until is None


async def test_a_restart_shows_no_second_card_and_takes_the_go_ahead(tmp_path: Path) -> None:
    world = ChangeHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await request_change(world, agent)
    async with world.run_agent() as agent:
        await world.clock.advance(60)
        assert len(list_contracts(world, run)) == 1
        await agent.agreements.give(run.id, ALICE, "text")


async def test_a_new_thread_shows_the_card_again_and_waits_on(tmp_path: Path) -> None:
    world = ChangeHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await request_change(world, agent)
        moved = await agent.requests.reopen(run.id, ALICE)
        assert moved.waiting is Waiting.AGREEMENT
        assert moved.thread_id != run.thread_id
        assert len(list_contracts(world, run)) == 2


async def test_what_is_open_is_asked_once_together_and_the_answer_is_heard(
    tmp_path: Path,
) -> None:
    asks = FLIP.replace(
        questions=(
            BriefQuestion(text="Which words?", default="heads and tails"),
            BriefQuestion(text="For whom?", default="for everybody"),
        )
    )
    world = ChangeHarness(tmp_path, asks)
    async with world.run_agent() as agent:
        run = await agent.request(make_request(world))
        run = await world.wait_until(lambda now: now.waiting is Waiting.QUESTION, run.id)
        run = await world.wait_until(
            lambda _: any("❓" in said for said in world.list_texts(run)), run.id
        )
        assert "1. Which words? (otherwise: heads and tails)" in await _told(world, run)
        await agent.answer(run.id, ALICE, "king and number, for everybody")
        await wait_for_contract(world, run)
        heard = world.request_planner.asked[-1].answers
        assert [answer for _, answer in heard] == ["king and number, for everybody"]
        assert len(world.request_planner.asked) == 2


async def test_an_objection_ends_it_and_says_why(tmp_path: Path) -> None:
    world = ChangeHarness(tmp_path, FLIP.replace(objection="There is such a command: `/flip`."))
    async with world.run_agent() as agent:
        run = await world.wait_until_ended((await agent.request(make_request(world))).id)
        assert run.status is Status.FAILED
        assert run.reason == "I do not write this: There is such a command: `/flip`."


async def test_examples_that_prove_nothing_go_back_once_and_then_end_it(tmp_path: Path) -> None:
    world = ChangeHarness(tmp_path)
    world.rehearsal.answers = lambda _tree, script: make_transcript(script, "heads")
    async with world.run_agent() as agent:
        run = await world.wait_until_ended((await agent.request(make_request(world))).id)
        assert "found no way to prove it" in run.reason
        assert run.cost_usd == pytest.approx(0.04)
        first, again = world.request_planner.asked
        assert not first.corrections
        assert "it is already answered this way" in again.corrections[0]
        assert not list_contracts(world, run)


async def test_without_a_planner_a_request_ends_honestly(tmp_path: Path) -> None:
    world = ChangeHarness(tmp_path)
    world.has_planner = False
    async with world.run_agent() as agent:
        run = await world.wait_until_ended((await agent.request(make_request(world))).id)
        assert "I have no model" in run.reason


async def test_a_planner_that_fails_ends_it_and_what_it_spent_is_counted(tmp_path: Path) -> None:
    world = ChangeHarness(tmp_path)
    world.request_planner.error = AgentUnavailable("The model is away.")
    async with world.run_agent() as agent:
        run = await world.wait_until_ended((await agent.request(make_request(world))).id)
        assert "understanding the request: The model is away." in run.reason
        assert run.cost_usd == pytest.approx(0.005)


async def test_what_may_not_be_written_is_said_before_it_is(tmp_path: Path) -> None:
    world = ChangeHarness(tmp_path)
    planner = world.request_planner
    step = planner.plan.steps[0]
    planner.plan = planner.plan.replace(steps=(step.replace(owned_files=("Makefile",)),))
    async with world.run_agent() as agent:
        run = await world.wait_until_ended((await agent.request(make_request(world))).id)
        assert "may not change it" in run.reason


def _limit(world: AgentHarness) -> str:
    cards = [said.post.card for said in world.chat.messages if said.post.card is not None]
    fields = [field for card in cards for field in card.fields if field.name == "Limit"]
    return fields[-1].value


def _digest(world: AgentHarness, run: Run) -> str:
    return list_contracts(world, run)[-1].rpartition(":")[2]
