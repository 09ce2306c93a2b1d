"""What one reading of a message as a request for work comes to."""

from dataclasses import dataclass

from bot.domain.intents import Intent, Strength


@dataclass(frozen=True)
class WorkRequest:
    """A request to investigate, fix or change: about what, how plainly, and to whom it is put."""

    intent: Intent
    subject: str
    strength: Strength
    group: bool = False
    """Put to nobody or everybody: "we should", "let's"."""
    request: bool = False
    """Politely put as a question: "can you ..."."""
