"""Sets keys in the text of a `.env` file, and leaves all other lines unchanged."""

import io
import re
from collections.abc import Mapping

from dotenv.parser import parse_stream

from bot.domain.errors import ConfigError

_PLAIN = re.compile(r"[\w./:@%+=,~-]*")


def parse_values(text: str) -> dict[str, str]:
    """Return the keys of a `.env` text with their values; keys without a value are left out."""
    found = {each.key: each.value for each in parse_stream(io.StringIO(text)) if each.key}
    return {key: value for key, value in found.items() if value}


def set_values(text: str, values: Mapping[str, str]) -> str:
    """Return the text with these keys set to these values.

    A line that sets the key is rewritten in place. A new key is inserted after its commented-out
    example (`# KEY=…`), or at the end. Raises `ConfigError` if the result would differ from these
    values in any key.
    """
    every = parse_values(text) | dict(values)
    expected = {key: value for key, value in every.items() if value}
    for key, value in values.items():
        text = _set(text, key, f"{key}={_quote(value)}")
    if parse_values(text) != expected:
        names = ", ".join(values)
        raise ConfigError(f".env could not be edited safely; set {names} in it by hand.")
    return text


def _quote(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _set(text: str, key: str, line: str) -> str:
    name = re.escape(key)
    end = "\r\n" if "\r\n" in text else "\n"
    there = re.compile(rf"^(?P<lead>[ \t]*(?:export[ \t]+)?){name}[ \t]*=[^\r\n]*", re.MULTILINE)
    found = there.search(text)
    if found is not None:
        return text[: found.start()] + found["lead"] + line + text[found.end() :]
    example = re.search(rf"^#[ \t]*{name}=[^\r\n]*(?:\r?\n|$)", text, re.MULTILINE)
    if example is not None:
        before = text[: example.end()]
        if not before.endswith("\n"):
            before += end
        return before + line + end + text[example.end() :]
    if text and not text.endswith("\n"):
        text += end
    return text + line + end
