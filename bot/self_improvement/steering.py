"""Hearing: what people ask of a change reaches the engine that is writing it, at once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bot.domain.dialogue import Instruction


class SteeringInbox:
    """Listens for one engine at work. `heard` counts the run's instructions it was told."""

    def __init__(self) -> None:
        self._instructions: tuple[Instruction, ...] = ()
        self.instruction_count = 0

    def receive(self, instructions: Sequence[Instruction]) -> None:
        """Take all that was asked of the run so far, oldest first."""
        if len(instructions) > len(self._instructions):
            self._instructions = tuple(instructions)

    def take_news(self) -> tuple[str, ...]:
        """Return what was asked and not told yet. Whatever is returned counts as heard."""
        new = self._instructions[self.instruction_count :]
        self.instruction_count = max(self.instruction_count, len(self._instructions))
        return tuple(item.text for item in new)


class Steering:
    """Whose engine is at work in this process. What nobody hears waits for the next round."""

    def __init__(self) -> None:
        self._ears: dict[str, SteeringInbox] = {}

    @contextmanager
    def open_inbox(self, run_id: str) -> Iterator[SteeringInbox]:
        """Listen for the run's engine until the block ends."""
        steering_inbox = self._ears[run_id] = SteeringInbox()
        try:
            yield steering_inbox
        finally:
            del self._ears[run_id]

    def tell(self, run_id: str, instructions: Sequence[Instruction]) -> bool:
        """Pass all that was asked of the run on; whether there is an engine to hear it."""
        steering_inbox = self._ears.get(run_id)
        if steering_inbox is not None:
            steering_inbox.receive(instructions)
        return steering_inbox is not None
