"""Evidence in prompts: it cannot leave its fence, and its length is bounded."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.claude_agent.prompting._texts import (
    clip,
    escape_invisible,
    fence_text,
    render_evidence,
)
from bot.domain.evidence import (
    Commit,
    Diagnosis,
    Evidence,
    LastWorked,
    SourceExcerpt,
    Suspect,
)
from bot.domain.journal import Action, ActionOutcome, Capsule, FailureGroup, Frame, Kind
from tests.support.fences import SPITEFUL, list_unfenced_lines

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def action(text: str, minutes: int = 0, outcome: ActionOutcome = ActionOutcome.ERROR) -> Action:
    error = Capsule(
        exception="IndexError",
        message=text,
        fingerprint="5dc1e6ef0000",
        frames=(
            Frame(file="cogs/dice.py", line=40, function="roll", opaque=("self",)),
            Frame(file="cogs/dice.py", line=8, function=text, arguments={"value": text}),
        ),
        inputs={text: text},
    )
    return Action(
        ts=NOON + timedelta(minutes=minutes),
        id=f"01m7y8pbgyc9j76yr277651k{minutes:02}",
        event="command.roll",
        kind=Kind.COMMAND,
        name=text,
        outcome=outcome,
        error=error if outcome is ActionOutcome.ERROR else None,
    )


def evidence(text: str, *, suspects: int = 1) -> Evidence:
    newest = action(text)
    group = FailureGroup(
        fingerprint="5dc1e6ef0000",
        event=text,
        count=3,
        first_seen=NOON,
        last_seen=NOON,
        newest=newest,
        action_ids=tuple(f"01m7y8pbgyc9j76yr277651k{number:02}" for number in range(9)),
    )
    suspect = Suspect(
        commit=Commit(sha="ab" * 20, author=text, at=NOON, summary=text),
        reason=text,
        diff=text,
        score=0.5,
    )
    return Evidence(
        base="cd" * 20,
        groups=(group,),
        nearby=(group,),
        timeline=(newest,),
        excerpts=(SourceExcerpt(file=text, first_line=1, text=text, highlight=1),),
        suspects=(suspect,) * suspects,
    )


def pack(text: str, **changes: int) -> str:
    diagnosis = Diagnosis(found=True, headline=text, cause=text, fingerprint=text)
    return render_evidence(
        evidence(text), diagnosis, request=text, memory=(text,), checks=text, **changes
    )


HEADINGS = list_unfenced_lines(pack("plain"))


@given(SPITEFUL)
def test_nothing_closes_its_fence(text: str) -> None:
    assert list_unfenced_lines(fence_text(text)) == []


@given(SPITEFUL)
def test_whatever_people_and_logs_write_only_our_headings_stand_outside(text: str) -> None:
    assert set(list_unfenced_lines(pack(text))) <= set(HEADINGS)


@given(SPITEFUL, st.integers(min_value=200, max_value=3_000))
def test_a_cut_text_stays_in_its_fence_too(text: str, limit: int) -> None:
    assert set(list_unfenced_lines(pack(text * 40, limit=limit))) <= set(HEADINGS)


def test_the_headings_are_ours() -> None:
    assert len(HEADINGS) == 10
    assert all(heading.startswith("### ") for heading in HEADINGS)


@pytest.mark.parametrize("size", [10, 1_000, 100_000])
def test_the_pack_is_bounded_however_much_there_is(size: int) -> None:
    text = pack("x" * size)
    assert len(text) < 20_000 + len(HEADINGS) * 150


def test_what_a_short_part_does_not_need_goes_to_the_long_ones() -> None:
    whole = evidence("boom").replace(excerpts=())
    big = Suspect(
        commit=Commit(sha="ef" * 20, author="Ann", at=NOON, summary="Change the dice"),
        reason="blame",
        diff="\n".join(f"+line {number}" for number in range(250)),
        score=0.9,
    )
    diagnosis = Diagnosis(found=True, headline="1 IndexError", cause="face")
    text = render_evidence(whole.replace(suspects=(big,)), diagnosis, limit=6_000)
    assert "+line 249" in text
    assert "more characters" not in text


def test_a_secret_in_a_diff_is_gone_even_where_the_diff_is_cut_in_the_middle_of_it() -> None:
    secret = "ghp_" + "A1b2C3d4E5" * 3 + "F6g7h8"
    for before in range(3_960, 4_001, 8):
        diff = "x " * (before // 2) + secret
        suspect = evidence("boom").suspects[0].replace(diff=diff)
        seen = evidence("boom").replace(suspects=(suspect,))
        text = render_evidence(seen, Diagnosis(found=True, headline="one", cause="two"))
        assert "ghp_A1b2" not in text


def test_the_same_evidence_is_the_same_text() -> None:
    assert pack("boom") == pack("boom")


def test_it_holds_what_a_planner_needs() -> None:
    text = pack("string index out of range")
    for needed in (
        "IndexError: string index out of range",
        "cogs/dice.py:8 in",
        "value = string index out of range",
        "not recorded: self",
        "abababababab",
        "record ids: 77651k00, 77651k01",
        "and 4 more",
    ):
        assert needed in text


def test_equal_outcomes_in_a_row_take_one_line() -> None:
    ok = [action("fine", minute, ActionOutcome.OK) for minute in range(5)]
    seen = evidence("boom").replace(timeline=(*ok, action("boom", 6)))
    text = render_evidence(seen, Diagnosis(found=True, headline="one", cause="two"))
    assert "12:00:00 command.roll ok x 5" in text
    assert "12:06:00 command.roll error IndexError" in text


def test_what_nobody_could_see_is_written_out() -> None:
    assert escape_invisible("a\u202eb\x1b[2Jc\u200bd") == "a\\u202eb\\x1b[2Jc\\u200bd"
    assert escape_invisible("kept\n\tas it is, ünd 🎲") == "kept\n\tas it is, ünd 🎲"


def test_a_cut_says_how_much_is_missing_and_keeps_the_end_that_matters() -> None:
    assert clip("abcdef", 4) == "abcd\n[2 more characters]"
    assert clip("abcdef", 4, keep="tail") == "[2 more characters]\ncdef"


def test_no_line_of_source_is_shown_twice() -> None:
    lines = [f"line {number}" for number in range(1, 31)]
    excerpts = [
        SourceExcerpt(
            file="dice.py",
            first_line=first,
            text="\n".join(lines[first - 1 : first + 9]),
            highlight=at,
        )
        for first, at in ((5, 9), (8, 12), (20, 24))
    ]
    seen = render_evidence(evidence("boom").replace(excerpts=tuple(excerpts)))
    assert seen.count("line 10\n") == 1
    assert seen.count("dice.py\n    5  line 5") == 1
    for marked in ("    9> line 9", "   12> line 12", "   17  line 17\n  ...\n   20  line 20"):
        assert marked in seen


def test_a_weak_suspect_shows_its_diff_only_where_it_is_the_best_or_nothing_worked_since() -> None:
    found = evidence("boom", suspects=1)
    first = found.suspects[0].replace(score=0.1, diff="+ the first diff")
    weak = first.replace(commit=first.commit.replace(sha="c" * 40), diff="+ the weak diff")
    seen = render_evidence(found.replace(suspects=(first, weak)))
    assert "+ the first diff" in seen
    assert "+ the weak diff" not in seen
    worked = LastWorked(at=NOON, commit="d" * 40, changes=(weak,))
    seen = render_evidence(found.replace(suspects=(first, weak), worked=worked))
    assert seen.count("+ the weak diff") == 1
