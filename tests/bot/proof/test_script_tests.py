"""Scripts as tests that a project keeps: readable, and made of data alone."""

import ast
import runpy
import tempfile
from pathlib import Path

import pytest
from theseus_rehearsal.records import (
    Actor,
    CommandStep,
    SayStep,
    Script,
    ScriptWorld,
    SubmitStep,
    WebAnswer,
)
from theseus_rehearsal.scripts import load_script
from theseus_rehearsal.yaml_text import WordsLoader, read_yaml

from bot.domain.brief import Wanted
from bot.domain.journal import Capsule, Frame
from bot.domain.plan import Reproduction
from bot.domain.replay import Replay
from bot.proof.reproduction import build_replay_candidate, build_script_test
from tests.fakes.fake_clock import FakeClock
from tests.support.agent_harness import make_failure
from tests.support.sample_cogs import DISPLAY_COG

POLL = """
world:
  cogs: [polls]
  people:
  - asker
  - other
  - {name: chief, permissions: [send_messages, manage_messages], roles: [crew]}
steps:
- {command: '/poll create question:Tea? options:"yes | no"', by: asker}
- {press: yes, by: other}
- {restart: true, away: 60s}
- {wait: 90s}
- {command: /poll close id:1, by: chief, channel: general}
"""
CARD = """
world: {cogs: [shown]}
steps:
- {say: hello @bob, by: bob}
- {menu: Shout, on: m1, by: bob}
- {react: 👍, on: m1}
- {command: /card, by: bob}
- {press: Colour, values: [Blue]}
- {press: Tell}
- {autocomplete: pick, focused: fruit, options: {fruit: app}}
- {submit: {Reason: why not}}
"""


def written(text: str, *, answer: str = "") -> Reproduction | None:
    content = read_yaml(text, "the test", WordsLoader).content
    return written_from(load_script(content), answer=answer)


def written_from(script: Script, *, answer: str = "") -> Reproduction | None:
    last = len(script.steps) - 1
    wanted = [Wanted(step=last, shows=(answer,))] if answer else []
    return build_script_test(
        script, path="tests/t.py", name="test_it", doc="It.", expects="KeyError", wanted=wanted
    )


def source_of(text: str, *, answer: str = "") -> str:
    test = written(text, answer=answer)
    assert test is not None
    return test.source


def test_a_script_reads_as_the_cogs_own_tests() -> None:
    assert (
        source_of(POLL, answer="is closed (1 vote)")
        == '''from pathlib import Path

from tests.cogs.room import open_room


async def test_it(tmp_path: Path) -> None:
    """It."""
    async with open_room("cogs.polls", tmp_path) as room:
        carol = room.join("carol", "manage_messages", roles=["crew"])
        await room.alice.slash(
            room.text_channel("dev"),
            "poll create",
            question="Tea?",
            options="yes | no",
        )
        await room.press(room.bob, "yes", channel=room.text_channel("dev"))
        await room.restart(60)
        await room.env.advance_time(90)
        answer = await carol.slash(room.channel, "poll close", id=1)

    assert "is closed (1 vote)" in room.shown(answer)
'''
    )


async def test_what_it_says_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shown.py").write_text(DISPLAY_COG, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    card = source_of(CARD, answer="@alice: why not")

    await played(card.replace('"cogs.shown"', '"shown"'), tmp_path)
    await played(source_of(POLL, answer="is closed (1 vote)"), tmp_path)

    with pytest.raises(AssertionError):
        await played(source_of(POLL, answer="is closed (2 votes)"), tmp_path)


async def played(source: str, folder: Path) -> None:
    state = Path(tempfile.mkdtemp(dir=folder))
    (state / "written.py").write_text(source, "utf-8")
    names = runpy.run_path(str(state / "written.py"))
    await names["test_it"](state)


@pytest.mark.parametrize(
    "script",
    [
        "world: {cogs: [polls, dice]}\nsteps: [{command: /roll}]",
        "steps: [{command: /roll}]",
        "world: {cogs: [class]}\nsteps: [{command: /roll}]",
        "world: {cogs: [dice], files: {dice.json: x}}\nsteps: [{command: /roll}]",
        "world: {cogs: [dice]}\nsteps: [{command: /roll, channel: dm}]",
        "world: {cogs: [dice]}\nsteps: [{command: /roll, files: {a.txt: x}}]",
        "world: {cogs: [dice]}\nsteps: [{together: [{command: /roll}, {command: /roll}]}]",
        "world: {cogs: [dice]}\nsteps: [{reload: dice}]",
        "world: {cogs: [dice]}\nsteps: [{submit: {A: b}}]",
        "world: {cogs: [dice]}\nsteps: [{command: /roll}, {press: Again, on: m1}]",
        "world: {cogs: [dice]}\nsteps: [{say: hello}, {press: Again, on: m2}]",
        "world: {cogs: [dice], people: [{name: alice, bot: true}]}\nsteps: [{say: hello}]",
        "world: {cogs: [dice]}\nsteps: [{say: x, files: {a: b}}]",
    ],
)
def test_what_a_room_cannot_do_is_no_test(script: str) -> None:
    assert written(script) is None


LIMITED = """
world:
  cogs: [quotes]
  web:
  - {url: "https://dummyjson.com/quotes/random", status: 429, headers: {Retry-After: "30"}}
  - {url: "https://dummyjson.com/quotes/random", error: timeout}
  - url: https://quotes.example/some/where/longer?than=the_call_may_hold
    body: '{"quote": "Know thyself.", "author": "Thales"}'
steps:
- {command: /quote}
"""


def test_what_services_answered_is_played_back_in_the_test() -> None:
    assert (
        source_of(LIMITED)
        == '''from pathlib import Path

from theseus_rehearsal.records import WebAnswer

from tests.cogs.room import open_room


async def test_it(tmp_path: Path) -> None:
    """It."""
    text_1 = "https://quotes.example/some/where/longer?than=the_call_may_hold"
    web = [
        WebAnswer(
            url="https://dummyjson.com/quotes/random",
            status=429,
            headers={"Retry-After": "30"},
        ),
        WebAnswer(url="https://dummyjson.com/quotes/random", error="timeout"),
        WebAnswer(url=text_1, body='{"quote": "Know thyself.", "author": "Thales"}'),
    ]
    async with open_room("cogs.quotes", tmp_path, web=web) as room:
        answer = await room.alice.slash(room.channel, "quote")

    assert room.shown(answer)
'''
    )


def test_answers_too_long_to_be_read_make_no_test() -> None:
    long = WebAnswer(url="https://quotes.example/all", body="x" * 5_000)
    world = ScriptWorld(cogs=("quotes",), web=(long,))
    assert written_from(Script(world=world, steps=(CommandStep(command="quote"),))) is None


WICKED = [
    'x"); import os; os.abort(); ("',
    """''\'; raise SystemExit #""",
    'a"""\n    raise SystemExit\n"""',
    "line\nraise SystemExit\r\n\x00\u2028raise SystemExit",
    "{__import__('os').abort()}",
    "\\" * 7 + '"' + "x" * 300,
    "@nobody\nraise SystemExit",
]


@pytest.mark.parametrize("text", WICKED)
def test_what_people_typed_stays_text(text: str) -> None:
    script = Script(
        world=ScriptWorld(cogs=("polls",), people=(Actor(name="alice", roles=(text,)),)),
        steps=(
            SayStep(say=text),
            CommandStep(command="poll create", options={"question": text, "to": f"#{text}"}),
            SubmitStep(submit={"Why": text}),
        ),
    )
    test = written_from(script, answer=text)
    assert test is not None

    (_, _, function) = ast.parse(test.source).body
    told = [node.value for node in ast.walk(function) if isinstance(node, ast.Constant)]
    kinds = {type(node).__name__ for node in ast.walk(function) if isinstance(node, ast.stmt)}
    assert told.count(text) == 5
    assert kinds == {"AsyncFunctionDef", "AsyncWith", "Assert", "Assign", "Expr"}
    names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    assert {each for each in names if not each.startswith("text_")} <= {
        "Path", "answer", "carol", "form_2", "open_room", "room", "tmp_path",
    }  # fmt: skip


@pytest.mark.parametrize("name", WICKED)
def test_names_that_are_no_names_make_no_code(name: str) -> None:
    command = CommandStep(command=name, options={name[:20]: 1})
    script = Script(world=ScriptWorld(cogs=("polls",)), steps=(command,))
    test = written_from(script)
    assert test is not None
    assert len(ast.parse(test.source).body) == 3
    assert written_from(script.replace(world=ScriptWorld(cogs=(name,)))) is None
    assert written_from(script.replace(world=ScriptWorld(people=(), cogs=("polls",)))) is None


def test_flags_of_the_world_are_on_in_the_room() -> None:
    world = ScriptWorld(cogs=("polls",), flags=("ranked-polls",))
    test = written_from(Script(world=world, steps=(CommandStep(command="poll results"),)))
    assert test is not None
    assert 'open_room("cogs.polls", tmp_path, flags=["ranked-polls"]) as room:' in test.source
    many = world.replace(flags=tuple(f"a-rather-long-name-{each}" for each in range(4)))
    test = written_from(Script(world=many, steps=(CommandStep(command="poll results"),)))
    assert test is not None
    ast.parse(test.source)
    assert max(map(len, test.source.splitlines())) <= 100


def test_a_test_of_a_failure_shows_its_seed_and_the_numbers_that_matter() -> None:
    hostile = '6"""\nimport os'
    arguments = {"value": "6", "text": "'a secret'", "other": hostile, "deep": "True"}
    frame = Frame(file="cogs/dice.py", line=5, function="face", arguments=arguments)
    capsule = Capsule(
        exception="IndexError", message="", fingerprint="5dc1e6ef0000", frames=(frame,)
    )
    failure = make_failure(FakeClock(), capsule)
    content = read_yaml(POLL, "the test", WordsLoader).content
    replay = Replay(script=load_script(content), asked="/poll")
    test = build_replay_candidate(failure, replay, 3)
    assert test is not None
    assert "seed=3" in test.source
    assert "    face was called with value=6, deep=True.\n    " in test.source
    assert "secret" not in test.source
    assert "import os" not in test.source
    unseeded = build_replay_candidate(failure, replay)
    assert unseeded is not None
    assert "seed=" not in unseeded.source
