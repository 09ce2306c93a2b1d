"""Searches by playing: since which commit an answer is another, and the least that still fails."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.cli.main import main
from bot.cli.rehearsal_searches import find_change, find_least
from bot.domain.rehearsal import Script, Transcript
from tests.bot.proof.played import command, error, played, seen, transcript
from tests.fakes.fake_rehearsal import FakeRehearsal

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
    found = await find_change(FakeRehearsal(answers), laid_out, script, COMMITS)

    assert found is not None
    assert (found.before, found.after) == (COMMITS[13], COMMITS[14])
    assert found.plays <= 10
    assert await find_change(FakeRehearsal(answers), laid_out, script, COMMITS[14:]) is None


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
    assert (found.kept, found.minimal) == ((steps[2], steps[6]), True)
    assert await find_least(FakeRehearsal(answers), Path(), Script(steps=steps[:2])) is None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--compare", "HEAD", "--since", "HEAD"], "--compare and --since: give one of them"),
        (["--repeat", "2", "--least"], "--repeat and --least: give one of them"),
        (["--yaml", "--json"], "--yaml and --json: give one of them"),
    ],
)
def test_options_that_do_not_go_together_are_named(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["rehearse", "--commit", "HEAD", "--script", "x.yaml", *words])
    assert left.value.code == 2
    assert told in capsys.readouterr().err
