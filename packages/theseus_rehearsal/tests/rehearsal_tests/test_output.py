"""The command's report of replays: of one commit, repeated, or of two."""

import json
from collections.abc import Callable
from pathlib import Path

import yaml
from rehearsal_tests.fake_rehearsal import FakeRehearsal, make_transcript
from rehearsal_tests.replay_builders import command, error, played, seen, transcript
from theseus_rehearsal.cli.output import build_data, render_lines, render_yaml
from theseus_rehearsal.cli.runs import RehearsalResult, rehearse_commits
from theseus_rehearsal.records import PlayedStep, Script, Transcript, WaitStep
from theseus_rehearsal.yaml_text import WordsLoader

OLD, NEW = ("1" * 40, Path("old")), ("2" * 40, Path("new"))
ROLL = Script(steps=(command(dice="2d6"), WaitStep(wait=600)))


def once(*steps: PlayedStep, **rest: object) -> RehearsalResult:
    """Return one play of as many steps."""
    script = Script(steps=tuple(each.step for each in steps))
    return RehearsalResult(script, OLD[0], (transcript(*steps, **rest),))


async def rehearsed(
    answers: Callable[[Path, Script], Transcript], *trees: tuple[str, Path], repeat: int = 1
) -> RehearsalResult:
    return await rehearse_commits(FakeRehearsal(answers), ROLL, trees, repeat)


async def test_a_play_is_a_table_of_what_was_done_and_seen() -> None:
    script = Script(steps=(command(dice="2d6"), WaitStep(wait=600), WaitStep(wait=60)))
    steps = (
        played(seen("🎲 7\nluck", "[Again]"), step=script.steps[0]),
        played(seen("time is up", to="alice"), step=script.steps[1]),
        played(step=script.steps[2]),
    )
    done = once(*steps)
    assert list(render_lines(done)) == [
        "step  who    asks            people see",
        "1     alice  /roll dice:2d6  dev: 🎲 7",
        "                               luck",
        "                               [Again]",
        "2            10m pass        dev (alice alone): time is up",
        "3            1m pass         -",
        "",
        "No errors.",
    ]
    assert done.fine


def test_errors_are_told_with_their_places() -> None:
    failed = played(seen("It failed."), errors=(error().replace(message="'d8'"),), unanswered=True)
    done = once(played(seen("7")), failed, played(refused="no such command"), trouble="it ended")
    *_, first, second, third = render_lines(done)
    assert first == (
        "1111111: command.roll failed at step 2: KeyError at cogs/dice.py:41 in total: 'd8'"
    )
    assert second == "1111111: the step could not be done at step 3: no such command"
    assert third == "1111111: the bot failed: it ended"
    assert not done.fine


def test_whatever_keeps_people_from_an_answer_is_not_fine() -> None:
    assert once(played(seen("7"))).fine
    assert not once(played(unanswered=True)).fine
    assert not once(played(refused="no such command")).fine
    assert not once(played(errors=(error(),))).fine
    assert not once(played(seen("7")), trouble="it ended").fine
    assert not once(played(seen("7")), started=played(errors=(error(),))).fine
    assert any(
        "the bot did not answer at step 1" in each
        for each in render_lines(once(played(unanswered=True)))
    )


async def test_often_means_two_starts_and_plays_that_are_the_same() -> None:
    done = await rehearsed(lambda tree, script: make_transcript(script, "7", ""), OLD, repeat=5)
    assert len(done.transcripts) == 5
    assert [*render_lines(done)][-2:] == ["All 5 runs gave the same result.", "No errors."]
    assert done.fine


async def test_plays_that_differ_are_not_fine_and_the_place_is_told() -> None:
    rolls = iter(range(10))
    done = await rehearsed(
        lambda tree, script: make_transcript(script, "7", f"{next(rolls)}"), OLD, repeat=2
    )
    last = [*render_lines(done)][-1]
    assert last == "Not repeatable at step 2: “dev: 0”, then “dev: 1”."
    assert not done.fine


async def test_two_commits_are_compared_with_before_and_after() -> None:
    done = await rehearsed(
        lambda tree, script: make_transcript(script, "7" if tree == OLD[1] else "8", "tick"),
        OLD,
        NEW,
    )
    assert list(render_lines(done)) == [
        "step 1  alice: /roll dice:2d6",
        "  before  dev: 7",
        "  after   dev: 8",
        "",
        "From 1111111 to 2222222: 1 of 2 answers change.",
    ]
    assert not done.fine


async def test_a_commit_compared_with_itself_is_fine_where_it_is_repeatable() -> None:
    done = await rehearsed(lambda tree, script: make_transcript(script, "7", "tick"), OLD, OLD)
    assert [*render_lines(done)] == ["From 1111111 to 1111111: 0 of 2 answers change."]
    assert done.fine
    rolls = iter(range(10))
    done = await rehearsed(
        lambda tree, script: make_transcript(script, f"{next(rolls)}", "tick"), OLD, OLD
    )
    assert [*render_lines(done)][0:3] == [
        "step 1  alice: /roll dice:2d6",
        "  once    dev: 0",
        "  again   dev: 1",
    ]
    assert not done.fine


async def test_for_programs_it_is_json_and_the_shape_of_a_script_in_yaml() -> None:
    done = await rehearsed(
        lambda tree, script: make_transcript(script, "7" if tree == OLD[1] else "8", ""), OLD, NEW
    )
    told = json.loads(json.dumps(build_data(done)))
    assert (told["commit"], told["failed"], told["plays"]) == (OLD[0], False, 2)
    assert told["steps"][0]["seen"][0]["text"] == "7"
    assert told["other"]["steps"][0]["seen"][0]["text"] == "8"
    assert told["compared"]["told"] == "1 of 2 answers change"
    texts = "\n".join(render_yaml(done))
    old, new = yaml.load_all(texts, Loader=WordsLoader)
    assert old["steps"][0]["command"] == "roll"
    assert (old["steps"][0]["seen"][0]["text"], new["steps"][0]["seen"][0]["text"]) == ("7", "8")
    assert texts.endswith("# From 1111111 to 2222222: 1 of 2 answers change.")
