"""Asks a person questions, such as those of `theseus setup`."""

from collections.abc import Sequence
from typing import Protocol

_NO = frozenset({"n", "no", "none", "-"})


class Prompter(Protocol):
    """Asks questions. `key` is the option that can answer a question in advance.

    Raises `KeyboardInterrupt` if the person leaves (Ctrl-C, Ctrl-D), and `ConfigError` with the
    option if an answer is missing and cannot be asked for.
    """

    def say(self, text: str) -> None:
        """Print a text."""
        ...

    def ask(self, key: str, question: str, *, default: str | None = None) -> str:
        """Return a line; an empty line returns the default, if there is one."""
        ...

    def ask_secret(self, key: str, question: str, *, needed: bool) -> str:
        """Return a line that is not shown; it may be empty, even if `needed`."""
        ...

    def confirm(self, key: str, question: str, *, default: bool) -> bool:
        """Return whether the answer is yes."""
        ...

    def ask_retry(self, key: str, question: str) -> bool:
        """Return whether to check again, after the person fixed something.

        Returns `False` if options answer, because no one is there to fix anything.
        """
        ...


def is_negative(answer: str) -> bool:
    """Return whether an answer means no."""
    return answer.strip().casefold() in _NO


def pick(
    asking: Prompter,
    key: str,
    question: str,
    options: Sequence[Sequence[str]],
    *,
    default: str | None = None,
) -> int:
    """Ask for one of the options until the answer is valid, and return its index.

    Each option is a sequence of names. The answer is the number of an option or one of its names.
    """
    while True:
        answer = asking.ask(key, question, default=default)
        if answer.isdecimal() and 1 <= int(answer) <= len(options):
            return int(answer) - 1
        wanted = answer.lstrip("#@").casefold()
        near = [i for i, names in enumerate(options) if wanted in map(str.casefold, names)]
        if len(near) == 1:
            return near[0]
        if near:
            problem = f"{len(near)} are called {answer}"
        else:
            problem = f"there is no {answer or 'empty name'}"
        asking.say(f"  {problem}; enter a number from 1 to {len(options)}, or a name.")
        # A default that is invalid must not be offered again: Enter would loop endlessly.
        default = None if answer == default else default
