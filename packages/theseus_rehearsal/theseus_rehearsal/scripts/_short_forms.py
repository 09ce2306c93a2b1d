"""Short notations that a person writes in a line: `/roll dice:2d6`, `1h 30m`."""

import re
from decimal import Decimal

from theseus_rehearsal.records import Option

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?\s*[dhms]\s*)+", re.ASCII)
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([dhms])", re.ASCII)
# An option's name and colon, and its value: in quotes, or up to the next name. `https://` is none.
_NAME = re.compile(r"(?:^|\s+)([\w-]+):(?!//)\s*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"(?=\s|$)', re.DOTALL)
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)", re.ASCII)
_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]+", re.ASCII)


def parse_duration(text: str) -> float | None:
    """Return the seconds of `90s`, `1h 30m` or `2d`; `None` for anything else."""
    if not _DURATION.fullmatch(text.strip()):
        return None
    return sum(float(amount) * _UNITS[unit] for amount, unit in _AMOUNT.findall(text))


def format_duration(seconds: float) -> str:
    """Return seconds in the form that `parse_duration` reads: `1h 30m`; fractions stay seconds."""
    if seconds != int(seconds) or seconds < 1:
        return f"{Decimal(repr(seconds)):f}s"
    left, parts = int(seconds), []
    for unit, size in _UNITS.items():
        number, left = divmod(left, size)
        if number:
            parts.append(f"{number}{unit}")
    return " ".join(parts)


def parse_slash_command(text: str) -> tuple[str, dict[str, Option]]:
    """Return the command and the options of `/roll dice:2d6 keep:"the best"`.

    A value in quotes is a text; `3`, `0.5` and `true` are a number or a boolean. Raises
    `ValueError` with the problem.
    """
    found = _NAME.search(text)
    name = text[: found.start()] if found else text
    options: dict[str, Option] = {}
    while found:
        option, start = found[1], found.end()
        quoted = _QUOTED.match(text, start)
        after = _NAME.search(text, quoted.end() if quoted else start)
        end = after.start() if after else len(text)
        if quoted and text[quoted.end() : end].strip():
            raise ValueError(f"`{option}` has more text after the closing quote")
        if option in options:
            raise ValueError(f"`{option}` is given twice")
        rest = text[start:end].strip()
        options[option] = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else _parse_value(rest)
        found = after
    return " ".join(name.removeprefix("/").split()), options


def _parse_value(text: str) -> Option:
    if text in ("true", "false"):
        return text == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text
