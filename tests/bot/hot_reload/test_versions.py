"""A version is stored before it is live and completed afterwards, even after a crash."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from bot.domain.errors import StoreError
from bot.domain.live_items import ChangeAuthor
from bot.hot_reload.content import UNCOMPRESSED
from bot.hot_reload.versions import VersionRepository
from tests.bot.hot_reload.hot_reload_room import hot_room

RUN = ChangeAuthor(kind="run", run_id="01RUN")
STATE = "state/live.sqlite3"


def killed(root: Path, to: Path) -> None:
    """Take what the disk holds at this moment, as a process that begins after a kill finds it."""
    shutil.copytree(root, to)


def contents(root: Path) -> list[bytes]:
    with sqlite3.connect(root / STATE) as connection:
        return [row[0] for row in connection.execute("SELECT content FROM versions")]


async def test_killed_right_after_the_swap_no_version_is_lost_and_it_is_finished_at_the_start(
    tmp_path: Path,
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    async with hot_room(before) as room:
        await room.registry.list_versions("persona", "persona")  # the first ones are finished
        room.write("prompts/persona.md", "Calm.\n")
        await room.registry.reload(RUN)
        assert room.registry.live.prompts["persona"] == "Calm.\n"
        killed(before, after)
    assert any(each.startswith(UNCOMPRESSED) for each in contents(after))
    (after / "prompts/persona.md").write_text("Short.\n")  # and it was edited again meanwhile
    async with hot_room(after, files={}) as room:
        newest, mine, oldest = await room.registry.list_versions("persona", "persona")
        assert [newest.number, mine.number, oldest.number] == [3, 2, 1]
        assert mine.author == RUN
        assert mine.diff.splitlines()[3:] == ["-Kind.", "+Calm."]
        assert newest.diff.splitlines()[3:] == ["-Calm.", "+Short."]
        assert await room.registry.read_text("persona", "persona", 2) == "Calm.\n"
    assert not any(each.startswith(UNCOMPRESSED) for each in contents(after))


async def test_what_cannot_be_kept_does_not_go_live(tmp_path: Path) -> None:
    async with hot_room(tmp_path) as room:
        before = room.registry.live
        with sqlite3.connect(tmp_path / STATE) as connection:
            connection.execute("DROP TABLE versions")
        room.write("prompts/persona.md", "Calm.\n")
        with pytest.raises(StoreError, match="versions"):
            await room.look()
        assert room.registry.live is before


async def test_a_damaged_version_keeps_no_other_from_being_finished(tmp_path: Path) -> None:
    async with hot_room(tmp_path) as room:
        room.write("prompts/a.md", "A.\n")
        room.write("prompts/b.md", "B.\n")
        await room.look()
        async with VersionRepository(tmp_path / STATE) as versions:
            await versions._database.write(
                lambda connection: connection.execute(
                    "UPDATE versions SET content = substr(content, 1, 5) WHERE name = 'a'"
                )
            )
        (version,) = await room.registry.list_versions("prompt", "b")
        assert "+B." in version.diff
        with pytest.raises(StoreError, match="cannot be read"):
            await room.registry.read_text("prompt", "a", 1)
