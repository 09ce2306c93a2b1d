"""The files a failing call reaches."""

from bot.self_improvement.checks.reached_files import list_reached_files

SOURCE = """
import json, cogs.ui.cards
from discord.ext import commands
from cogs.polls import store, _tally as t
from bot.client import TheseusClient
def late():
    from cogs import words
"""


def test_the_frames_come_first_and_then_what_they_import_of_ours() -> None:
    found = list_reached_files(
        ("cogs/polls/votes.py", "cogs/polls/__init__.py"), {"cogs/polls/votes.py": SOURCE}
    )
    assert found[:2] == ("cogs/polls/votes.py", "cogs/polls/__init__.py")
    assert {"cogs/ui/cards.py", "cogs/polls/store.py", "cogs/polls/_tally.py"} <= set(found)
    assert "cogs/words.py" in found
    assert not [each for each in found if each.startswith(("json", "discord", "bot"))]


def test_a_file_that_is_no_python_reaches_itself() -> None:
    assert list_reached_files(("cogs/a.py",), {}) == ("cogs/a.py",)
