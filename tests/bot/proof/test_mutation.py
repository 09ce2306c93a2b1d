"""Which module new tests are about."""

import pytest

from bot.proof.mutation import find_covered_module

FILES = ("bot/domain/plan.py", "cogs/dice.py", "cogs/polls.py", "cogs/quotes/_web.py", "docs/a.md")


@pytest.mark.parametrize(
    ("text", "said", "module"),
    [
        ("from cogs.dice import roll", "more tests", "cogs/dice.py"),
        ("from cogs import dice, polls", "write tests for the polls", "cogs/polls.py"),
        ('open_room("cogs.polls", tmp_path)', "tests please", "cogs/polls.py"),
        ("from cogs.quotes._web import fetch", "tests", "cogs/quotes/_web.py"),
        ("from cogs.dice_more import roll", "tests", ""),
        ("import os", "tests of dice", ""),
    ],
)
def test_the_module_is_the_one_that_a_test_names_and_people_speak_of(
    text: str, said: str, module: str
) -> None:
    assert find_covered_module({"tests/test_it.py": text}, FILES, said) == module
