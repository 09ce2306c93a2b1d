"""Real faults to plant, so that the whole loop can be tried: small plausible commits.

Each breaks one command while every test, lint and type check still passes.
"""

import random
from pathlib import Path

from bot.domain.errors import ConfigError
from bot.local.faults import _dice, _polls, _reminders
from bot.local.faults._fault import Fault, Step

__all__ = ["FAULTS", "Fault", "Step", "choose", "plant"]

FAULTS: tuple[Fault, ...] = (*_dice.FAULTS, *_reminders.FAULTS, *_polls.FAULTS)


def choose(name: str | None, seed: int | None) -> Fault:
    """Return the fault of that name, or one at random; the same seed gives the same one.

    Raises ConfigError, naming the known faults, for an unknown name.
    """
    if name is None:
        return random.Random(seed).choice(FAULTS)  # noqa: S311 - variety, not secrecy
    for fault in FAULTS:
        if fault.name == name:
            return fault
    known = ", ".join(fault.name for fault in FAULTS)
    raise ConfigError(f"--fault {name}: there is no such fault. Known: {known}, none.")


def plant(fault: Fault, checkout: Path) -> list[str]:
    """Edit the checkout's files as the fault's commit does; return the paths changed.

    Committing is left to the caller. Raises ConfigError, and changes nothing, when a file is
    missing or a snippet does not stand in it exactly once.
    """
    edits = [(fault.file, fault.replacements)]
    if fault.test_replacements:
        edits.append((fault.test_file, fault.test_replacements))
    texts = {file: _edited(fault, checkout / file, snippets) for file, snippets in edits}
    for file, text in texts.items():
        (checkout / file).write_text(text, encoding="utf-8")
    return list(texts)


def _edited(fault: Fault, path: Path, snippets: tuple[tuple[str, str], ...]) -> str:
    """Return the file's text with the snippets replaced."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--fault {fault.name}: cannot read {path}: {error.strerror}") from error
    for before, after in snippets:
        found = text.count(before)
        if found != 1:
            raise ConfigError(
                f"--fault {fault.name}: {path} holds {before.strip()!r} {found} times instead of "
                "once, so the fault no longer fits; choose another one or bring it up to date."
            )
        text = text.replace(before, after)
    return text
