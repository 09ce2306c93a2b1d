"""Asks the questions of the wizard on a terminal, or takes the answers from options."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from getpass import getpass

import typer

from bot.domain.errors import ConfigError
from bot.infra.prompter import is_negative


def make_printable(text: str) -> str:
    """Return the text with control characters replaced: names of servers come from strangers."""
    return "".join(each if each.isprintable() or each == "\n" else "�" for each in text)


class TerminalPrompter:
    """Implements `Prompter` on a terminal."""

    def say(self, text: str) -> None:
        """Print a text."""
        typer.echo(make_printable(text))

    def ask(self, key: str, question: str, *, default: str | None = None) -> str:
        """Ask for a line."""
        shown = make_printable(f"{question} ({default})" if default else question)
        while True:
            with _interrupt_on_eof():
                answer: str = typer.prompt(shown, default=default, show_default=False, type=str)
            if answer.strip() or default is not None:
                return answer.strip()

    def ask_secret(self, key: str, question: str, *, needed: bool) -> str:
        """Ask for a line without showing it.

        `typer.prompt` hides the input only after it printed the question, so it would show what
        was typed before that; `getpass` does not.
        """
        with _interrupt_on_eof():
            return getpass(f"{make_printable(question)}: ").strip()

    def confirm(self, key: str, question: str, *, default: bool) -> bool:
        """Ask a yes-or-no question."""
        with _interrupt_on_eof():
            return typer.confirm(make_printable(question), default=default)

    def ask_retry(self, key: str, question: str) -> bool:
        """Wait for Enter to check again; `n` or `skip` skips the check."""
        answer = self.ask(key, f"{question} (Enter: check again, n: skip)", default="")
        return not is_negative(answer) and answer.casefold() != "skip"


@contextmanager
def _interrupt_on_eof() -> Iterator[None]:
    """Raise `KeyboardInterrupt` at the end of the input (Ctrl-D), as after Ctrl-C."""
    try:
        yield
    except (typer.Abort, EOFError):
        raise KeyboardInterrupt from None


class ScriptedPrompter:
    """Implements `Prompter` with answers from options; without an option, the default counts."""

    def __init__(self, say: Callable[[str], None], answers: Mapping[str, str]) -> None:
        self._say = say
        self._answers = dict(answers)
        self._used: set[str] = set()

    def say(self, text: str) -> None:
        """Print a text."""
        self._say(make_printable(text))

    def ask(self, key: str, question: str, *, default: str | None = None) -> str:
        """Return the option, or the default.

        Raises `ConfigError` if there is neither, or at a second question for the same option: it
        means that the first answer was wrong.
        """
        if key in self._answers and key not in self._used:
            self._used.add(key)
            return self._answers[key].strip()
        if default is None or key in self._used:
            raise ConfigError(f"setup --yes: no valid answer to “{question}”; set --{key}.")
        return default

    def ask_secret(self, key: str, question: str, *, needed: bool) -> str:
        """Return an empty string: secrets come only from the environment or `.env`."""
        if needed:
            raise ConfigError(
                f"setup --yes: there is no valid {key}; set it in the environment or in .env."
            )
        return ""

    def confirm(self, key: str, question: str, *, default: bool) -> bool:
        """Return the option, or the default."""
        return {"yes": True, "no": False}.get(self._answers.get(key, ""), default)

    def ask_retry(self, key: str, question: str) -> bool:
        """Return `False`: no one is there to fix anything."""
        return False
