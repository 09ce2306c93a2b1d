"""Reads numbers that a request sends as text."""


def parse_number(text: str, most_digits: int) -> int | None:
    """Return the number; `None` for text with anything but ASCII digits, or with too many."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= most_digits
    return int(text) if is_number else None
