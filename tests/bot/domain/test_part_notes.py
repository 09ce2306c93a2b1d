"""The board of notes is bounded, and holds no secret."""

import pytest

from bot.domain.part_notes import (
    LONGEST_NOTE,
    MOST_NOTES,
    MOST_OF_PART,
    BoardSeat,
    NoteBoard,
    PartNote,
)

TOKEN = "ghp_" + "a1B2c3D4e5" * 4


def test_a_part_sees_each_note_of_the_others_once_and_never_its_own() -> None:
    board = NoteBoard()
    coin, page = BoardSeat(board, "coin"), BoardSeat(board, "page")
    assert coin.leave("The cog is called Coin.") == ""
    assert coin.take_new() == ()
    assert page.take_new() == (PartNote(part="coin", text="The cog is called Coin."),)
    assert page.take_new() == ()


def test_one_part_cannot_fill_the_board_and_all_cannot_overfill_it() -> None:
    board = NoteBoard()
    seats = [BoardSeat(board, f"part{number}") for number in range(MOST_NOTES)]
    refused = [seats[0].leave(f"note {number}") for number in range(MOST_OF_PART + 1)]
    assert [bool(each) for each in refused] == [False] * MOST_OF_PART + [True]
    for seat in seats[1:]:
        seat.leave("a note")
    assert len(board.notes) == MOST_NOTES
    assert "full" in seats[-1].leave("another note")


@pytest.mark.parametrize("lead", ["", "x" * (LONGEST_NOTE - 10)])
def test_secrets_are_removed_before_a_note_is_cut(lead: str) -> None:
    board = NoteBoard()
    BoardSeat(board, "coin").leave(f"{lead} {TOKEN} {'y' * 1_000}")
    [note] = board.notes
    assert TOKEN[:10] not in note.text
    assert len(note.text) <= LONGEST_NOTE


def test_an_empty_note_is_refused() -> None:
    assert BoardSeat(NoteBoard(), "coin").leave(" \n ")
