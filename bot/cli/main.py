"""The `theseus` command line: names the commands, and says what went wrong."""

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Annotated, ClassVar

import typer
from typer.completion import completion_init  # type: ignore[attr-defined]

from bot.cli.command_group import CommandGroup, CommandPlace
from bot.cli.output import drop_output, open_closed_streams, print_error, print_traceback
from bot.domain.errors import TheseusError

_COMPLETING = "_THESEUS_COMPLETE"
_RUN = "The bot"
_LOOK = "What it did"
_PARTS = "Its parts, each on its own"


class Theseus(CommandGroup):
    """All commands of `theseus`, in the order of its help."""

    PLACES: ClassVar[Mapping[str, CommandPlace]] = {
        "run": CommandPlace(
            _RUN, "bot.cli.run:run", "Run the bot from the present folder, until SIGTERM or Ctrl-C."
        ),
        "demo": CommandPlace(
            _RUN,
            "bot.cli.demo:demo",
            "Try it all in a browser: a local Discord, a planted fault, no account and no key.",
        ),
        "setup": CommandPlace(
            _RUN,
            "bot.cli.setup.command:setup",
            "Set the bot up on a real server: asks, checks, writes .env and data/config.yaml.",
        ),
        "doctor": CommandPlace(
            _RUN,
            "bot.cli.doctor.command:doctor",
            "Check everything the bot needs, and say how to mend what is wrong.",
        ),
        "stop": CommandPlace(
            _RUN,
            "bot.cli.stop:stop",
            "End all runs within seconds; nothing begins until it is lifted.",
        ),
        "backup": CommandPlace(
            _RUN,
            "bot.cli.backup:backup_cli",
            "Put the whole state into one file, also while the bot runs.",
        ),
        "restore": CommandPlace(
            _RUN,
            "bot.cli.restore:restore",
            "Bring the state back from a backup; nothing is deleted.",
        ),
        "completion": CommandPlace(
            _RUN,
            "bot.cli.completion:completion",
            "Print a script that makes a shell complete commands, options and ids.",
        ),
        "new": CommandPlace(
            _RUN, "bot.cli.new:new_cli", "Begin something new: a cog, a skill, a bot."
        ),
        "runs": CommandPlace(_LOOK, "bot.cli.runs:runs_cli", "Look at runs."),
        "journal": CommandPlace(_LOOK, "bot.cli.journal:journal_cli", "Look at the journal."),
        "traffic": CommandPlace(
            _LOOK, "bot.cli.traffic:traffic_cli", "Look at what was asked of cogs."
        ),
        "memory": CommandPlace(_LOOK, "bot.cli.memory:memory_cli", "Look at what is remembered."),
        "audit": CommandPlace(
            _LOOK, "bot.cli.audit:audit_cli", "Show who asked, approved, refused or changed what."
        ),
        "budget": CommandPlace(
            _LOOK,
            "bot.cli.budget:budget",
            "Show what models cost, today and this week, against what they may.",
        ),
        "repair": CommandPlace(
            _PARTS, "bot.cli.repair:repair", "Search for a small fix of a failing test, offline."
        ),
        "guard": CommandPlace(
            _PARTS, "bot.cli.guard:guard", "Say what stands against a change of any repository."
        ),
        "rehearse": CommandPlace(
            _PARTS,
            "bot.cli.rehearse:rehearse",
            "Play a script with a commit's code, and print what people would have seen.",
        ),
        "intent": CommandPlace(
            _PARTS, "bot.cli.intent:intent", "Show what the grammar makes of a sentence, as JSON."
        ),
        "detect": CommandPlace(
            _PARTS,
            "bot.cli.detect:detect",
            "Show what the rules would have told of a journal, as JSON: to tune thresholds with.",
        ),
        "verdict": CommandPlace(
            _PARTS,
            "bot.cli.verdict:verdict",
            "Say whether a fix held, as JSON: before against after, with numbers.",
        ),
        "redact": CommandPlace(
            _PARTS,
            "bot.cli.redact:redact",
            "Copy standard input to standard output without secrets.",
        ),
        "dependencies": CommandPlace(
            _PARTS,
            "bot.cli.dependencies:dependencies",
            "Check the lock, the project, what is installed, and advisories.",
        ),
        "bench": CommandPlace(
            _PARTS, "bot.cli.bench:bench", "Measure, each against a baseline in the same run."
        ),
    }


def build_command_line() -> typer.Typer:
    """Return the command line, which imports a command when it is named."""
    cli = typer.Typer(
        name="theseus",
        cls=Theseus,
        help="A Discord bot that repairs and extends its own code when people ask it to.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    cli.callback()(_read_global_options)
    return cli


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"theseus {metadata.version('theseus')}\n")
        raise typer.Exit


def import_command(arguments: Sequence[str]) -> None:
    """Import what the command needs that the first of these words names, if it names one."""
    place = Theseus.PLACES.get(arguments[0]) if arguments else None
    if place:
        place.import_target()


def _read_global_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Take the options that belong to no command."""


def _get_first_error(group: ExceptionGroup[TheseusError]) -> TheseusError:
    """Return the first error in a group of groups."""
    inner = group.exceptions[0]
    return _get_first_error(inner) if isinstance(inner, ExceptionGroup) else inner


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line on these words, else on the program's own; it ends in `SystemExit`.

    What is wrong is said in one sentence. The exit code is 2, or 1 where trying again may help:
    services are started again then.
    """
    sys.excepthook = print_traceback
    open_closed_streams()
    if _COMPLETING in os.environ:  # at Tab, for the script of `theseus completion`
        completion_init()
    try:
        build_command_line()(arguments, prog_name="theseus")
    except TheseusError as error:
        print_error(error)
        sys.exit(1 if error.retryable else 2)
    except ExceptionGroup as group:
        known, unknown = group.split(TheseusError)
        if unknown is not None or known is None:
            raise
        first = _get_first_error(known)
        print_error(first)
        sys.exit(1 if first.retryable else 2)
    except BrokenPipeError:  # whoever read our output has seen enough
        drop_output()
        sys.exit(0)
    except OSError as error:  # a full disk, a folder that is gone: of the machine, not of ours
        print_error(f"{error.filename or 'the system'}: {error.strerror or error}")
        drop_output()
        sys.exit(1)
