"""A card's fields: as many as fit, and all of them as a text if some do not."""

from collections.abc import Sequence
from typing import NamedTuple

from bot.domain.posts import CardField

_ROOM = 3_300  # characters of all fields together: Discord's cards hold 6,000 in all
_WIDEST = 1_000  # characters of one field
_MOST_LINES = 12


class Detail(NamedTuple):
    """A field as lines, the most important first, and how many of them the card shows."""

    name: str
    lines: tuple[str, ...]
    most: int = _MOST_LINES


def build_list_field(name: str, lines: Sequence[str]) -> CardField | None:
    """Return the lines as a list in a field, cut to its width; `None` without lines."""
    if not lines:
        return None
    value = "\n".join(f"- {line}" for line in lines)
    return CardField(
        name=name, value=value if len(value) <= _WIDEST else value[: _WIDEST - 1] + "…"
    )


def fit_fields(details: Sequence[Detail], notes_name: str) -> tuple[tuple[CardField, ...], str]:
    """Return the fields that fit on a card, and all fields as a text if some do not fit.

    The card counts or names what it leaves out, with the name of the file that has it.
    """
    fields: list[CardField] = []
    left: list[str] = []
    cut, room = False, _ROOM
    for detail in details:
        value, short = _fit_value(detail, notes_name)
        if len(detail.name) + len(value) > room:
            left.append(detail.name)
            continue
        fields.append(CardField(name=detail.name, value=value))
        room -= len(detail.name) + len(value)
        cut = cut or short
    if left:
        value = f"{', '.join(left)[:200]}: in the attached `{notes_name}`."
        fields.append(CardField(name="Left out for length", value=value))
    whole = "\n\n".join(f"# {each.name}\n\n" + "\n".join(each.lines) for each in details)
    return tuple(fields), f"{whole}\n" if left or cut else ""


def _fit_value(detail: Detail, notes_name: str) -> tuple[str, bool]:
    """Return a field's text, and whether lines are missing from it."""
    shown = list(detail.lines[: detail.most])
    while len(shown) > 1 and sum(len(line) + 1 for line in shown) > _WIDEST - 80:
        shown.pop()
    missing = len(detail.lines) - len(shown)
    if missing:
        shown.append(f"and {missing} more, in the attached `{notes_name}`")
    return "\n".join(shown), bool(missing)
