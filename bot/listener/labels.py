"""The kinds of request that the listener tells apart, and the intents and topics they stand for."""

from bot.domain.intents import Intent, Topic

CHAT = "chat"
DECISION = "decision"
"""A message that may decide something. It is asked back, never obeyed."""
FAULTS = ("fix", "investigate")
CHANGES = ("change",)
ASK = "ask."
"""What the label of a question begins with; its topic follows."""


def get_intent(label: str) -> Intent:
    """Return the intent of a label. Raises `ValueError` for a label that has none."""
    if label == DECISION:
        return Intent.UNCLEAR
    return Intent.ASK if label.startswith(ASK) else Intent(label)


def get_topic(label: str) -> Topic | None:
    """Return the topic of a question, `None` for any other label."""
    return Topic(label.removeprefix(ASK)) if label.startswith(ASK) else None


def is_learned(intent: Intent) -> bool:
    """Return whether the listener tells this intent apart; decisions, and others, it does not."""
    return intent in _HARMLESS


def check_label(label: str) -> str:
    """Return the label. Raises `ValueError` if it is none: a label never decides anything."""
    if label != DECISION and not is_learned(get_intent(label)):
        raise ValueError(f"{label}: the listener may not recognise a decision")
    get_topic(label)
    return label


_HARMLESS = frozenset(
    {
        Intent.INVESTIGATE, Intent.FIX, Intent.CHANGE, Intent.REVISE, Intent.STATUS, Intent.ASK,
        Intent.REMEMBER, Intent.BUDGET, Intent.AUDIT, Intent.CHAT,
    }
)  # fmt: skip
