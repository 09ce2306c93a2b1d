"""Titles of runs: what was asked for, for people to read."""

from datetime import UTC, datetime

import pytest

from bot.domain.change import ChangeSet
from bot.domain.evidence import Diagnosis
from bot.domain.history import History
from bot.domain.journal import Action
from bot.domain.people import Person, Place
from bot.domain.run import Run, Trigger
from bot.presentation.titles import change_title, format_request, format_thread_title, format_title
from tests.fakes.fake_clock import FakeClock
from tests.support.failures import make_capsule, make_failure

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TRIGGER = Trigger(
    key="k",
    goal="fix",
    person=Person(id=1, name="alice"),
    place=Place(channel_id=2),
    text="fix it",
    at=NOW,
)
RUN = Run(id="k7m2xq", goal="fix", trigger=TRIGGER, created_at=NOW, updated_at=NOW)
DIAGNOSIS = Diagnosis(found=True, headline="it fails", cause="", event="command.poll results")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("<@1574165153627242497> fix it", "fix it"),
        ("fix what <@!5> and <@&6> say in <#7>", "fix what and say in"),
        ("fix </poll results:81> <a:sad:12>", "fix /poll results :sad:"),
        ("it broke <t:1767225600:R>,\nfix it", "it broke , fix it"),
        ("if a<b and b>a it fails", "if a<b and b>a it fails"),
        ("<@1574165153627242497>", "the last failure"),
    ],
)
def test_a_title_shows_no_ids_of_discords(text: str, title: str) -> None:
    assert format_title(TRIGGER.replace(text=text)) == title
    assert format_title(TRIGGER.replace(subject=text, text="")) == title


def test_a_title_is_cut_where_it_is_too_long() -> None:
    assert format_title(TRIGGER.replace(subject="dice " * 40), 12) == "dice dice…"
    assert format_title(TRIGGER.replace(subject="supercalifragilistic"), 12) == "supercalifr…"


ROLL = make_failure(FakeClock(), make_capsule(exception="cogs.dice.OddError"), name="roll")


@pytest.mark.parametrize(
    ("text", "subject", "failed", "title"),
    [
        ("fix the polls, they show nobody", "polls", None, "fix the polls, they show nobody"),
        ("fix this", "", ROLL, "/roll: OddError"),
        ("fix this", "", None, "fix: the last failure"),
        ("it breaks on d6, for Mars", "d6", ROLL, "/roll: it breaks on d6, for Mars"),
        ("/roll breaks on Mars", "/roll", ROLL, "/roll breaks on Mars"),
        ("dice " * 30, "dice", None, "dice " * 19 + "dice…"),
    ],
)
def test_a_thread_is_called_what_failed_and_the_words_of_whoever_asked_whole(
    text: str, subject: str, failed: Action | None, title: str
) -> None:
    asked = TRIGGER.replace(text=text, subject=subject, is_verbatim=True)
    assert format_thread_title(asked, failed) == title


def test_a_thread_about_somebody_elses_message_is_called_by_its_subject() -> None:
    assert (
        format_thread_title(TRIGGER.replace(text="the dice, they lie", subject="dice"), None)
        == "dice"
    )


def test_a_change_is_called_as_it_was_asked_for_else_by_what_it_does() -> None:
    change = ChangeSet(
        base="a" * 40, head="b" * 40, branch="b", engine="e", summary="s",
        title="Answer an empty poll",
    )  # fmt: skip
    found = History(diagnosis=DIAGNOSIS)
    asked = RUN.replace(trigger=TRIGGER.replace(subject="the dice"))
    assert change_title(asked, found.replace(change_set=change)) == "the dice"
    assert change_title(RUN, found.replace(change_set=change)) == "Answer an empty poll"
    assert change_title(RUN, found) == "the failure of /poll results"
    assert change_title(RUN, History()) == "the last failure"


def test_another_bot_is_named_before_the_title_and_not_in_its_own_repository() -> None:
    trigger = TRIGGER.replace(subject="/hi crashes " + "x" * 200, target="welcome-bot")
    assert format_title(trigger, 30) == "welcome-bot: /hi crashes…"
    assert len(format_title(trigger, 60)) <= 60
    assert format_request(trigger, 12) == "/hi crashes…"
    assert format_thread_title(trigger, None).startswith("welcome-bot: /hi")
