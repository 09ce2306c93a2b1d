"""What a maintainer can set, by environment variables or by keywords."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = "theseus-journal"
VALUES = ("open", "never", "always")
_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off", ""})
_MOST_LEVELS = 3
_INSTALLED = frozenset({"site-packages", "dist-packages", "bin", "Scripts"})


class SettingsError(ValueError):
    """A setting has a value that it cannot have; the message names both."""


@dataclass(frozen=True)
class Settings:
    """How one client is observed.

    Args:
        root: The project's folder; failures show the files in it.
        folder: Where the journal is written, if `url` is empty.
        url: Where records are sent instead.
        token: Sent with each request to `url`.
        replies: Whether people are told the id of a failure.
        values: Which values are stored as they are, redacted: of `open` channels that everyone in
            the server can read, `always`, or `never`. Otherwise placeholders of the same shape.
        traffic: Whether what people asked for is stored too where nothing failed. What was private
            is left out.
        stalls: Whether code that blocks the event loop is recorded.
        keep_days: Older files are removed.
        most_bytes: The size of one day's file.
    """

    root: Path
    folder: Path
    url: str = ""
    token: str = field(default="", repr=False)
    replies: bool = False
    values: str = "open"
    traffic: bool = False
    stalls: bool = True
    keep_days: int = 30
    most_bytes: int = 64 * 1024 * 1024

    def __post_init__(self) -> None:
        if self.values not in VALUES:
            raise SettingsError(f"THESEUS_OBSERVE_VALUES is {self.values!r}, not one of {VALUES}.")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise SettingsError("THESEUS_OBSERVE_URL must begin with https:// or http://.")
        if self.url and not self.token:
            raise SettingsError("THESEUS_OBSERVE_URL needs THESEUS_OBSERVE_TOKEN.")


def load_settings(environment: Mapping[str, str], **given: Any) -> Settings:
    """Return the settings of an environment; `given` ones count more. Raises `SettingsError`."""
    root = Path(given.pop("root", None) or environment.get(_name("root")) or find_project_folder())
    folder = given.pop("folder", None) or environment.get(_name("dir")) or root / FOLDER
    found: dict[str, Any] = {
        name: environment[_name(name)]
        for name in ("url", "token", "values")
        if environment.get(_name(name))
    }
    for name in ("replies", "stalls", "traffic"):
        if _name(name) in environment:
            found[name] = _read_flag(_name(name), environment[_name(name)])
    if environment.get(_name("keep_days")):
        found["keep_days"] = _read_number(_name("keep_days"), environment[_name("keep_days")])
    return Settings(root=root, folder=Path(folder), **{**found, **given})


def find_project_folder() -> Path:
    """Return the folder of the program that runs: where its repository or its package begins."""
    name = getattr(sys.modules.get("__main__"), "__file__", None)
    start = Path(os.path.realpath(name)).parent if name else Path.cwd()
    if name is None or _INSTALLED.intersection(start.parts):
        start = Path.cwd()  # a command that was installed, such as `redbot`
    for folder in (start, *start.parents[:_MOST_LEVELS]):
        if (folder / ".git").exists():
            return folder
    while (start / "__init__.py").exists() or (start / "__main__.py").exists():
        start = start.parent
    return start


def _name(name: str) -> str:
    return f"THESEUS_OBSERVE_{name.upper()}"


def _read_flag(name: str, text: str) -> bool:
    if text.strip().lower() in _YES | _NO:
        return text.strip().lower() in _YES
    raise SettingsError(f"{name} is {text!r}, not 1 or 0.")


def _read_number(name: str, text: str) -> int:
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise SettingsError(f"{name} is {text!r}, not a number of days.")
