"""Real faults to plant, so that the complete loop can be tried: small plausible commits.

Each fault breaks one command while all tests, lint and type checks pass. A person runs into FAULTS
and REPLAYED faults by using a command; the REPLAYED ones do not show in a single function call.
LIVING faults show only when many people use the bot, which then notices them by itself.
"""

import random
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bot.demo.faults._fault import (
    Change,
    FaultStep,
    Living,
    MetFault,
    PlantedFault,
    ReplayedFault,
)
from bot.domain.errors import ConfigError

__all__ = [
    "DEFINITIONS",
    "FAULTS",
    "FAULT_NAMES",
    "LIVING",
    "REPLAYED",
    "Change",
    "FaultStep",
    "Living",
    "MetFault",
    "PlantedFault",
    "ReplayedFault",
    "apply_edits",
    "choose",
    "find_living",
    "plant",
]  # fmt: skip

DEFINITIONS = ("_dice", "_reminders", "_polls", "_quotes", "_living")
"""The modules here that say what is broken how. The copy a demo's bot works on has none of them:
whoever looks for the cause there must not find the answer written down."""


def _collect_definitions(what: str) -> Iterator[Any]:
    for name in DEFINITIONS:
        module = f"{__name__}.{name}"
        if find_spec(module) is not None:
            yield from getattr(import_module(module), what, ())


FAULTS: tuple[PlantedFault, ...] = tuple(_collect_definitions("FAULTS"))
REPLAYED: tuple[ReplayedFault, ...] = tuple(_collect_definitions("REPLAYED"))
LIVING: tuple[Living, ...] = tuple(_collect_definitions("LIVING"))

FAULT_NAMES = (
    *(fault.name for fault in FAULTS),
    *(fault.name for fault in REPLAYED),
    *(living.name for living in LIVING),
    "none",
)
"""What `theseus demo --fault` takes; without it one of the first is chosen."""


def choose(name: str | None, seed: int | None) -> MetFault:
    """Return the fault of that name, or one of FAULTS at random; equal seeds give the same one.

    Raises ConfigError, naming the known faults, for an unknown name.
    """
    if not FAULTS:
        raise ConfigError(
            "--fault: this copy of the repository holds no faults, as it is the one a demo's bot "
            "works on. Start the demo from your own clone, or with --fault none."
        )
    if name is None:
        return random.Random(seed).choice(FAULTS)  # noqa: S311 - variety, not secrecy
    met: tuple[MetFault, ...] = (*FAULTS, *REPLAYED)
    for fault in met:
        if fault.name == name:
            return fault
    known: tuple[MetFault | Living, ...] = (*met, *LIVING)
    names = ", ".join(each.name for each in known)
    raise ConfigError(f"--fault {name}: there is no such fault. Known: {names}, none.")


def find_living(name: str | None) -> Living | None:
    """Return the living fault of that name, if there is one. They are never chosen at random."""
    return next((each for each in LIVING if each.name == name), None)


def plant(change: Change, checkout: Path) -> list[str]:
    """Edit the files of the checkout as the change does, and return the changed paths.

    The caller commits. Raises `ConfigError` and changes nothing if a file is missing or does not
    contain a snippet exactly once.
    """
    texts = apply_edits(change, checkout)
    for file, text in texts.items():
        (checkout / file).write_text(text, encoding="utf-8")
    return list(texts)


def apply_edits(change: Change, checkout: Path) -> dict[str, str]:
    """Return the texts of the checkout's files after the change. Raises ConfigError as `plant`."""
    edits = [(change.file, change.replacements)]
    if change.test_replacements:
        edits.append((change.test_file, change.test_replacements))
    return {file: _apply_edit(change, checkout / file, snippets) for file, snippets in edits}


def _apply_edit(change: Change, path: Path, snippets: tuple[tuple[str, str], ...]) -> str:
    """Return the file's text with the snippets replaced."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--fault {change.name}: cannot read {path}: {error.strerror}") from error
    for before, after in snippets:
        found = text.count(before)
        if found != 1:
            raise ConfigError(
                f"--fault {change.name}: {path} holds {before.strip()!r} {found} times instead of "
                "once, so the fault no longer fits; choose another one or bring it up to date."
            )
        text = text.replace(before, after)
    return text
