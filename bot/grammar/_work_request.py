"""What one reading of a message as a request for work comes to."""

from dataclasses import dataclass

from bot.domain.intents import Intent, Strength


@dataclass(frozen=True)
class WorkRequest:
    """A request to investigate, fix or change: its subject, its strength and its addressee."""

    intent: Intent
    subject: str
    strength: Strength
    group: bool = False
    """Addressed to no one or everyone: "we should", "let's"."""
    request: bool = False
    """Politely put as a question: "can you ..."."""
