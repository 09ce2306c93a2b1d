"""A file is of one cog, or of none."""

import pytest

from bot.domain.cogs import get_cog_name


@pytest.mark.parametrize(
    ("file", "cog"),
    [
        ("cogs/dice.py", "dice"),
        ("cogs/dice/tables.py", "dice"),
        ("cogs/dice/__init__.py", "dice"),
        ("cogs/ui/buttons.py", ""),
        ("cogs/__init__.py", ""),
        ("cogs/_words.py", ""),
        ("cogs/dice/words.txt", ""),
        ("bot/cogs/dice.py", ""),
        ("tests/cogs/dice.py", ""),
        ("cogs.py", ""),
        ("", ""),
    ],
)
def test_only_a_cogs_own_programs_are_of_it(file: str, cog: str) -> None:
    assert get_cog_name(file) == cog
