"""Short scripts as people type them into a form."""

import pytest
from theseus_rehearsal.records import (
    CommandStep,
    MenuStep,
    PressStep,
    SayStep,
    ScriptStep,
    SubmitStep,
    WaitStep,
)
from theseus_rehearsal.scripts import format_steps, parse_steps


def test_each_line_is_a_step_and_may_say_whose() -> None:
    text = """
    /poll create question:Lunch? options:a | b
    press: a
    @bob press: Colour = Red | Dark blue
    submit: Title = Tea | Why =
    say: press: me
    wait: 1h 30m
    """
    assert parse_steps(text) == (
        CommandStep(command="poll create", options={"question": "Lunch?", "options": "a | b"}),
        PressStep(press="a"),
        PressStep(by="bob", press="Colour", values=("Red", "Dark blue")),
        SubmitStep(submit={"Title": "Tea", "Why": ""}),
        SayStep(say="press: me"),
        WaitStep(wait=5400),
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (" \n ", "nothing to try"),
        ("roll dice:2d6", "neither a command nor press"),
        ("/", "needs a name"),
        ("/a b:1 b:2", "given twice"),
        ("press:", "neither a command nor press"),
        ("submit: Tea", "A form is sent as"),
        ("wait: 3 weeks", "not a time of at most a day"),
        ("wait: 2d", "not a time of at most a day"),
        ("restart", "neither"),
        ("\n".join(["/roll"] * 7), "7 lines; at most 6"),
    ],
)
def test_what_is_no_line_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_steps(text)


@pytest.mark.parametrize(
    ("step", "line"),
    [
        (CommandStep(command="roll", options={"dice": "2d6", "n": 3}), "/roll dice:2d6 n:3"),
        (CommandStep(command="a", options={"b": "3"}), '/a b:"3"'),
        (CommandStep(command="a", options={"b": 'x y:z \\ "'}), '/a b:"x y:z \\\\ \\""'),
        (CommandStep(command="a", options={"b": True, "c": 1.5}), "/a b:true c:1.5"),
        (PressStep(press="x", on="m1", channel="general"), "press: x"),
        (PressStep(by="asker", press="x", values=("a", "b")), "press: x = a | b"),
        (SubmitStep(by="other", submit={"T": "1"}), "@other submit: T = 1"),
        (PressStep(press="a = b"), ""),
        (SayStep(say="two\nlines"), ""),
        (MenuStep(menu="Quote", on="m1"), ""),
        (CommandStep(command="a", files={"file": ""}), ""),
    ],
)
def test_steps_are_written_as_lines_where_these_say_the_same(step: ScriptStep, line: str) -> None:
    asker = "alice" if getattr(step, "by", "") == "alice" else "asker"
    assert format_steps([step], asker) == line


def test_more_than_fits_is_not_written() -> None:
    assert format_steps([SayStep(say="x")] * 7, "alice") == ""
