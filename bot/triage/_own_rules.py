"""Rules for our stored data, for people's input, and for crashes."""

import re

from theseus_guard.syntax import evaluate_literal

from bot.triage._clues import Clues
from bot.triage._rules import RuleFinding

CRASHES = frozenset({
    "ArithmeticError", "AssertionError", "AttributeError", "IndexError", "KeyError", "LookupError",
    "NameError", "NotImplementedError", "OverflowError", "RecursionError", "StopAsyncIteration",
    "StopIteration", "SyntaxError", "TypeError", "UnboundLocalError", "ZeroDivisionError",
})  # fmt: skip
"""Exceptions that no input may cause."""

_DAMAGED = {
    "SQLITE_CORRUPT": "the database is damaged",
    "SQLITE_NOTADB": "the file is no database",
    "SQLITE_CONSTRAINT": "what was to be stored contradicts what is there",
    "SQLITE_MISMATCH": "a column holds another type than expected",
    "SQLITE_SCHEMA": "the tables are not those the code expects",
}
_DAMAGED_MESSAGES = {
    "database disk image is malformed": "the database is damaged",
    "file is not a database": "the file is no database",
    "no such table": "the tables are not those the code expects",
    "no such column": "the tables are not those the code expects",
    "UNIQUE constraint failed": "what was to be stored contradicts what is there",
    "FOREIGN KEY constraint failed": "what was to be stored contradicts what is there",
    "NOT NULL constraint failed": "what was to be stored contradicts what is there",
}
_UNREADABLE = (
    "json.decoder.JSONDecodeError", "UnicodeDecodeError", "_pickle.UnpicklingError",
    "pickle.UnpicklingError", "zipfile.BadZipFile", "zlib.error", "gzip.BadGzipFile",
    "configparser.Error", "tomllib.TOMLDecodeError", "yaml.error.YAMLError", "_csv.Error",
    "EOFError",
)  # fmt: skip
_FILES = re.compile(
    r"(?:^|_)(?:path|file|filename|folder|state|store|stored|saved|shelf|backup|cache|snapshot)s?$"
)
_ROWS = re.compile(r"(?:^|_)(?:row|record|stored|saved|entry|document)s?$")
_LOADS = re.compile(r"(?:^|[._])(?:load|restore|open|read|reload)(?:_|$)")


def check_storage(clues: Clues) -> RuleFinding | None:
    """Check for faults of our own stored files and rows."""
    frame = clues.capsule.innermost
    if clues.is_a("sqlite3.Error") or clues.capsule.exception.startswith("sqlite3."):
        return _check_database(clues)
    if frame is None or clues.network_programs:
        return None
    if clues.is_a("FileNotFoundError"):
        return RuleFinding("a file of ours is missing (FileNotFoundError)", sure=False)
    names = (*frame.arguments, *frame.opaque)
    if clues.is_a(*_UNREADABLE) and not is_typed_input(clues):
        if any(map(_FILES.search, names)) or _LOADS.search(frame.function):
            return RuleFinding(f"a file of ours cannot be read ({clues.name})")
        return None
    if clues.is_a("KeyError", "IndexError") and any(map(_ROWS.search, names)):
        return RuleFinding(f"what was stored lacks something ({clues.name})", sure=False)
    return None


def _check_database(clues: Clues) -> RuleFinding | None:
    for code, why in _DAMAGED.items():
        if clues.capsule.code == code or clues.capsule.code.startswith(f"{code}_"):
            return RuleFinding(f"{why} ({clues.capsule.code})")
    for words, why in _DAMAGED_MESSAGES.items():
        if clues.capsule.message.startswith(words):
            return RuleFinding(f"{why} ({clues.name})")
    return None


_REFUSALS = (
    "bot.domain.errors.PolicyError", "bot.domain.errors.RunError",
    "discord.app_commands.errors.CheckFailure", "discord.ext.commands.errors.CheckFailure",
    "discord.ext.commands.errors.UserInputError", "discord.ext.commands.errors.CommandNotFound",
    "discord.ext.commands.errors.DisabledCommand",
    "discord.ext.commands.errors.CommandOnCooldown",
    "discord.app_commands.errors.CommandOnCooldown",
    "discord.app_commands.errors.TransformerError",
)  # fmt: skip
_CONVERSIONS = (
    "discord.app_commands.errors.TransformerError",
    "discord.ext.commands.errors.ConversionError",
    "discord.ext.commands.errors.BadArgument",
    "discord.ext.commands.errors.BadUnionArgument",
    "discord.ext.commands.errors.BadLiteralArgument",
)
_NO_NUMBER = (
    re.compile(r"invalid literal for int\(\) with base \d+: (.+)", re.DOTALL),
    re.compile(r"could not convert string to float: (.+)", re.DOTALL),
    re.compile(r"Invalid isoformat string: (.+)", re.DOTALL),
)


def is_typed_input(clues: Clues) -> bool:
    """Return whether our innermost line used a text that a person typed."""
    frame = clues.capsule.innermost
    if frame is None:
        return False
    given = {value for value in clues.capsule.inputs.values() if value[:1] in "'\""}
    return not given.isdisjoint(frame.arguments.values())


def check_refusal(clues: Clues, *, works: bool, alone: bool) -> RuleFinding | None:
    """Check whether input was refused for a good reason.

    `works`: the same action succeeds with other input. `alone`: it happened to few people.
    """
    if clues.is_a(*_REFUSALS):
        return RuleFinding(f"it was refused with a reason ({clues.name})")
    said_so = clues.capsule.deliberate or bool(clues.capsule.libraries)
    converting = any(cause in _CONVERSIONS for cause in clues.capsule.causes)
    if converting and (said_so or _is_no_number(clues)):
        return RuleFinding("what was typed could not be read as what the command takes")
    if not (works and alone) or not (clues.own_type or clues.is_a("ValueError")):
        return None
    if clues.capsule.deliberate and is_typed_input(clues):
        return RuleFinding(
            "our own check refused what was typed; the action works otherwise", sure=False
        )
    if _is_no_number(clues):
        return RuleFinding(
            "what was typed is no such value; the action works otherwise", sure=False
        )
    return None


def _is_no_number(clues: Clues) -> bool:
    """Return whether Python's own conversion refused exactly what a person typed."""
    for pattern in _NO_NUMBER:
        if found := pattern.fullmatch(clues.capsule.message):
            return _parse_value(found[1]) in {
                _parse_value(each) for each in clues.capsule.inputs.values()
            }
    return False


def _parse_value(source: str) -> object:
    try:
        value = evaluate_literal(source)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return object()
    return value if isinstance(value, str) else object()
