"""Searches by playing: since which commit an answer is another, and the least that still fails."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import FakeRehearsal
from rehearsal_tests.replay_builders import command, error, played, seen, transcript
from theseus_rehearsal.cli.searches import AnswerSearch, find_change, find_least
from theseus_rehearsal.records import Script, Transcript

COMMITS = [f"{number:040x}" for number in range(20)]


@asynccontextmanager
async def laid_out(commit: str) -> AsyncIterator[Path]:
    yield Path(commit)


async def test_a_changed_answer_is_found_in_few_plays_and_what_cannot_be_asked_has_none() -> None:
    def answers(tree: Path, script: Script) -> Transcript:
        number = int(tree.name, 16)
        if number < 3:
            return transcript(played(refused="no such command", step=script.steps[0]))
        return transcript(played(seen("31" if number < 14 else "21"), step=script.steps[0]))

    script = Script(steps=(command(dice="4d6kh3+10"),))
    found = (await find_change(FakeRehearsal(answers), laid_out, script, COMMITS)).changed

    assert found is not None
    assert (found.before, found.after) == (COMMITS[13], COMMITS[14])
    assert found.run_count <= 10
    same = await find_change(FakeRehearsal(answers), laid_out, script, COMMITS[14:])
    assert same == AnswerSearch(runs=2)


async def test_an_answer_that_once_was_none_is_told_with_why_there_was_none() -> None:
    def answers(tree: Path, script: Script) -> Transcript:
        if int(tree.name, 16) < 5:
            return transcript(trouble="cogs.coins does not load")
        return transcript(played(seen("heads"), step=script.steps[0]))

    found = await find_change(
        FakeRehearsal(answers), laid_out, Script(steps=(command("flip"),)), COMMITS
    )

    assert (found.changed, found.first) == (None, COMMITS[5])
    assert found.why_not == "the bot failed: cogs.coins does not load"


async def test_a_newest_commit_without_an_answer_is_not_told_as_unchanged() -> None:
    def answers(tree: Path, script: Script) -> Transcript:
        if int(tree.name, 16) == 19:
            return transcript(played(step=script.steps[0]), trouble="its process ended")
        return transcript(played(seen("heads"), step=script.steps[0]))

    found = await find_change(
        FakeRehearsal(answers), laid_out, Script(steps=(command("flip"),)), COMMITS
    )

    assert (found.changed, found.first) == (None, "")
    assert found.why_not == "the bot failed: its process ended"


async def test_the_least_ends_with_the_step_that_fails_and_holds_what_it_needs() -> None:
    steps = tuple(command(dice=f"{number}d6") for number in range(1, 9))
    script = Script(steps=steps)

    def answers(_tree: Path, script: Script) -> Transcript:
        failing = steps[2] in script.steps and steps[6] in script.steps
        errors = (error(),) if failing else ()
        return transcript(
            *(played(seen("7"), step=each, errors=errors if each == steps[6] else ())
              for each in script.steps)
        )  # fmt: skip

    found = await find_least(FakeRehearsal(answers), Path(), script)

    assert found is not None
    failure, least = found
    assert failure.error == error()
    assert (least.remaining, least.minimal) == ((steps[2], steps[6]), True)
    assert await find_least(FakeRehearsal(answers), Path(), Script(steps=steps[:2])) is None


@pytest.mark.parametrize(
    ("wrong", "trouble", "told"),
    [
        ({"unanswered": True}, "", "the bot does not answer"),
        ({"refused": "there is no such button"}, "", "there is no such button"),
        ({}, "its process ended", "the bot failed: its process ended"),
    ],
)
async def test_what_is_no_error_is_reduced_as_well(
    wrong: dict[str, object], trouble: str, told: str
) -> None:
    first, *between, last = (command(dice=f"{number}d6") for number in range(1, 7))

    def answers(_tree: Path, script: Script) -> Transcript:
        failing = first in script.steps and last in script.steps
        steps = [
            played(step=each).replace(**wrong if failing and each == last else {})
            for each in script.steps
        ]
        ended = trouble if failing else ""
        played_until = script.steps.index(last) + 1 if ended else len(steps)
        return transcript(*steps[:played_until], trouble=ended)

    found = await find_least(
        FakeRehearsal(answers), Path(), Script(steps=(first, *between, last, first))
    )

    assert found is not None
    assert (found[0].description, found[1].remaining) == (told, (first, last))


async def test_a_bot_that_does_not_start_fails_before_any_step() -> None:
    def answers(_tree: Path, _script: Script) -> Transcript:
        return transcript(trouble="cogs.dice does not load")

    found = await find_least(FakeRehearsal(answers), Path(), Script(steps=(command(),)))

    assert found is not None
    assert (found[0].description, found[1].remaining) == (
        "the bot failed: cogs.dice does not load",
        (),
    )
