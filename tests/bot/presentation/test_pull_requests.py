"""What a pull request says first: what changes for people, and what they met."""

import pytest

from bot.domain.evidence import Evidence
from bot.domain.history import History
from bot.domain.incorrect_output import IncorrectOutput
from bot.domain.journal import FailureGroup
from bot.domain.plan import Reproduction
from bot.presentation.pull_requests import (
    TITLE_LENGTH,
    describe_failure,
    format_sentence,
    pull_request_title,
)
from bot.presentation.run_links import NO_LINKS, RunLinks
from tests.bot.presentation.test_cards import CHANGE, DIAGNOSIS, HISTORY, PLAN, RUN
from tests.fakes.fake_clock import START, FakeClock
from tests.support.failures import make_capsule, make_failure


def shown(calls: str, event: str = "command.roll", **more: object) -> History:
    test = Reproduction(path="t.py", node_id="t.py::t", source="", calls=calls, expects="KeyError")
    plan = PLAN.replace(reproduction=test)
    return HISTORY.replace(plan=plan, diagnosis=DIAGNOSIS.replace(event=event), **more)


@pytest.mark.parametrize(
    ("calls", "event", "title"),
    [
        ("face(6, 6)", "command.roll", "/roll no longer fails"),
        ("/roll dice:2d6", "command.roll", "/roll dice:2d6 no longer fails"),
        ("/rolling", "command.roll", "/roll no longer fails"),
        ("presses “Pizza”", "component.Polls.poll", "Pressing “Pizza” no longer fails"),
        ("due()", "task.Reminders.deliver", "The task Reminders.deliver no longer fails"),
        ("/roll " + "x" * 90, "command.roll", f"/roll {'x' * 49}… no longer fails"),
    ],
)
def test_a_fix_is_called_after_what_works_again(calls: str, event: str, title: str) -> None:
    assert pull_request_title(RUN, shown(calls, event)) == title
    assert len(title) <= TITLE_LENGTH


def test_what_was_answered_wrongly_is_answered_rightly() -> None:
    wrong = IncorrectOutput(attempt=1)
    told = pull_request_title(RUN, shown("/roll d4", incorrect_output=wrong))
    assert told == "/roll d4 is answered correctly again"


def test_an_engines_title_is_cut_and_does_nothing_at_the_forge() -> None:
    title = "Fix  @mara's\n<b>dice</b>, closes #12 " + "and more " * 9
    told = pull_request_title(RUN, HISTORY.replace(change_set=CHANGE.replace(title=title)))
    assert told.startswith("Fix @\u200bmara's &lt;b>dice&lt;/b>, closes #\u200b12 and")
    assert told.endswith("…") and len(told) <= TITLE_LENGTH


def test_a_change_nobody_named_is_called_as_it_was_asked_for() -> None:
    nothing = HISTORY.replace(diagnosis=DIAGNOSIS.replace(event=""))
    assert pull_request_title(RUN, nothing) == "rolling dice"


def evidence(users: int) -> Evidence:
    failed = make_failure(FakeClock(), make_capsule(), name="roll")
    group = FailureGroup(
        fingerprint="f", event="command.roll", count=1, first_seen=START, last_seen=START,
        newest=failed, action_ids=(failed.id,),
    )  # fmt: skip
    return Evidence(base="b", groups=(group,), users=users)


@pytest.mark.parametrize(
    ("users", "event", "told"),
    [
        (0, "command.roll", "People who used /roll got an error instead of an answer.\n\n3 "),
        (4, "command.roll", "4 people who used /roll got an error instead of an answer.\n\n3 "),
        (4, "task.Reminders.deliver", "3 IndexErrors from /roll"),
    ],
)
def test_what_people_met_comes_before_what_was_raised(users: int, event: str, told: str) -> None:
    assert describe_failure(DIAGNOSIS.replace(event=event), evidence(users)).startswith(told)


def test_when_it_last_worked_and_what_was_done_before_is_told() -> None:
    known = DIAGNOSIS.replace(last_worked="it last worked today", seen_before="fixed in #47, held")
    ends = "`cogs/dice.py:41`.\n\nIt last worked today.\n\nFixed in #\u200b47, held."
    assert describe_failure(known, None).endswith(ends)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("undo it", "Undo it."),
        ("Done!", "Done!"),
        ("", ""),
        ("a (b)", "A (b)"),
        ("x `y`", "X `y`."),
    ],
)
def test_a_sentence_begins_and_ends_as_one(text: str, told: str) -> None:
    assert format_sentence(text) == told


def test_a_run_is_linked_where_there_is_somewhere_to_go() -> None:
    assert NO_LINKS.format_run(RUN) == f"Run `{RUN.id}`"
    links = RunLinks("https://discord.com/channels", "https://bot.example.org")
    card = "[card](https://discord.com/channels/1/5/6)"
    page = f"[dashboard](https://bot.example.org/runs/{RUN.id})"
    assert links.format_run(RUN) == f"Run `{RUN.id}` ({card}, {page})"
    assert links.format_run(RUN.replace(card_id=None)) == f"Run `{RUN.id}` ({page})"
