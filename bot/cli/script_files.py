"""Reads and writes rehearsal scripts as YAML."""

from pathlib import Path

from bot.domain.errors import ConfigError
from bot.domain.rehearsal import Script
from bot.infra.yaml_text import WordsLoader, read_yaml, write_yaml
from bot.proof.scripts import UnreadableScript, dump_script, load_script

_SEE = "docs/rehearsal.md shows a complete script."
_QUOTE = "Put texts in quotes that contain `: ` or begin with @, # or `."


def read_script(file: Path) -> Script:
    """Read a script. Raises `ConfigError` with the file, line, key and a remedy."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(f"--script {file}: {why}; name a YAML file. {_SEE}") from error
    return parse_script(text, str(file))


def parse_script(text: str, source: str) -> Script:
    """Return the script in a YAML text. Raises `ConfigError`, as `read_script` does."""
    try:
        read = read_yaml(text, source, WordsLoader)
    except ConfigError as error:
        raise ConfigError(f"{str(error).rstrip('.')}. {_QUOTE}") from error
    try:
        return load_script(read.content)
    except UnreadableScript as error:
        path = error.path[1:] if isinstance(read.content, list) else error.path
        line, end = read.find_line(path), "" if str(error).endswith("?") else "."
        raise ConfigError(f"{source}, line {line}: {error}{end} {_SEE}") from None


def format_script(script: Script) -> str:
    """Return the script as YAML; `parse_script` returns an equal script for it."""
    return write_yaml(dump_script(script))
