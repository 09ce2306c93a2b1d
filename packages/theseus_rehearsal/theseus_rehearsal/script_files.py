"""Reads and writes rehearsal scripts as YAML."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from theseus_rehearsal.errors import RehearsalError, UnreadableYaml
from theseus_rehearsal.records import Script, Transcript
from theseus_rehearsal.scripts import UnreadableScript, dump_script, load_expected, load_script
from theseus_rehearsal.yaml_text import WordsLoader, read_yaml, write_yaml

T = TypeVar("T")
_SEE = "The README of theseus-rehearsal shows a complete script."
_QUOTE = "Put texts in quotes that contain `: ` or begin with @, # or `."


def read_script(file: Path) -> Script:
    """Read a script. Raises `RehearsalError` with the file, line, key and a remedy."""
    return parse_script(_read_text(file), str(file))


def parse_script(text: str, source: str) -> Script:
    """Return the script in a YAML text. Raises `RehearsalError`, as `read_script` does."""
    return _parse(text, source, load_script)


def read_expected(file: Path) -> Transcript | None:
    """Read the results that a script states; `None` if it states none.

    Raises `RehearsalError`, as `read_script` does.
    """
    return _parse(_read_text(file), str(file), load_expected)


def _read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise RehearsalError(f"--script {file}: {why}; name a YAML file. {_SEE}") from error


def _parse(text: str, source: str, load: Callable[[object], T]) -> T:
    try:
        read = read_yaml(text, source, WordsLoader)
    except UnreadableYaml as error:
        raise RehearsalError(f"{str(error).rstrip('.')}. {_QUOTE}") from error
    try:
        return load(read.content)
    except UnreadableScript as error:
        path = error.path[1:] if isinstance(read.content, list) else error.path
        line, end = read.find_line(path), "" if str(error).endswith("?") else "."
        raise RehearsalError(f"{source}, line {line}: {error}{end} {_SEE}") from None


def format_script(script: Script) -> str:
    """Return the script as YAML; `parse_script` returns an equal script for it."""
    return write_yaml(dump_script(script))
