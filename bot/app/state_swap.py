"""Swaps a restored state with the current one in one step, so that a crash loses nothing.

The new state is prepared in the folder `<state>.restore-<time>` next to the state. A file in it
lists the steps that remain after the swap. Then the two folders are exchanged atomically, and the
remaining steps are done. If the process ends before that, the next process that opens the state
does them.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import NamedTuple

from bot.domain.errors import ConfigError
from bot.infra.folder_exchange import exchange
from bot.infra.sqlite_copy import flush

BACKUPS = "backups"
_READY = ".theseus-restored.json"
_UNFINISHED = ".theseus-extracting"
_EMPTY = frozenset({"lock"})

Step = Callable[[str], None]
"""Told of each step once it is done."""


class Staging(NamedTuple):
    """Where a new state is made ready, and what the old one will be called."""

    folder: Path
    previous_state: Path


def create_staging(state: Path, now: datetime) -> Staging:
    """Create an empty folder next to the state, and remove those of earlier attempts.

    Raises `ConfigError` if the folder cannot be created.
    """
    places = (_build_paths(state, now, number) for number in count())
    staging, kept_as = next(pair for pair in places if not any(each.exists() for each in pair))
    try:
        for old in _find_abandoned(state):
            shutil.rmtree(old)
        staging.mkdir(mode=0o700, parents=True)
        (staging / _UNFINISHED).touch(mode=0o600)
    except OSError as error:
        raise ConfigError(
            f"{staging} cannot be made ({error.strerror}); a state is restored beside the one "
            "there is. Let this account write there, or set THESEUS_STATE to a folder in it."
        ) from error
    return Staging(staging, kept_as)


def _build_paths(state: Path, now: datetime, number: int) -> tuple[Path, Path]:
    stamp = f"{now:%Y%m%dT%H%M%S}{f'-{number}' if number else ''}"
    names = (f"{state.name}.{what}-{stamp}" for what in ("restore", "before-restore"))
    staging, kept_as = map(state.with_name, names)
    return staging, kept_as


def refuse_mount(state: Path) -> None:
    """Raise `ConfigError` if the state folder is a mount point, which cannot be replaced."""
    if os.path.ismount(state):
        raise ConfigError(
            f"{state} is a mount point, which cannot be replaced. Set THESEUS_STATE to a folder in "
            "it."
        )


def discard(staging: Staging) -> None:
    """Remove what was made ready, and never took its place."""
    if _is_ours(staging.folder):
        shutil.rmtree(staging.folder)


def take_place(staging: Staging, state: Path, step: Step) -> Path | None:
    """Exchange the new state with the old one, and return the old one's folder unless it was empty.

    `state` is a folder. Raises `ConfigError` if they cannot be exchanged; nothing changes then.
    """
    names = {"aside": staging.folder.name, "kept_as": staging.previous_state.name}
    _write(staging.folder / _READY, json.dumps(names))
    (staging.folder / _UNFINISHED).unlink(missing_ok=True)
    for folder, _, _ in os.walk(staging.folder):
        flush(Path(folder))
    step("ready")
    try:
        exchange(staging.folder, state)
    except OSError as error:
        raise ConfigError(
            f"{staging.folder} cannot take the place of {state} ({error.strerror}). Move it away "
            "by hand, make an empty folder in its place, and restore once more."
        ) from error
    flush(state.parent)
    step("exchanged")
    return finish(state, step)


def finish(state: Path, step: Step = lambda name: None) -> Path | None:
    """Do the steps that remain after a swap, if there are any.

    Backups in the old state are moved to the new one. Returns the folder of the old state, unless
    it was empty.
    """
    ready = state / _READY
    try:
        names = json.loads(ready.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ConfigError(
            f"{ready} cannot be read. Remove it; a restored state is whole."
        ) from error
    aside, old_state = (state.parent / Path(str(names[key])).name for key in ("aside", "kept_as"))
    if (aside / BACKUPS).is_dir() and not (state / BACKUPS).exists():
        (aside / BACKUPS).rename(state / BACKUPS)
        step("backups moved")
    if aside.is_dir():
        if {each.name for each in aside.iterdir()} <= _EMPTY:
            shutil.rmtree(aside)
        else:
            aside.rename(old_state)
        step("old state named")
    flush(state.parent)
    ready.unlink()
    return old_state if old_state.is_dir() else None


def _find_abandoned(state: Path) -> Iterator[Path]:
    """Yield folders that were made ready and never used; an old state is never one of them."""
    for folder in state.parent.glob(f"{state.name}.restore-*"):
        if _is_ours(folder):
            yield folder


def _is_ours(folder: Path) -> bool:
    return (folder / _UNFINISHED).exists() or (folder / _READY).exists()


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as written:
        written.write(text)
        written.flush()
        os.fsync(written.fileno())
