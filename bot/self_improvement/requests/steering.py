"""Passes people's instructions to the engine that is writing the change, while it works."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bot.domain.dialogue import Instruction


class SteeringInbox:
    """The inbox of one working engine. `instruction_count` counts the delivered instructions."""

    def __init__(self) -> None:
        self._instructions: tuple[Instruction, ...] = ()
        self.instruction_count = 0

    def mark_delivered(self, count: int) -> None:
        """Count the first instructions as delivered, because the assignment contains them."""
        self.instruction_count = count

    def receive(self, instructions: Sequence[Instruction]) -> None:
        """Add all instructions of the run so far, oldest first."""
        if len(instructions) > len(self._instructions):
            self._instructions = tuple(instructions)

    def take_news(self) -> tuple[str, ...]:
        """Return the instructions that were not delivered yet, and count them as delivered."""
        new = self._instructions[self.instruction_count :]
        self.instruction_count = max(self.instruction_count, len(self._instructions))
        return tuple(item.text for item in new)


class Steering:
    """The inboxes of the engines in this process.

    Without one, instructions wait for the next round.
    """

    def __init__(self) -> None:
        self._inboxes: dict[str, SteeringInbox] = {}

    @contextmanager
    def open_inbox(self, run_id: str) -> Iterator[SteeringInbox]:
        """Open an inbox for the run's engine until the block ends."""
        steering_inbox = self._inboxes[run_id] = SteeringInbox()
        try:
            yield steering_inbox
        finally:
            del self._inboxes[run_id]

    def tell(self, run_id: str, instructions: Sequence[Instruction]) -> bool:
        """Deliver all instructions of the run; return whether an engine is there to read them."""
        steering_inbox = self._inboxes.get(run_id)
        if steering_inbox is not None:
            steering_inbox.receive(instructions)
        return steering_inbox is not None
