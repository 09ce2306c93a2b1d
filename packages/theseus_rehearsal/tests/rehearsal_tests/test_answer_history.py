"""Since which commit a script is answered otherwise."""

from math import ceil, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st
from theseus_rehearsal.answer_history import Lines, find_changed_answer


class Commits:
    """A history in which each commit has an answer; `None`: it cannot be played."""

    def __init__(self, *answers: str | None) -> None:
        self.names = [f"{place:040x}" for place in range(len(answers))]
        self._answers = dict(zip(self.names, answers, strict=True))
        self.played: list[str] = []

    async def answer(self, commit: str) -> Lines | None:
        self.played.append(commit)
        text = self._answers[commit]
        return None if text is None else ("dev: roll", f"dev: {text}")


async def test_the_commit_is_found_and_both_answers_are_told() -> None:
    history = Commits(*["31"] * 37, *["21"] * 27)
    found = await find_changed_answer(history.names, history.answer)
    assert found is not None
    assert (found.before, found.after) == (history.names[36], history.names[37])
    assert (found.old[1], found.new[1], found.between) == ("dev: 31", "dev: 21", ())
    assert found.run_count == len(history.played) <= 2 + ceil(log2(64))
    assert found.describe("/roll 4d6kh3+10", "Dice: only what is kept counts") == (
        "since `0000000` (Dice: only what is kept counts) `/roll 4d6kh3+10` answers dev: 21 "
        "instead of dev: 31"
    )


async def test_an_answer_that_is_gone_or_new_is_told_as_that() -> None:
    async def answer(commit: str) -> Lines:
        return ("dev: 3",) if commit == "a" else ()

    found = await find_changed_answer(["a", "b"], answer)
    assert found is not None
    assert found.describe("/roll", "") == "since `b` `/roll` answers nothing instead of dev: 3"


@pytest.mark.parametrize(
    "answers", [[], ["21"], ["21"] * 9, [None], ["31", None], [None, None, "21"]]
)
async def test_where_no_older_commit_answered_otherwise_nothing_is_found(
    answers: list[str | None],
) -> None:
    history = Commits(*answers)
    assert await find_changed_answer(history.names, history.answer) is None


async def test_commits_from_before_the_command_was_made_are_passed_over() -> None:
    history = Commits(*[None] * 50, *["31"] * 3, *["21"] * 11)
    found = await find_changed_answer(history.names, history.answer)
    assert found is not None
    assert found.after == history.names[53]
    assert found.run_count < 16


async def test_those_that_cannot_be_played_where_it_changed_are_named() -> None:
    history = Commits("31", "31", None, None, "21", "21")
    found = await find_changed_answer(history.names, history.answer)
    assert found is not None
    assert (found.before, found.after) == (history.names[1], history.names[4])
    assert found.between == tuple(history.names[2:4])
    assert "or one of the 2 before it that cannot be played, `/roll`" in found.describe("/roll", "")


@given(st.lists(st.sampled_from(["31", "21", None]), max_size=40))
async def test_what_is_found_is_a_change_and_no_commit_is_played_twice(
    answers: list[str | None],
) -> None:
    history = Commits(*answers)
    found = await find_changed_answer(history.names, history.answer)
    assert len({*history.played}) == len(history.played)
    if found is not None:
        before, after = history.names.index(found.before), history.names.index(found.after)
        assert before < after
        assert answers[before] == "31" if answers[-1] == "21" else answers[before] == "21"
        assert answers[after] == answers[-1]
        assert not any(answers[before + 1 : after])
    elif answers and answers[0] and answers[-1]:
        assert answers[0] == answers[-1]
