"""Tables: aligned and cut on a terminal, complete and without a header in a pipe."""

from datetime import timedelta
from io import StringIO

import pytest
from rich.console import Console
from typer.testing import CliRunner

from bot.cli.output import say
from bot.cli.tables import Cell, Row, When, print_table
from tests.fakes.fake_clock import START

HEAD = ("id", "when", "run", "what")
ROWS: list[Row] = [
    (Cell("a", "red"), When(START, START + timedelta(minutes=5)), "", "kept\x1b[2K short"),
    ("long-id", When(START, START + timedelta(hours=3)), "", f"日本 {'word ' * 30}"),
]


def printed(**console: object) -> list[str]:
    file = StringIO()
    made = Console(file=file, width=40, soft_wrap=True, highlight=False, **console)  # type: ignore[arg-type]
    print_table(HEAD, ROWS, made)
    return file.getvalue().splitlines()


def test_a_terminal_gets_a_head_how_long_ago_it_was_and_lines_that_fit() -> None:
    lines = printed(force_terminal=True, color_system=None)
    assert lines[0].split() == ["ID", "WHEN", "WHAT"]
    assert lines[1] == "a        5 min ago  kept\ufffd[2K short"
    assert lines[2].startswith("long-id  3 h ago    日本 word")
    assert lines[2].endswith("…") and len(lines[2]) < 40


def test_a_pipe_gets_whole_lines_without_a_head_and_times_in_utc() -> None:
    lines = printed()
    assert lines[0] == "a        2026-11-21 14:00:00  kept\ufffd[2K short"
    assert lines[1].startswith("long-id  2026-11-21 14:00:00  日本 word")
    assert lines[1].endswith("word") and len(lines) == 2


@pytest.mark.parametrize(("no_colour", "coloured"), [("", True), ("1", False)])
def test_colours_are_for_terminals_where_nobody_wants_none(no_colour: str, coloured: bool) -> None:
    lines = printed(force_terminal=True, _environ={"TERM": "xterm", "NO_COLOR": no_colour})
    assert ("\x1b[31ma\x1b[0m" in lines[1]) is coloured


def test_a_mark_before_a_line_is_coloured_alone_and_only_for_people() -> None:
    for environment, told in (({}, "BAD it\n"), ({"FORCE_COLOR": "1"}, "\x1b[31mBAD\x1b[0m it\n")):
        with CliRunner().isolation(
            env={"NO_COLOR": None, "TERM": "xterm", **environment}
        ) as streams:
            say("BAD it", "red")
            assert streams[0].getvalue().decode() == told
