"""The `theseus` command line: registers the commands, and says what went wrong."""

import importlib
import sys
from collections.abc import Sequence

import typer

from bot.cli.output import complain, drop_output, open_closed_streams, trace
from bot.domain.errors import TheseusError

# Where each command is, in the order of the help. They need much of the bot, and each something
# else: only what is asked for is imported.
_COMMANDS = {
    "run": "bot.cli.run",
    "demo": "bot.cli.demo",
    "setup": "bot.cli.setup.command",
    "doctor": "bot.cli.doctor.command",
    "stop": "bot.cli.stop",
    "budget": "bot.cli.budget",
    "dependencies": "bot.cli.dependencies",
    "detect": "bot.cli.detect",
    "guard": "bot.cli.guard",
    "intent": "bot.cli.intent",
    "verdict": "bot.cli.verdict",
    "redact": "bot.cli.redact",
    "rehearse": "bot.cli.rehearse",
    "repair": "bot.cli.repair",
    "bench": "bot.cli.bench",
}
_GROUPS = {
    "runs": "bot.cli.runs",
    "journal": "bot.cli.journal",
    "traffic": "bot.cli.traffic",
    "memory": "bot.cli.memory",
    "audit": "bot.cli.audit",
}


def command_line(words: Sequence[str] = ()) -> typer.Typer:
    """Return the command line, with the one command that the first of these words names, or all."""
    cli = typer.Typer(
        name="theseus",
        help="A Discord bot that repairs and extends its own code when people ask it to.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    cli.callback()(_nothing_of_its_own)
    named = words[0] if words else ""
    alone = named in _COMMANDS or named in _GROUPS
    for name, module in _COMMANDS.items():
        if name == named or not alone:
            cli.command()(getattr(importlib.import_module(module), name))
    for name, module in _GROUPS.items():
        if name == named or not alone:
            cli.add_typer(getattr(importlib.import_module(module), f"{name}_cli"), name=name)
    return cli


def _nothing_of_its_own() -> None:
    """Keep the names of commands where there is one alone, which typer would leave out."""


def _first(group: ExceptionGroup[TheseusError]) -> TheseusError:
    """Return the first error in a group of groups."""
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, ExceptionGroup) else inner


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line on these words, else on the program's own; it ends in `SystemExit`.

    What is wrong is said in one sentence. The exit code is 2, or 1 where trying again may help:
    services are started again then.
    """
    sys.excepthook = trace
    open_closed_streams()
    try:
        command_line(sys.argv[1:] if words is None else words)(words)
    except TheseusError as error:
        complain(error)
        sys.exit(1 if error.retryable else 2)
    except ExceptionGroup as group:
        known, unknown = group.split(TheseusError)
        if unknown is not None or known is None:
            raise
        first = _first(known)
        complain(first)
        sys.exit(1 if first.retryable else 2)
    except BrokenPipeError:  # whoever read our output has seen enough
        drop_output()
        sys.exit(0)
    except OSError as error:  # a full disk, a folder that is gone: of the machine, not of ours
        complain(f"{error.filename or 'the system'}: {error.strerror or error}")
        drop_output()
        sys.exit(1)
