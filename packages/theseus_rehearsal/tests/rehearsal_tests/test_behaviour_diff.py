"""What changes for people: answers compared as they read them."""

from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import FakeRehearsal, make_transcript
from rehearsal_tests.replay_builders import command, error, played, seen, transcript
from theseus_rehearsal.behaviour_diff import (
    MAX_CHANGES,
    AnswerComparison,
    compare,
    compute_behaviour_diff,
    find_differences,
    find_nondeterminism,
)
from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.records import RestartStep, Script, SeenEvent, Transcript, WaitStep

BASE, HEAD = Path("base"), Path("head")
ROLL = Script(steps=(command(dice="2d6"), WaitStep(wait=60), command(dice="d6")))


def one(script: Script, base: Transcript, head: Transcript) -> AnswerComparison:
    return AnswerComparison(script, base, base, head)


async def test_equal_answers_change_nothing() -> None:
    rehearsal = FakeRehearsal(lambda tree, script: make_transcript(script, "7", "", "3"))
    found = await compare(rehearsal, BASE, HEAD, [ROLL, ROLL])
    assert (found.answers, found.changed, found.changes) == (6, 0, ())
    assert found.summary == "0 of 6 answers change"
    assert [tree for tree, _ in rehearsal.replayed] == [BASE, HEAD, BASE] * 2


async def test_a_changed_answer_is_told_with_before_and_after() -> None:
    rehearsal = FakeRehearsal(
        lambda tree, script: make_transcript(script, "7", "tick", "3" if tree == BASE else "4")
    )
    found = await compare(rehearsal, BASE, HEAD, [ROLL])
    assert found.summary == "1 of 3 answers change"
    (change,) = found.changes
    assert (change.asked, change.is_fixed, found.unasked) == ("alice: /roll dice:d6", False, 1)
    assert (change.difference.step, change.difference.before, change.difference.after) == (
        2,
        ("dev: 3",),
        ("dev: 4",),
    )


async def test_what_differs_between_two_plays_of_base_is_no_change() -> None:
    rolls = iter(range(100))

    def answers(tree: Path, script: Script) -> Transcript:
        return make_transcript(script, "7", f"{next(rolls)}", "3" if tree == BASE else "4")

    found = await compare(FakeRehearsal(answers), BASE, HEAD, [ROLL])
    assert found.summary == "1 of 2 answers change; 1 more are not repeatable"
    assert [each.asked for each in found.variations] == ["1m pass"]


async def test_where_base_never_holds_nothing_is_compared() -> None:
    rehearsal = FakeRehearsal(lambda tree, script: Transcript(trouble="no module named bot"))
    found = await compare(rehearsal, BASE, HEAD, [ROLL])
    assert found.summary == (
        "answers were not compared: the older commit cannot be played: no module named bot"
    )
    assert [tree for tree, _ in rehearsal.replayed] == [BASE, HEAD, BASE]


async def test_nothing_to_play_is_no_comparison_and_starts_nothing() -> None:
    rehearsal = FakeRehearsal(
        lambda tree, script: make_transcript(script), refusal=RehearsalError("no")
    )
    assert (await compare(rehearsal, BASE, HEAD, [])).summary == "no answers to compare"
    with pytest.raises(RehearsalError):
        await compare(rehearsal, BASE, HEAD, [ROLL])


def test_an_error_that_is_gone_is_mended_and_so_is_what_follows_from_it() -> None:
    script = Script(steps=(command(), command(), command()))
    before = transcript(
        played(seen("1")), played(seen("it failed"), errors=(error(),)), played(seen("none"))
    )
    after = transcript(played(seen("2")), played(seen("5")), played(seen("one")))
    found = compute_behaviour_diff([one(script, before, after)])
    assert [(each.difference.step, each.is_fixed) for each in found.changes] == [
        (0, False), (1, True), (2, True),
    ]  # fmt: skip
    assert (found.changed, found.unasked) == (3, 1)


def test_an_error_that_only_became_another_is_not_mended() -> None:
    script = Script(steps=(command(),))
    before = transcript(played(seen("failed"), errors=(error("KeyError"),)))
    after = transcript(played(seen("failed"), errors=(error("ValueError"),)))
    (change,) = compute_behaviour_diff([one(script, before, after)]).changes
    assert not change.is_fixed
    assert change.difference.after == ("dev: failed", "⚠ command.roll: ValueError")


def test_the_place_in_the_code_and_the_names_of_messages_are_not_what_people_read() -> None:
    before = transcript(played(seen("a", message="m1"), errors=(error(at="a.py:1 in f"),)))
    after = transcript(played(seen("a", message="m7"), errors=(error(at="a.py:9 in f"),)))
    assert find_differences(before, after) == ()


def test_one_more_message_changes_the_step_it_came_at_and_no_later_one() -> None:
    def play(*extra: SeenEvent) -> Transcript:
        number = 2 + len(extra)
        edit = SeenEvent(kind="edit", channel="dev", message=f"m{number}", text="closed")
        return transcript(
            played(seen("hello"), *extra),
            played(seen("poll", "[Close]", message=f"m{number}")),
            played(edit),
        )

    (found,) = find_differences(play(), play(seen("and welcome", message="m2")))
    assert (found.step, found.after) == (0, ("dev: hello", "dev: and welcome"))


def test_what_became_of_which_message_is_read() -> None:
    def play(message: str) -> Transcript:
        gone = SeenEvent(kind="delete", channel="dev", message=message)
        return transcript(played(seen("a"), seen("b", message="m2")), played(gone))

    (found,) = find_differences(play("m1"), play("m2"))
    assert found.before == ("dev, deleted (message 1 of step 1):",)
    assert found.after == ("dev, deleted (message 2 of step 1):",)


def test_who_sees_it_and_every_part_of_it_count() -> None:
    assert find_differences(
        transcript(played(seen("a"))), transcript(played(seen("a", to="alice")))
    )
    assert find_differences(transcript(played(seen("a", "[Yes]"))), transcript(played(seen("a"))))
    assert find_differences(transcript(played()), transcript(played(unanswered=True)))
    assert find_differences(transcript(played()), transcript(played(refused="no such command")))


def test_a_bot_that_starts_otherwise_or_does_not_hold_has_changed() -> None:
    here = transcript(played(seen("a")), commands=("roll", "poll"))
    (start,) = find_differences(here, here.replace(commands=("roll",)))
    assert (start.step, start.before) == (-1, ("command poll", "command roll"))
    broken = transcript(trouble="it ended", commands=("roll", "poll"))
    (first,) = find_differences(here, broken)
    assert first.after == ("⚠ the bot did not hold: it ended",)
    found = compute_behaviour_diff([one(Script(steps=(RestartStep(restart=True),)), here, broken)])
    assert [each.asked for each in found.changes] == ["the bot restarts"]


def test_what_nobody_could_ask_with_either_is_no_answer() -> None:
    script = Script(steps=(command(), command(), command()))
    play = transcript(
        played(seen("7")), played(refused="no such button"), played(), commands=("roll",)
    )
    assert compute_behaviour_diff([one(script, play, play)]).summary == "0 of 1 answer changes"
    mended = transcript(played(seen("7")), played(seen("voted")), played(), commands=("roll",))
    assert compute_behaviour_diff([one(script, play, mended)]).summary == "1 of 2 answers change"


def test_only_some_changes_are_kept_and_long_answers_are_cut_where_they_differ() -> None:
    many = [
        one(
            Script(steps=(command(),)), transcript(played(seen("a"))), transcript(played(seen("b")))
        )
    ] * (MAX_CHANGES + 5)
    found = compute_behaviour_diff(many)
    assert (found.changed, len(found.changes)) == (MAX_CHANGES + 5, MAX_CHANGES)
    long, lines = "x" * 1_000, "line\n" * 50
    texts = (f"{long}1{long}", f"{long}2"), (f"{lines}1\n{lines}", f"{lines}2")
    for before, after in texts:
        play = one(
            Script(steps=(command(),)),
            transcript(played(seen(before))),
            transcript(played(seen(after))),
        )
        (change,) = compute_behaviour_diff([play]).changes
        assert any("1" in line for line in change.difference.before)
        assert any("2" in line for line in change.difference.after)
        assert len("".join(change.difference.before)) < 500


def test_plays_that_differ_are_told_by_where_they_first_do() -> None:
    play = transcript(played(seen("a")), played(seen("b\nc")))
    other = transcript(played(seen("a")), played(seen("b\nd")))
    assert find_nondeterminism([play, play, play]) == ""
    assert find_nondeterminism([play, play, other]) == "not repeatable at step 2: “c”, then “d”"
    shorter = transcript(played(seen("a")), played())
    assert (
        find_nondeterminism([play, shorter]) == "not repeatable at step 2: “dev: b”, then “nothing”"
    )
    files = play.replace(files={"polls.db": "5"})
    assert find_nondeterminism([play, files]) == (
        "not repeatable: the bot's file polls.db ends with other content"
    )
    quiet = transcript(played(seen("a")), played(seen("b\nc", message="m5")))
    assert "step 2 people see the same" in find_nondeterminism([play, quiet])
