"""Scripts as YAML files: valid ones are parsed, errors are reported with their line."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.records import (
    Actor,
    AutocompleteStep,
    CommandStep,
    JoinStep,
    LeaveStep,
    MenuStep,
    PressStep,
    ReactStep,
    ReloadStep,
    RestartStep,
    SayStep,
    Script,
    ScriptWorld,
    SubmitStep,
    TogetherStep,
    WaitStep,
    WebAnswer,
)
from theseus_rehearsal.script_files import format_script, parse_script, read_script

BY_HAND = """
world:
  people: [alice, {name: bob, permissions: [manage_messages]}]
  starts: 2026-03-01 12:00
  files: {notes.txt: "héllo"}
steps:
  - command: /roll dice:2d6 keep:"the best"
    by: bob
  - press: Again
    on: m1
    values: first
  - wait: 1h 30m
  - restart
  - restart: true
    away: 2d
  - together:
      - press: Again
      - press: No
        by: bob
    order: [1, 0]
  - command: remind me
    options: {who: '@bob', day: 2026-01-01, text: no, at: 12:30, often: 3, loud: true}
"""


def test_what_a_person_writes_is_understood() -> None:
    read = parse_script(BY_HAND, "script.yaml")
    assert read.world == ScriptWorld(
        people=(Actor(name="alice"), Actor(name="bob", permissions=("manage_messages",))),
        starts=datetime(2026, 3, 1, 12, tzinfo=UTC),
        files={"notes.txt": base64.b64encode("héllo".encode()).decode()},
    )
    assert read.steps == (
        CommandStep(by="bob", command="roll", options={"dice": "2d6", "keep": "the best"}),
        PressStep(press="Again", on="m1", values=("first",)),
        WaitStep(wait=5_400),
        RestartStep(restart=True),
        RestartStep(restart=True, away=172_800),
        TogetherStep(together=(PressStep(press="Again"), PressStep(press="No", by="bob")),
                     order=(1, 0)),
        CommandStep(
            command="remind me",
            options={"who": "@bob", "day": "2026-01-01", "text": "no", "at": "12:30", "often": 3,
                     "loud": True},
        ),
    )  # fmt: skip


def test_a_list_of_steps_is_a_script() -> None:
    assert parse_script("- say: hello\n", "x") == Script(steps=(SayStep(say="hello"),))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("steps:\n  - say: a\n  - comand: roll\n",
            "line 3: step 2: `comand` is not a step; did you"),
        ("- command: roll\n  pres: x\n", "line 2: step 1: unknown key `pres`; known here: by,"),
        ("steps: []\n", "line 1: a script has `steps:`"),
        ("\n", "line 1: a script has `steps:`"),
        ("5", "line 1: a script is written as"),
        ("stps: []\n", "line 1: unknown key `stps`; did you mean steps?"),
        ("- command: roll\n  by: carol\n", "line 2: step 1: by: no one in the world is called"),
        ("- wait: soon\n", "step 1: wait: `soon` is not a time; it takes a time such as 30s"),
        ("- wait: 900d\n", "step 1: wait: it takes a time such as 30s, 10m, 1h 30m or 2d, up to"),
        ("- say: 5\n", "step 1: say: texts that are a number, `true` or `null` go in quotes"),
        ("- command: a\n  options: {b: }\n", "line 2: step 1: options.b: is empty; a text that"),
        ("- command: a\n  options: {b: [1]}\n", "options.b: an option is one text, number,"),
        ("- together:\n  - press: a\n  - prss: b\n", "line 3: step 1: together 2: `prss` is no"),
        ("- together: [{press: a}]\n", "step 1: together: two to eight steps can be together"),
        ("- together: [{press: a}, {press: b}]\n  order: [1]\n", "line 2: step 1: order: name"),
        ("- together: [{press: a}, {together: []}]\n", "nothing is together in a together"),
        ("- command: /roll dice: 5\n", "not valid YAML: mapping values are not allowed here."),
        ("- command: '/roll a:1 a:2'\n", "step 1: command: `a` is given twice"),
        ('- command: \'/roll a:"1" 2\'\n', "command: `a` has more text after the closing quote"),
        ("- command: /roll a:1\n  options: {a: 2}\n", "line 2: step 1: `a` is given twice"),
        ("- command: /\n", "step 1: command: it needs a name"),
        ("- hello\n", "step 1: `hello` is not a step; one of command, press,"),
        ("- react: x\n", "step 1: on: this is missing"),
        ("- {press: a, say: b}\n", "step 1: press and say are two steps"),
        ("- say: @x\n", "begin with @, # or `."),
        ("- say: a\n  say: b\n", "line 2: say is set twice"),
        ("world: {poeple: [a]}\nsteps: [restart]\n", "line 1: world: unknown key `poeple`; did"),
        ("world: {people: [a, a]}\nsteps: [restart]\n", "`a` is there twice"),
        ("world: {files: {../x: a}}\nsteps: [restart]\n", "a file lies in the bot's own folder"),
        ("world: {files: {/tmp/x: a}}\nsteps: [restart]\n", "a file lies in the bot's own folder"),
        ("world: {files: {x: {base64: '!'}}}\nsteps: [restart]\n", "this is not base64"),
        ("world: {cogs: [../dice]}\nsteps: [restart]\n", "a cog is a name under cogs: dice"),
        ("world: {cogs: [dice]}\nsteps:\n- reload: polls\n", "`polls` is not among the"),
        ("- restrat\n", "did you mean restart?"),
        ("world: {people: a}\nsteps: [restart]\n", "world.people: this is a list"),
        ("world: {files: {a: 5}}\nsteps: [restart]\n", "world.files.a: a file is its text, or"),
        ("world: {starts: soon}\nsteps: [restart]\n", "line 1: world.starts: input should be"),
        ("[" * 1_200, "it is nested too deep to be read"),
    ],
)  # fmt: skip
def test_what_is_no_script_is_told_with_its_place_and_the_way_out(text: str, told: str) -> None:
    with pytest.raises(RehearsalError, match=r"script\.yaml") as refused:
        parse_script(text, "script.yaml")
    assert told in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "odd.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RehearsalError, match=r"nothing\.yaml: No such file or directory; name"):
        read_script(tmp_path / "nothing.yaml")
    with pytest.raises(RehearsalError, match=r"odd\.yaml: it is not UTF-8 text"):
        read_script(tmp_path / "odd.yaml")


NAMES = st.text(st.characters(categories=("Ll", "Lu", "Nd"), include_characters="_-"), min_size=1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
OPTIONS = st.dictionaries(
    NAMES, TEXTS | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
)
BASE64 = st.binary(max_size=20).map(lambda raw: base64.b64encode(raw).decode())
FILES = st.dictionaries(TEXTS.map(lambda name: f"a{name}".replace("..", "")), BASE64, max_size=2)
COGS = ("dice", "polls")
PEOPLE = st.sampled_from(["alice", "bob"])
CHANNELS = st.sampled_from(["dev", "general", "dm"])
SECONDS = st.integers(1, 400 * 86_400).map(float) | st.floats(0.001, 1e7)
SINGLE = st.one_of(
    st.builds(CommandStep, by=PEOPLE, channel=CHANNELS, command=NAMES, options=OPTIONS,
              files=FILES),
    st.builds(AutocompleteStep, by=PEOPLE, autocomplete=NAMES, options=OPTIONS, focused=NAMES),
    st.builds(MenuStep, by=PEOPLE, menu=TEXTS, on=TEXTS),
    st.builds(PressStep, by=PEOPLE, press=TEXTS, on=TEXTS,
              values=st.lists(TEXTS, max_size=2).map(tuple)),
    st.builds(SubmitStep, by=PEOPLE, submit=st.dictionaries(TEXTS, TEXTS, max_size=3)),
    st.builds(SayStep, by=PEOPLE, say=TEXTS, reply_to=TEXTS, files=FILES),
    st.builds(ReactStep, by=PEOPLE, react=TEXTS, on=TEXTS),
    st.builds(WaitStep, wait=SECONDS),
    st.builds(RestartStep, restart=st.just(True), away=st.just(0.0) | SECONDS),
    st.builds(ReloadStep, reload=st.sampled_from(COGS)),
    st.builds(JoinStep, join=TEXTS, roles=st.lists(TEXTS, max_size=2).map(tuple)),
    st.builds(LeaveStep, leave=TEXTS),
)  # fmt: skip


@st.composite
def together(draw: st.DrawFn) -> TogetherStep:
    steps = tuple(draw(st.lists(SINGLE, min_size=2, max_size=4)))
    order = draw(st.just(()) | st.permutations(range(len(steps))).map(tuple))
    return TogetherStep(together=steps, order=order)


TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
WORLDS = st.builds(
    ScriptWorld,
    starts=TIMES.map(lambda at: at - timedelta(microseconds=at.microsecond)),
    seed=st.integers(),
    people=st.just((Actor(name="alice"), Actor(name="bob")))
    | st.builds(Actor, name=st.just("alice"), roles=st.tuples(TEXTS), bot=st.booleans()).map(
        lambda one: (one, Actor(name="bob", permissions=("manage_messages",)))
    ),
    channels=st.lists(TEXTS, max_size=3).map(tuple),
    cogs=st.sampled_from([(), COGS]),
    files=FILES,
    web=st.lists(
        st.builds(WebAnswer, url=TEXTS, headers=st.dictionaries(TEXTS, TEXTS, max_size=2),
                  body=TEXTS, error=st.sampled_from(["", "timeout"])),
        max_size=2,
    ).map(tuple),
)  # fmt: skip
SCRIPTS = st.builds(
    Script, world=WORLDS, steps=st.lists(SINGLE | together(), min_size=1, max_size=5).map(tuple)
)


@settings(max_examples=50)
@given(SCRIPTS)
def test_a_script_that_is_printed_reads_back_as_the_same(script: Script) -> None:
    assert parse_script(format_script(script), "printed.yaml") == script
