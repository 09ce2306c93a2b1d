"""Acceptance examples: which are valid, which tests they become, what replays prove."""

import ast
import random
from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import Answers, FakeRehearsal, make_transcript
from rehearsal_tests.replay_builders import command, error, played, seen, transcript
from theseus_rehearsal.records import (
    Actor,
    CommandStep,
    PressStep,
    SayStep,
    Script,
    ScriptStep,
    ScriptWorld,
    Transcript,
    WaitStep,
)

from bot.domain.brief import Acceptance, Brief, Wanted
from bot.domain.plan import Reproduction
from bot.proof.acceptance import (
    LUCK,
    build_acceptance_tests,
    find_example_problems,
    find_fixed_answers,
)
from bot.proof.acceptance_runs import build_behaviour_proof, find_unfounded_examples, run_examples

COGS = ("dice", "polls")
ROOM = "async def open_room(cog, state, *, seed: int | None = None): ..."


def example(*wanted: Wanted, step: ScriptStep | None = None, **about: object) -> Acceptance:
    given = Acceptance(
        asked="/coinflip",
        expected="heads or tails",
        script=Script(
            world=ScriptWorld(cogs=("coinflip",)),
            steps=(step or CommandStep(command="coinflip"),),
        ),
        wanted=wanted or (Wanted(step=0, one_of=("heads", "tails")),),
        missing="no such cog",
    )
    return Acceptance.model_validate({**dict(given), **about})


def brief(*examples: Acceptance) -> Brief:
    return Brief(request="add a coin", understood="A coin.", acceptances=examples)


def echo(text: str, **about: object) -> Acceptance:
    step = CommandStep(command="echo", options={"text": text})
    return example(Wanted(step=0, shows=(text,)).replace(**about), step=step, asked=f"/echo {text}")


# ------------------------------------------------------------------------- what can be held to


def test_examples_that_say_enough_are_fit() -> None:
    assert find_example_problems(brief(example()), COGS) == ()
    assert find_example_problems(brief(echo("a", hides=("b",)), echo("b")), COGS) == ()


@pytest.mark.parametrize(
    ("about", "why"),
    [
        (
            {"wanted": (Wanted(step=1, shows=("x",)),)},
            "step 1 (counted from 0), but there are 1 steps",
        ),
        ({"wanted": (Wanted(step=0),)}, "needs a text that has to be seen"),
        ({"wanted": (Wanted(step=0, hides=("x",)),)}, "needs a text that has to be seen"),
        ({"wanted": (Wanted(step=0, shows=(" ",)),)}, "no text may be empty"),
        ({"wanted": (Wanted(step=0, shows=("x" * 301,)),)}, "at most 300"),
        (
            {"wanted": (Wanted(step=0, shows=("abc",), hides=("b",)),)},
            "in what is shown and what is hidden",
        ),
        ({"wanted": (Wanted(step=0, one_of=("a",)),)}, "a single text belongs into shows"),
        ({"script": Script(steps=(command(),))}, "name exactly one cog"),
        ({"script": Script(world=ScriptWorld(cogs=("a", "b")), steps=(command(),))}, "one cog"),
        ({"script": Script(world=ScriptWorld(cogs=("../x",)), steps=(command(),))}, "one cog"),
        ({"script": Script(world=ScriptWorld(cogs=("dice",)), steps=(command(),))}, "exists: say"),
        ({"script": Script(world=ScriptWorld(cogs=("coin",)), steps=())}, "0 steps"),
        ({"asked": "two\nlines"}, "in one line"),
        ({"told": " "}, "in one line"),
    ],
)
def test_what_cannot_be_held_to_is_told_with_the_way_out(
    about: dict[str, object], why: str
) -> None:
    (found, *_) = find_example_problems(brief(example().replace(**about)), COGS)
    assert found.startswith("example 1, `")
    assert why in found


def test_people_and_channels_are_those_of_the_world() -> None:
    stranger = example(step=CommandStep(command="coinflip", by="mallory"))
    elsewhere = example(step=CommandStep(command="coinflip", channel="secret"))
    found = find_example_problems(brief(stranger, elsewhere), COGS)
    assert "mallory is not in world.people" in found[0]
    assert "no channel secret" in found[1]


def test_a_behaviour_needs_an_example_and_not_too_many() -> None:
    assert find_example_problems(brief(), COGS) == (
        "no example shows what people will see: add one",
    )
    assert find_example_problems(brief().replace(proofs=("words",)), COGS) == ()
    assert (
        "keep the 12 most important ones"
        in find_example_problems(brief(*[example()] * 13), COGS)[0]
    )
    assert find_example_problems(brief(example(), example()), COGS) == (
        "two examples are equal: remove one of them",
    )


# ---------------------------------------------------------------------------- not vacuous: stubs


def test_examples_that_any_fixed_answer_would_pass_are_sent_back() -> None:
    (found,) = find_example_problems(brief(echo("hello"), echo("world")), COGS)
    assert found.startswith("`/echo` would pass every example with one fixed answer, “hello”")
    assert "`hides`" in found


def test_what_one_hides_and_no_other_shows_tells_nothing_apart() -> None:
    assert find_example_problems(brief(echo("hello", hides=("thing",)), echo("world")), COGS)


def test_a_fixed_answer_that_is_wanted_is_said_and_not_refused() -> None:
    hello = echo("hello")
    bob = hello.replace(script=hello.script.replace(steps=(CommandStep(command="echo", by="bob"),)))
    assert find_example_problems(brief(hello, bob), COGS) == ()
    assert find_fixed_answers(brief(hello, bob)) == (
        "`/echo`: any answer that contains “hello” would pass",
    )
    assert find_fixed_answers(brief(example())) == ()


def stub(text: str) -> Answers:
    return lambda _tree, script: make_transcript(script, *[text] * len(script.steps))


def coin(_tree: Path, script: Script) -> Transcript:
    fallen = random.Random(script.world.seed).choice(["heads", "tails"])
    return make_transcript(script, *[f"It is {fallen}."] * len(script.steps))


EXAMPLES = brief(echo("hello", hides=("world",)), echo("world"), example())


@pytest.mark.parametrize("text", ["", "ok", "heads", "hello", "hello world heads tails"])
async def test_no_command_that_answers_a_constant_passes(tmp_path: Path, text: str) -> None:
    head = await run_examples(FakeRehearsal(stub(text)), tmp_path, EXAMPLES)
    base = await run_examples(FakeRehearsal(absent), tmp_path, EXAMPLES)
    assert not build_behaviour_proof(EXAMPLES, base, head).holds


# ------------------------------------------------------------------------------------- the proof


def absent(_tree: Path, _script: Script) -> Transcript:
    return Transcript(trouble="ConfigError: cogs: there is no extension cogs.coinflip")


async def test_what_was_missing_and_is_answered_now_holds(tmp_path: Path) -> None:
    wanted = brief(example())
    base = await run_examples(FakeRehearsal(absent), tmp_path, wanted)
    head = await run_examples(FakeRehearsal(coin), tmp_path, wanted)

    proof = build_behaviour_proof(wanted, base, head)

    assert find_unfounded_examples(base) == ()
    assert proof.holds
    assert proof.summary == "1 example: failing before, passing now"
    assert proof.details == ("`/coinflip` → heads or tails: no such cog before, answered now",)
    assert len(head[0].transcripts) == LUCK


async def test_luck_that_never_changes_is_no_luck(tmp_path: Path) -> None:
    base = await run_examples(FakeRehearsal(absent), tmp_path, brief(example()))
    head = await run_examples(FakeRehearsal(stub("heads")), tmp_path, brief(example()))
    proof = build_behaviour_proof(brief(example()), base, head)
    assert not proof.holds
    assert proof.summary == "1 of 1 example does not hold"
    assert proof.details[0].endswith("at step 1 the result is the same in 12 plays")


DICE = Script(world=ScriptWorld(cogs=("dice",)), steps=(command("roll", dice="1d20", lucky=True),))
LUCKY = example(
    Wanted(step=0, shows=("lucky",)), asked="/roll lucky", script=DICE, missing="no such option"
)


@pytest.mark.parametrize(
    ("play", "why"),
    [
        (transcript(played(refused="options.lucky: no such"), commands=("roll",)), ""),
        (transcript(played(refused="no 'roll' here"), commands=()), "is “no such command”"),
        (transcript(played(seen("a lucky roll"))), "it is already answered this way"),
        (transcript(played(seen("a roll"))), "on base it is “another answer”"),
        (transcript(played(errors=(error(),))), "people get an error: KeyError"),
        (transcript(played(unanswered=True)), "people get no answer"),
        (Transcript(trouble="it ended"), "the bot does not hold: it ended"),
        (Transcript(), "at step 1 nothing was played"),
    ],
)
async def test_red_for_another_reason_than_the_stated_one_proves_nothing(
    tmp_path: Path, play: Transcript, why: str
) -> None:
    (tmp_path / "cogs").mkdir()
    (tmp_path / "cogs/dice.py").touch()
    rehearsal = FakeRehearsal(lambda _tree, _script: play)
    told = find_unfounded_examples(await run_examples(rehearsal, tmp_path, brief(LUCKY)))
    assert why in told[0] if why else told == ()


async def test_only_what_whoever_asked_can_see_counts(tmp_path: Path) -> None:
    told = transcript(played(seen("lucky", to="bob"), seen("other", "lucky", to="alice")))
    whispered = transcript(played(seen("lucky", to="bob")))
    plays = await run_examples(FakeRehearsal(lambda *_: told), tmp_path, brief(LUCKY))
    assert plays[0].lacking == (None, None)
    plays = await run_examples(FakeRehearsal(lambda *_: whispered), tmp_path, brief(LUCKY))
    assert plays[0].lacking[0] is not None


# ------------------------------------------------------------------------------- committed tests


def kept_test(given: Acceptance) -> Reproduction:
    (test,) = build_acceptance_tests(brief(given), COGS, ROOM)
    assert test is not None
    return test


def test_an_example_becomes_a_test_with_other_luck_each_time() -> None:
    test = kept_test(example())
    assert test.path.startswith("tests/acceptance/test_coinflip_")
    assert (test.expects, test.answered, test.calls) == ("ConfigError", True, "/coinflip")
    assert (
        test.source
        == '''from pathlib import Path

from tests.cogs.room import open_room


async def played(folder: Path, seed: int) -> str:
    """Play it with this luck; return what is left to it."""
    own = folder / str(seed)
    own.mkdir()
    async with open_room("cogs.coinflip", own, seed=seed) as room:
        answer = await room.alice.slash(room.channel, "coinflip")

    wanted_1 = ["heads", "tails"]
    assert any(text in room.shown(answer) for text in wanted_1)
    return room.shown(answer)


async def test_coinflip_is_answered_as_agreed(tmp_path: Path) -> None:
    """What people see was agreed on before it was written."""
    assert len({await played(tmp_path, seed) for seed in range(12)}) > 1
'''
    )


def test_what_is_wanted_of_several_steps_is_asserted_where_it_is_seen() -> None:
    script = Script(
        world=ScriptWorld(cogs=("polls",)),
        steps=(
            command("poll create", question="Tea?", options="yes | no"),
            PressStep(press="yes", by="bob"),
            WaitStep(wait=60),
        ),
    )
    wanted = (
        Wanted(step=0, shows=("Tea?",), hides=("1 vote",)),
        Wanted(step=1, shows=("1 vote", "100 %")),
        Wanted(step=2, shows=("is over",)),
    )
    given = example(*wanted, script=script, missing="another answer", asked="/poll create")
    test = kept_test(given)
    assert test.expects == "AssertionError"
    _, body = test.source.split("as room:\n")
    assert (
        body
        == """        answer_1 = await room.bob.slash(
            room.channel,
            "poll create",
            question="Tea?",
            options="yes | no",
        )
        assert "Tea?" in room.shown(answer_1)
        assert "1 vote" not in room.shown(answer_1)
        answer_2 = await room.press(room.alice, "yes")
        assert "1 vote" in room.shown(answer_2)
        assert "100 %" in room.shown(answer_2)
        await room.env.advance_time(60)

    assert any("is over" in text for text in room.said())
"""
    )


def test_without_a_room_or_its_means_there_is_no_test() -> None:
    apart = example(step=CommandStep(command="coinflip", channel="dm"))
    assert build_acceptance_tests(brief(example()), COGS, None) == (None,)
    assert build_acceptance_tests(brief(apart), COGS, ROOM) == (None,)


WICKED = [
    'x"); import os; os.abort(); ("',
    "''' + exit() + '''",
    "{exit()}\n\\",
    "\u2028exit()",
    "\x00",
]


@pytest.mark.parametrize("text", WICKED)
def test_what_is_wanted_stays_text(text: str) -> None:
    wicked = example(
        Wanted(step=0, shows=(text,), one_of=(text, f"{text}2"), hides=(f"{text}3",)),
        script=Script(
            world=ScriptWorld(cogs=("coinflip",), people=(Actor(name="alice"),)),
            steps=(command("coinflip", why=text), SayStep(say=text)),
        ),
        asked=text,
        expected=text,
    )
    test = kept_test(wicked)
    names = {node.id for node in ast.walk(ast.parse(test.source)) if isinstance(node, ast.Name)}
    assert {each for each in names if not each.startswith("text_")} <= {
        "Path", "any", "answer_1", "chance", "folder", "int", "len", "open_room", "played",
        "own", "range", "room", "seed", "str", "text", "tmp_path", "wanted_1",
    }  # fmt: skip
    told = [
        each.value for each in ast.walk(ast.parse(test.source)) if isinstance(each, ast.Constant)
    ]
    assert told.count(text) == 4
