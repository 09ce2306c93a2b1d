"""What cogs share to hear and answer people: who speaks, what a message points at, buttons."""

from cogs.ui.answers import on_it, shipping_text
from cogs.ui.buttons import RunButton
from cogs.ui.hearing import (
    CardSeen,
    card_seen,
    error_id_in,
    in_dev_channel,
    is_listed,
    person_of,
    place_of,
)

__all__ = [
    "CardSeen",
    "RunButton",
    "card_seen",
    "error_id_in",
    "in_dev_channel",
    "is_listed",
    "on_it",
    "person_of",
    "place_of",
    "shipping_text",
]
