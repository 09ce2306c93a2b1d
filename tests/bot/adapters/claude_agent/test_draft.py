"""Whether the draft of a pull request covers the change."""

from pathlib import Path

import pytest
from theseus_guard.records import FileChange

from bot.adapters.claude_agent._draft import find_unmentioned
from tests.fakes.repositories import write

FILES = {
    "cogs/dice.py": "@app_commands.command()\nasync def roll(self) -> None: ...\n",
    "bot/text/word_lists.py": "def shorten(words): ...\n",
    "bot/text/__init__.py": "",
}
CHANGES = (
    *(FileChange(path=path, status="modified", added=1, removed=1) for path in FILES),
    FileChange(path="CHANGELOG.md", status="modified", added=1, removed=0),
    FileChange(path="tests/cogs/test_dice.py", status="modified", added=1, removed=0),
)


@pytest.mark.parametrize(
    ("draft", "missing"),
    [
        ("Dice, word lists and text", ()),
        ("cogs/dice.py, bot/text/word_lists.py, bot/text/__init__.py", ()),
        ("`/roll` uses `shorten()`; the text package exports it", ()),
        ("Roll what is typed", tuple(FILES)),
        ("The dice cog", ("bot/text/word_lists.py", "bot/text/__init__.py")),
        ("Nothing further is needed.", tuple(FILES)),
    ],
)
def test_each_changed_program_file_is_looked_for(
    tmp_path: Path, draft: str, missing: tuple[str, ...]
) -> None:
    write(tmp_path, FILES)
    assert find_unmentioned(draft, CHANGES, tmp_path, is_first=True) == missing


def test_a_first_draft_of_one_file_is_about_it_but_a_later_one_may_not_be(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    one = (CHANGES[0], *CHANGES[3:])
    assert find_unmentioned("Count from one", one, tmp_path, is_first=True) == ()
    assert find_unmentioned("Count from one", one, tmp_path, is_first=False) == ("cogs/dice.py",)
