"""Cards of runs with a model: whose text, at what cost, and what the run waits for."""

from datetime import timedelta

import pytest

from bot.domain.change import Grant
from bot.domain.plan import Step
from bot.domain.run import Stage, Status, Waiting
from bot.presentation import cards
from bot.presentation.cards._text import format_tokens
from tests.bot.presentation.test_cards import CHANGE, DIAGNOSIS, HISTORY, PLAN, RUN, read
from tests.fakes.fake_clock import START

SPENT = RUN.replace(cost_usd=0.12, tokens_in=44_000, tokens_out=1_000)
LATER = START + timedelta(minutes=20)


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (1, "1 tokens"),
        (999, "999 tokens"),
        (1_100, "1.1k tokens"),
        (45_000, "45k tokens"),
        (1_240_000, "1.2M tokens"),
    ],
)
def test_tokens_are_told_in_round_numbers(count: int, told: str) -> None:
    assert format_tokens(count) == told


def test_every_card_tells_money_and_tokens() -> None:
    at_work = SPENT.replace(stage=Stage.EXECUTE, status=Status.RUNNING)
    told = "$0.12 · 45k tokens"
    assert told in read(cards.render_progress(at_work, HISTORY))
    assert told in read(cards.render_proposal(SPENT, HISTORY))
    assert told in read(cards.render_investigation(SPENT, HISTORY))
    assert "≈" not in read(cards.render_proposal(SPENT, HISTORY))
    assert f"≈ {told}" in read(cards.render_proposal(SPENT.replace(estimated=True), HISTORY))


def test_the_living_card_names_who_explained_and_who_planned() -> None:
    history = HISTORY.replace(
        diagnosis=DIAGNOSIS.replace(explained_by="claude (opus)"),
        plan=PLAN.replace(written_by="claude (opus)"),
    )
    text = read(
        cards.render_progress(RUN.replace(stage=Stage.EXECUTE, status=Status.RUNNING), history)
    )
    assert "all in `cogs/dice.py:41` (by claude (opus))" in text
    assert "`face(6)` fails: IndexError (by claude (opus))" in text


def test_an_investigation_says_who_explains_and_keeps_its_evidence() -> None:
    diagnosis = DIAGNOSIS.replace(cause="Somebody counts from one.", explained_by="claude (opus)")
    text = read(cards.render_investigation(SPENT, HISTORY.replace(diagnosis=diagnosis)))
    assert "Somebody counts from one." in text
    assert "Explained by: claude (opus)" in text
    assert "Confidence: high" in text
    assert "Evidence: `00000001`, `00000002`" in text


def test_a_run_that_waits_for_an_answer_or_a_limit_shows_a_hand() -> None:
    parked = RUN.replace(
        stage=Stage.EXECUTE,
        status=Status.WAITING,
        waiting=Waiting.QUESTION,
        parked_until=LATER,
        reason="Waiting for an answer.",
    )
    text = read(cards.render_progress(parked, HISTORY))
    assert "✋ **Write the change**" in text
    assert "Waiting for an answer." in text
    told = f"Waiting for an answer; continues <t:{LATER.timestamp():.0f}:R> at the latest"
    assert cards.format_status(parked) == told


def test_a_run_that_waits_for_the_forge_does_not_ask_for_a_word() -> None:
    parked = RUN.replace(
        stage=Stage.SHIP,
        status=Status.WAITING,
        waiting=Waiting.FORGE,
        parked_until=LATER,
        reason="Checks of #3 are still running. I try again until then.",
    )
    text = read(cards.render_progress(parked, HISTORY))
    assert "✋ **Ship** — waiting for the forge's checks" in text
    assert "waiting for “ship it”" not in text
    assert "still running" in text
    assert cards.format_status(parked) == "waiting for the forge's checks"


def test_a_proposal_tells_the_engines_title_the_review_the_grants_and_the_risk() -> None:
    change = CHANGE.replace(
        engine="claude",
        title="Count faces from zero",
        review="approved: Fits the plan; nothing else is touched.",
        approved=True,
        granted=(Grant(file="cogs/polls.py", reason="polls roll dice too"),),
        stated=("dora said that `face(9)` answers 'i'.",),
    )
    history = HISTORY.replace(change_set=change, plan=PLAN.replace(risk="medium"))
    text = read(cards.render_proposal(SPENT, history))
    assert "# Proposal #3: Count faces from zero" in text
    assert "**Change**: Use `value - 1` as the index." in text
    assert "Extra files granted: `cogs/polls.py`: polls roll dice too" in text
    assert "Confirmed as right by people: dora said that `face(9)` answers 'i'." in text
    assert "Risk: Medium. People who use `/roll`." in text
    assert "Review: approved: Fits the plan; nothing else is touched." in text
    assert "⚠️" not in text
    assert "head aaaaaaa · claude" in text


@pytest.mark.parametrize(
    ("approved", "warning"),
    [
        (None, "⚠️ **Nobody reviewed this change**: read the diff before you ship it."),
        (False, "⚠️ **The reviewer did not approve this change.**"),
    ],
)
def test_a_change_that_no_reviewer_approved_says_so_at_the_top(
    approved: bool | None, warning: str
) -> None:
    change = CHANGE.replace(review="could not be reviewed: no answer", approved=approved)
    post = cards.render_proposal(SPENT, HISTORY.replace(change_set=change))
    assert post.card is not None
    assert post.card.body.startswith(warning)


def test_the_plan_of_a_planner_names_its_steps_its_evidence_and_its_author() -> None:
    plan = PLAN.replace(
        steps=(
            Step(summary="Count from zero", owned_files=("cogs/dice.py",)),
            Step(summary="Granted: polls too", owned_files=("cogs/polls.py",)),
        ),
        evidence_ids=("01jd0000000000000000000001", "b" * 40),
        written_by="claude (opus)",
    )
    text = cards.plan_text(plan)
    assert "2. Granted: polls too (may change `cogs/polls.py`)" in text
    assert "**Rollback**\nRevert the merge commit." in text
    assert "**Evidence**\n`00000001`, `bbbbbbb`" in text
    assert text.endswith("**Written by**\nclaude (opus)")
