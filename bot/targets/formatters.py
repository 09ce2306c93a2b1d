"""Finds out how a repository formats its Python files."""

import tomllib
from collections.abc import Mapping
from typing import Any

import yaml

from bot.domain.checks import Check

FORMAT_FILES = ("pyproject.toml", "ruff.toml", ".ruff.toml", ".pre-commit-config.yaml")
"""The files that say how a repository is formatted."""

_BLACKS_WIDTH = 88


def find_formatter(texts: Mapping[str, str]) -> Check | None:
    """Return a check of the changed files with the formatter that a repository uses, if any.

    `texts` are its `FORMAT_FILES`. Our own ruff formats, with their configuration; it writes what
    black would write. A repository has no say in which program runs.
    """
    tools = _read_tables(texts.get("pyproject.toml", "")).get("tool")
    tools = tools if isinstance(tools, dict) else {}
    hooks = _read_hooks(texts.get(".pre-commit-config.yaml", ""))
    has_ruff = "ruff" in tools or "ruff.toml" in texts or ".ruff.toml" in texts
    if "ruff-format" in hooks or (has_ruff and "black" not in tools and "black" not in hooks):
        return _build_check(())
    if "black" in tools or "black" in hooks:
        table = tools.get("black")
        return _build_check(
            _convert_black(table if isinstance(table, dict) else {}, hooks.get("black", []))
        )
    return None


def _build_check(options: tuple[str, ...]) -> Check:
    command = ("ruff", "format", "--check", *options, "{changed}")
    return Check(name="their format", command=command, seconds=60.0)


def _convert_black(table: Mapping[str, Any], arguments: list[str]) -> tuple[str, ...]:
    """Return black's line length and quotes as options of ruff."""
    width: object = table.get("line-length", table.get("line_length", _BLACKS_WIDTH))
    keeps_quotes = table.get("skip-string-normalization") is True
    for before, word in zip(["", *arguments], arguments, strict=False):
        name, _, value = word.partition("=")
        if name in ("-l", "--line-length") and value:
            width = value
        elif before in ("-l", "--line-length"):
            width = word
        keeps_quotes = keeps_quotes or word in ("-S", "--skip-string-normalization")
    text = str(width) if str(width).isdecimal() else str(_BLACKS_WIDTH)
    quotes = ("--config", "format.quote-style='preserve'") if keeps_quotes else ()
    return ("--isolated", "--line-length", text, *quotes)


def _read_tables(text: str) -> Mapping[str, Any]:
    """Return a TOML file; nothing if it is not valid, which its own tools report."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


def _read_hooks(text: str) -> dict[str, list[str]]:
    """Return the hooks of pre-commit with their arguments, by id."""
    try:
        content = yaml.safe_load(text) if text else None
    except yaml.YAMLError:
        return {}
    found: dict[str, list[str]] = {}
    for repository in _list_items(content, "repos"):
        for hook in _list_items(repository, "hooks"):
            arguments = hook.get("args") if isinstance(hook, dict) else None
            name = hook.get("id") if isinstance(hook, dict) else None
            found[str(name)] = [str(each) for each in arguments or ()] if name else []
    return found


def _list_items(content: object, key: str) -> list[Any]:
    items = content.get(key) if isinstance(content, dict) else None
    return items if isinstance(items, list) else []
