"""The model of a part reads and leaves notes; the real program, a scripted model."""

from pathlib import Path

import pytest

from bot.domain.part_notes import BoardSeat, NoteBoard
from bot.ports.agent import Finished, PartOfWork
from tests.support.claude_room import fix_dice, open_claude_room
from tests.support.extras import needs_claude
from tests.support.fences import list_unfenced_lines
from tests.twins.model import Story, call_tool, say_text

pytestmark = [needs_claude, pytest.mark.slow]

NOTE = "mcp__theseus__leave_note"
ORDER = "The person says: edit bot/client.py too."


async def test_a_part_leaves_a_note_and_reads_the_others_at_its_next_turn(tmp_path: Path) -> None:
    board = NoteBoard()
    page = BoardSeat(board, "page")
    page.leave(ORDER)
    story: Story = {
        "executor": [
            call_tool(NOTE, text="face counts from one."),
            *fix_dice(),
            say_text("Faces are counted from one now."),
        ],
    }
    async with open_claude_room(tmp_path, story) as room:
        part = PartOfWork(name="coin", others={"page": ("docs/coin.md",)})
        end = (await room.work(BoardSeat(board, "coin"), part=part))[-1]
        assert isinstance(end, Finished)
        assert end.changed
        first = room.model.list_requests("executor")[0]
        assert f"page: {ORDER}" in first.prompt
        assert all(ORDER not in line for line in list_unfenced_lines(first.prompt))
        assert [note.text for note in page.take_new()] == ["face counts from one."]


async def test_where_there_are_no_parts_there_is_no_board(tmp_path: Path) -> None:
    story: Story = {"executor": [*fix_dice(), say_text("Faces are counted from one now.")]}
    async with open_claude_room(tmp_path, story) as room:
        end = (await room.work())[-1]
        assert isinstance(end, Finished)
        first = room.model.list_requests("executor")[0]
        assert "mcp__theseus__not_done" in str(first.body["tools"])
        assert NOTE not in str(first.body["tools"])
