"""Titles of runs: what was asked for, for people to read."""

from datetime import UTC, datetime

import pytest

from bot.domain.change import ChangeSet
from bot.domain.evidence import Diagnosis
from bot.domain.history import History
from bot.domain.people import Person, Place
from bot.domain.run import Run, Trigger
from bot.presentation.titles import change_title, title_of

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
    assert title_of(TRIGGER.but(text=text)) == title
    assert title_of(TRIGGER.but(subject=text, text="")) == title


def test_a_title_is_cut_where_it_is_too_long() -> None:
    assert title_of(TRIGGER.but(subject="dice " * 40), 12) == "dice dice d…"


def test_a_change_is_called_as_it_was_asked_for_else_by_what_it_does() -> None:
    change = ChangeSet(
        base="a" * 40, head="b" * 40, branch="b", engine="e", summary="s",
        title="Answer an empty poll",
    )  # fmt: skip
    found = History(diagnosis=DIAGNOSIS)
    asked = RUN.but(trigger=TRIGGER.but(subject="the dice"))
    assert change_title(asked, found.but(change_set=change)) == "the dice"
    assert change_title(RUN, found.but(change_set=change)) == "Answer an empty poll"
    assert change_title(RUN, found) == "the failure of /poll results"
    assert change_title(RUN, History()) == "fix it"
