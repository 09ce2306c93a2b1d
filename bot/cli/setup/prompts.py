"""How the questions are put: to a person at a terminal, or answered beforehand by options."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from getpass import getpass
from typing import Protocol

import typer

from bot.domain.errors import ConfigError

_NO = frozenset({"n", "no", "none", "-"})


class Prompter(Protocol):
    """Puts questions. `key` is the option that answers one beforehand.

    A person who leaves (Ctrl-C, Ctrl-D) raises `KeyboardInterrupt`; an answer that is missing and
    cannot be asked for raises `ConfigError`, naming the option.
    """

    def say(self, text: str) -> None:
        """Tell something."""
        ...

    def ask(self, key: str, question: str, *, default: str | None = None) -> str:
        """Return a line; Enter alone is the default, where there is one."""
        ...

    def ask_secret(self, key: str, question: str, *, needed: bool) -> str:
        """Return a line that is not shown; Enter alone is empty, even where one is needed."""
        ...

    def confirm(self, key: str, question: str, *, default: bool) -> bool:
        """Return yes or no."""
        ...

    def ask_retry(self, key: str, question: str) -> bool:
        """Return whether to look again, once the person has done something; else go on without.

        Answered beforehand there is nobody to do it: `False`.
        """
        ...


def is_negative(answer: str) -> bool:
    """Whether an answer means no, wherever one may say so."""
    return answer.strip().casefold() in _NO


def make_printable(text: str) -> str:
    """Return a text without what could steer a terminal: names come from strangers."""
    return "".join(each if each.isprintable() or each == "\n" else "�" for each in text)


class TerminalPrompter:
    """Asks a person; implements `Prompter`."""

    def say(self, text: str) -> None:
        """Print it."""
        typer.echo(make_printable(text))

    def ask(self, key: str, question: str, *, default: str | None = None) -> str:
        """Ask for a line."""
        shown = make_printable(f"{question} ({default})" if default else question)
        while True:
            with _interrupt_on_eof():
                told: str = typer.prompt(shown, default=default, show_default=False, type=str)
            if told.strip() or default is not None:
                return told.strip()

    def ask_secret(self, key: str, question: str, *, needed: bool) -> str:
        """Ask for a line without showing it; not even what was typed before the question.

        Typer would ask first and hide after, and show what comes in between.
        """
        with _interrupt_on_eof():
            return getpass(f"{make_printable(question)}: ").strip()

    def confirm(self, key: str, question: str, *, default: bool) -> bool:
        """Ask yes or no."""
        with _interrupt_on_eof():
            return typer.confirm(make_printable(question), default=default)

    def ask_retry(self, key: str, question: str) -> bool:
        """Wait for Enter; `n` or `skip` goes on without."""
        told = self.ask(key, f"{question} (Enter looks again, `n` goes on without)", default="")
        return not is_negative(told) and told.casefold() != "skip"


@contextmanager
def _interrupt_on_eof() -> Iterator[None]:
    """Take the end of input (Ctrl-D) for leaving, as Ctrl-C is."""
    try:
        yield
    except (typer.Abort, EOFError):
        raise KeyboardInterrupt from None


class ScriptedPrompter:
    """Answers from options; implements `Prompter`. What has none takes the default."""

    def __init__(self, say: Callable[[str], None], answers: Mapping[str, str]) -> None:
        self._say = say
        self._answers = dict(answers)
        self._used: set[str] = set()

    def say(self, text: str) -> None:
        """Print it."""
        self._say(make_printable(text))

    def ask(self, key: str, question: str, *, default: str | None = None) -> str:
        """Return the option. To be asked for it again means that it was wrong."""
        if key in self._answers and key not in self._used:
            self._used.add(key)
            return self._answers[key].strip()
        if default is None or key in self._used:
            raise ConfigError(f"setup --yes: no usable answer to “{question}”; give --{key}.")
        return default

    def ask_secret(self, key: str, question: str, *, needed: bool) -> str:
        """Return nothing: secrets stay where they are, in the environment or in `.env`."""
        if needed:
            raise ConfigError(
                f"setup --yes: there is no usable {key}; set it in the environment or in .env."
            )
        return ""

    def confirm(self, key: str, question: str, *, default: bool) -> bool:
        """Return the option, else the default: `--yes` was said already."""
        return {"yes": True, "no": False}.get(self._answers.get(key, ""), default)

    def ask_retry(self, key: str, question: str) -> bool:
        """Return `False`: nobody is there to change anything."""
        return False


def pick(
    asking: Prompter,
    key: str,
    question: str,
    options: Sequence[Sequence[str]],
    *,
    default: str | None = None,
) -> int:
    """Return the index of the option chosen by its number or one of its names; asks until one fits.

    Each option is the names it goes by.
    """
    while True:
        told = asking.ask(key, question, default=default)
        if told.isdecimal() and 1 <= int(told) <= len(options):
            return int(told) - 1
        wanted = told.lstrip("#@").casefold()
        near = [i for i, names in enumerate(options) if wanted in map(str.casefold, names)]
        if len(near) == 1:
            return near[0]
        problem = f"{len(near)} are called {told}" if near else f"there is no {told or 'empty one'}"
        asking.say(f"  {problem}; give a number from 1 to {len(options)}, or a name.")
        default = None if told == default else default
