"""Text written from right to left stays in its place."""

import pytest
from guard_tests.cases import make_patch
from theseus_guard.records import FileChange
from theseus_guard.text_direction import isolate

from bot.presentation.cards._diff_fields import iterate_diff_fields
from bot.presentation.cards._plain_text import to_plain_text
from bot.presentation.cards._text import format_file_line

HEBREW, ARABIC = "\u05e9\u05dc\u05d5\u05dd", "\u0645\u0631\u062d\u0628\u0627"
FIRST, LAST = "\u2068", "\u2069"


@pytest.mark.parametrize("word", [HEBREW, ARABIC, f"{HEBREW}_1", "\U0001e900\U0001e901"])
def test_each_such_word_stands_between_isolates(word: str) -> None:
    assert isolate(f"if {word} > 3:") == f"if {FIRST}{word}{LAST} > 3:"
    assert isolate(isolate(word)) == isolate(word)


@pytest.mark.parametrize("text", ["cogs/dice.py", "na\u00efve", "\u043a\u043e\u0440", "\u6f22 1"])
def test_other_text_is_left_as_it_is(text: str) -> None:
    assert isolate(text) == text


def test_a_file_and_its_lines_are_shown_in_the_order_they_are_written() -> None:
    path = f"cogs/{HEBREW}.py"
    shown = f"cogs/{FIRST}{HEBREW}{LAST}.py"
    assert format_file_line(FileChange(path=path, added=3, removed=1)) == f"`{shown}` +3 -1"
    assert to_plain_text(f"Imports {HEBREW}, 3") == f"Imports {FIRST}{HEBREW}{LAST}, 3"
    (field,) = iterate_diff_fields(make_patch(path, "X = 1\n", f"X = {ARABIC} - 3\n"), "all.diff")
    assert field.name == f"Diff of {shown}"
    assert f"+X = {FIRST}{ARABIC}{LAST} - 3" in field.value
