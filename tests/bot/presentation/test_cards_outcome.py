"""What is said and shown of a fix that was watched."""

from datetime import timedelta

import pytest

from bot.domain.change import RevertResult
from bot.domain.history import History
from bot.domain.people import ITSELF
from bot.domain.proposal import Outcome, Proposal
from bot.domain.run import Status
from bot.domain.watch import Judgement, Watch
from bot.presentation.cards import render_outcome, render_progress
from bot.presentation.cards._progress import format_revert_line
from tests.bot.presentation.test_cards import RUN
from tests.fakes.fake_clock import START

PROPOSAL = Proposal(
    run_id=RUN.id, number=47, url="http://forge/47", head="a" * 40, base="b", branch="c", at=START
)
DONE = RUN.replace(status=Status.DONE)


def outcome(verdict: Judgement) -> Outcome:
    return Outcome(run_id=RUN.id, verdict=verdict, reasons=("14 before, 0 after.",), at=START)


@pytest.mark.parametrize(
    ("verdict", "said", "shown", "tone"),
    [
        ("fixed", "✅ **Fixed.** [#47](http://forge/47) works.", "fixed", "good"),
        (
            "partial",
            ("🟠 **Partly fixed.** [#47](http://forge/47) fixed some"),
            "partly fixed",
            "good",
        ),
        ("not_fixed", "❌ **Not fixed.** The failure still occurs with", "not fixed", "bad"),
        (
            "inconclusive",
            "🤷 **Inconclusive.** There is not enough data to say whether",
            "inconclusive",
            "good",
        ),
        ("regressed", "📉 **Regressed.** It got worse", "regressed", "bad"),
    ],
)
def test_each_verdict_is_said_with_its_reasons_and_shown_on_the_card(
    verdict: Judgement, said: str, shown: str, tone: str
) -> None:
    post = render_outcome(DONE, PROPOSAL, outcome(verdict))
    assert said in post.text
    assert "• 14 before, 0 after." in post.text
    assert [button.label for button in post.buttons] == (["Revert it"] if tone == "bad" else [])
    card = render_progress(DONE, History(outcome=outcome(verdict))).card
    assert card is not None
    assert card.body.splitlines()[-1].endswith(f"**Watch** — {shown}")
    assert card.tone == tone


def test_where_nobody_asked_nobody_is_called() -> None:
    itself = DONE.replace(trigger=DONE.trigger.replace(person=ITSELF))
    post = render_outcome(itself, PROPOSAL, outcome("regressed"))
    assert post.notify == ()
    assert "<@" not in post.text


def test_a_watch_under_way_says_until_when() -> None:
    watch = Watch(
        run_id=RUN.id, event="command.roll", fingerprint="f1", number=47, merge_commit="c",
        began_at=START, before_since=START, until=START + timedelta(hours=24),
    )  # fmt: skip
    card = render_progress(DONE, History(watch=watch)).card
    stamp = int(watch.until.timestamp())
    assert card is not None
    assert card.body.endswith(f"👀 **Watch** — verdict <t:{stamp}:R> at the latest")


def test_a_revert_has_a_card_of_its_own_stages() -> None:
    undo = RUN.replace(goal="revert", trigger=RUN.trigger.replace(goal="revert"))
    card = render_progress(undo, History()).card
    assert card is not None
    assert card.title.startswith("Reverting: ")
    assert "Diagnose" not in card.body and "Plan" not in card.body


def test_what_is_taken_back_says_where_later_work_stays() -> None:
    undone = RevertResult(before="f74122e" + "0" * 33, restored=("a.py",), blended=("b.py",))
    assert format_revert_line(undone) == (
        "1 file restored exactly to `f74122e`; in `b.py`, later changes stay"
    )
