"""The commands of targets are read from their source, again after each commit."""

from pathlib import Path

from bot.app.target_commands import TargetCommands
from tests.fakes.fake_clock import FakeClock
from tests.fakes.repositories import commit
from tests.support.target_harness import BOT, make_target

MORE = """
@bot.command(name="bye")
async def leave(ctx): ...


@bot.command(name="<@&1> `x`")
async def strange(ctx): ...
"""


async def test_commands_are_read_again_after_a_commit(tmp_path: Path) -> None:
    make_target(tmp_path / "welcome")
    folders = {"welcome": tmp_path / "welcome", "gone": tmp_path / "gone"}
    commands = TargetCommands(folders, FakeClock())
    assert commands.list_names("welcome") == frozenset()
    await commands.refresh()
    assert commands.list_names("welcome") == {"share", "hello"}
    assert commands.list_names("gone") == frozenset()
    commit(
        tmp_path / "welcome", {"bot.py": BOT.replace("\n\nif __name__", f"{MORE}\n\nif __name__")}
    )
    await commands.refresh()
    assert commands.list_names("welcome") == {"share", "hello", "bye"}
