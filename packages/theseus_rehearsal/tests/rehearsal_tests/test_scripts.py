"""Scripts in a line, and transcripts in the shape of scripts."""

import pytest
from rehearsal_tests.replay_builders import command, error, played, seen, transcript
from theseus_rehearsal.records import (
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
    ScriptStep,
    SubmitStep,
    TogetherStep,
    WaitStep,
)
from theseus_rehearsal.scripts import (
    describe_step,
    dump_transcript,
    format_duration,
    parse_duration,
    parse_slash_command,
)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("/roll dice:2d6", ("roll", {"dice": "2d6"})),
        ("roll", ("roll", {})),
        (
            "/roll dice: 2d6  keep: the best of it",
            ("roll", {"dice": "2d6", "keep": "the best of it"}),
        ),
        (
            "/remind  me at:12:30 text:see https://x.org",
            ("remind me", {"at": "12:30", "text": "see https://x.org"}),
        ),
        (
            '/say text:"he said: \\"no\\"" loud:true',
            ("say", {"text": 'he said: "no"', "loud": True}),
        ),
        (
            '/roll n:3 x:-0.5 s:"3" t:007 u:',
            ("roll", {"n": 3, "x": -0.5, "s": "3", "t": "007", "u": ""}),
        ),
        ("/who person:@bob where:#general", ("who", {"person": "@bob", "where": "#general"})),
    ],
)
def test_a_slash_command_is_read_as_people_write_it(text: str, read: object) -> None:
    assert parse_slash_command(text) == read


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("10m", 600),
        ("1h 30m", 5_400),
        ("1d2h", 93_600),
        ("0.5s", 0.5),
        ("1.5h", 5_400),
    ],
)
def test_a_time_is_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "10 minutes", "-5s", "1h soon"])
def test_anything_else_is_no_time(text: str) -> None:
    assert parse_duration(text) is None


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (
            CommandStep(command="poll new", options={"n": 2, "open": True}),
            "/poll new n:2 open:true",
        ),
        (
            AutocompleteStep(autocomplete="roll", options={"dice": "2"}, focused="dice"),
            "/roll dice:2 (dice?)",
        ),
        (MenuStep(menu="Quote", on="m1"), "menu “Quote” on m1"),
        (PressStep(press="Vote", values=("a", "b")), "presses “Vote”: a, b"),
        (SubmitStep(submit={"Name": "x"}), "submits Name: x"),
        (SayStep(say="hello"), "says “hello”"),
        (ReactStep(react="👍", on="m1"), "reacts 👍 to m1"),
        (WaitStep(wait=90), "1m 30s pass"),
        (RestartStep(restart=True), "the bot restarts"),
        (ReloadStep(reload="dice"), "dice is reloaded"),
        (JoinStep(join="carol"), "carol joins the server"),
        (LeaveStep(leave="bob"), "bob leaves the server"),
        (
            TogetherStep(together=(PressStep(press="A"), PressStep(press="B", by="bob"))),
            "alice: presses “A” | bob: presses “B”",
        ),
    ],
)
def test_every_step_can_be_told_in_a_line(step: ScriptStep, told: str) -> None:
    assert describe_step(step) == told


def test_a_transcript_has_the_shape_of_its_script() -> None:
    script = Script(steps=(command(dice="2d6"), WaitStep(wait=60)))
    play = transcript(
        played(seen("7", "[Again]"), step=script.steps[0]),
        played(step=script.steps[1], errors=(error(),)),
        commands=("roll",),
        files={"rolls.db": "5f"},
    )
    assert dump_transcript(script, play) == {
        "steps": [
            {
                "command": "roll",
                "options": {"dice": "2d6"},
                "seen": [
                    {"kind": "message", "channel": "dev", "message": "m1", "text": "7",
                     "parts": ["[Again]"]},
                ],
            },
            {
                "wait": "1m",
                "errors": [{"event": "command.roll", "error": "KeyError",
                            "at": "cogs/dice.py:41 in total"}],
            },
        ],
        "commands": ["roll"],
        "files": {"rolls.db": "5f"},
    }  # fmt: skip
