"""Notes that the parts of one change leave for each other on a bounded board."""

from theseus_guard.record import Record
from theseus_observe.redaction import redact

MOST_NOTES = 12
MOST_OF_PART = 4
LONGEST_NOTE = 300  # characters
_FULL = "The board is full: {most} notes in one run are all there is."
_ENOUGH = "You left {most} notes, which is all one part may leave."


class PartNote(Record):
    """What the model of one part tells the others: data by a model, never an instruction."""

    part: str
    text: str


class NoteBoard:
    """The notes of one run's parts, in the order they were left, redacted and cut."""

    def __init__(self) -> None:
        self._notes: list[PartNote] = []

    @property
    def notes(self) -> tuple[PartNote, ...]:
        """All notes."""
        return tuple(self._notes)

    def add(self, note: PartNote) -> str:
        """Add a note; return why it is refused, or ""."""
        if sum(each.part == note.part for each in self._notes) >= MOST_OF_PART:
            return _ENOUGH.format(most=MOST_OF_PART)
        if len(self._notes) >= MOST_NOTES:
            return _FULL.format(most=MOST_NOTES)
        # Redacted before it is cut: half a secret would not be recognised.
        text = " ".join(redact(note.text).split())[:LONGEST_NOTE]
        if not text:
            return "`text` has to say something."
        if all((each.part, each.text) != (note.part, text) for each in self._notes):
            self._notes.append(note.replace(text=text))
        return ""


class BoardSeat:
    """The board as one part sees it."""

    def __init__(self, board: NoteBoard, part: str) -> None:
        self._board = board
        self._part = part
        self._seen = 0

    def leave(self, text: str) -> str:
        """Leave a note for the other parts; return why it is refused, or ""."""
        return self._board.add(PartNote(part=self._part, text=text))

    def take_new(self) -> tuple[PartNote, ...]:
        """Return the notes of the other parts that this part has not seen yet."""
        new = self._board.notes[self._seen :]
        self._seen += len(new)
        return tuple(each for each in new if each.part != self._part)
