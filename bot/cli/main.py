"""The `theseus` command line: lists the commands, and reports errors."""

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Annotated, ClassVar

import typer
from typer.completion import completion_init  # type: ignore[attr-defined]

from bot.cli.command_group import CommandGroup, CommandPlace
from bot.cli.command_outline import is_help_request
from bot.cli.output import drop_output, open_closed_streams, print_error, print_traceback
from bot.domain.errors import TheseusError

_COMPLETING = "_THESEUS_COMPLETE"
_RUN = "Run and manage the bot"
_LOOK = "Show what the bot did"
_PARTS = "Tools that need no bot"


class Theseus(CommandGroup):
    """The commands of `theseus`, in the order of the help."""

    PLACES: ClassVar[Mapping[str, CommandPlace]] = {
        "run": CommandPlace(
            _RUN, "bot.cli.run:run", "Run the bot in the current folder, until SIGTERM or Ctrl-C."
        ),
        "demo": CommandPlace(
            _RUN,
            "bot.cli.demo:demo",
            "Try the bot in a browser with a local Discord; no account and no API key needed.",
        ),
        "setup": CommandPlace(
            _RUN,
            "bot.cli.setup.command:setup",
            "Set up the bot for a Discord server: ask, check the answers, and write the files.",
        ),
        "doctor": CommandPlace(
            _RUN,
            "bot.cli.doctor.command:doctor",
            "Check everything the bot needs, and explain how to fix problems.",
        ),
        "adopt": CommandPlace(
            _RUN,
            "bot.cli.adopt:adopt",
            "Look at a discord.py bot without running it, and add it to the targets of this bot.",
        ),
        "worker": CommandPlace(
            _RUN,
            "bot.cli.worker:start_worker",
            "Do replays and checks for a bot on another machine, until SIGTERM or Ctrl-C.",
        ),
        "stop": CommandPlace(
            _RUN,
            "bot.cli.stop:stop",
            "Stop all runs, and start no new ones until the stop is lifted.",
        ),
        "rolling-restart": CommandPlace(
            _RUN,
            "bot.cli.rolling_restart.command:rolling_restart",
            "Restart the bots behind a load balancer, one after another.",
        ),
        "backup": CommandPlace(
            _RUN,
            "bot.cli.backup:backup_cli",
            "Back up the state to one file, also while the bot is running.",
        ),
        "restore": CommandPlace(
            _RUN,
            "bot.cli.restore:restore",
            "Restore the state from a backup; nothing is deleted.",
        ),
        "state": CommandPlace(
            _RUN, "bot.cli.state:state_cli", "Copy the state between SQLite and PostgreSQL."
        ),
        "completion": CommandPlace(
            _RUN,
            "bot.cli.completion:completion",
            "Print the completion script of a shell, for commands, options and ids.",
        ),
        "new": CommandPlace(_RUN, "bot.cli.new:new_cli", "Create a cog, a skill or a bot."),
        "runs": CommandPlace(_LOOK, "bot.cli.runs:runs_cli", "List and show runs."),
        "journal": CommandPlace(
            _LOOK, "bot.cli.journal:journal_cli", "Search and index the journal."
        ),
        "traffic": CommandPlace(
            _LOOK, "bot.cli.traffic:traffic_cli", "Show recorded traffic of cogs."
        ),
        "memory": CommandPlace(_LOOK, "bot.cli.memory:memory_cli", "Search and export the memory."),
        "experience": CommandPlace(
            _LOOK,
            "bot.cli.experience:replay_cases",
            "Work past runs again with today's engine and prompts, and compare the results.",
        ),
        "hearing": CommandPlace(
            _LOOK,
            "bot.cli.hearing_report:hearing_cli",
            "Show what the bot understood wrongly, as people corrected it.",
        ),
        "audit": CommandPlace(
            _LOOK,
            "bot.cli.audit:audit_cli",
            "Show the audit log: who asked, approved, refused or changed what.",
        ),
        "budget": CommandPlace(
            _LOOK,
            "bot.cli.budget:budget",
            "Show the cost of models today and this week, compared with the budget.",
        ),
        "repair": CommandPlace(
            _PARTS, "bot.cli.repair:repair", "Search for a small fix for a failing test, offline."
        ),
        "guard": CommandPlace(
            _PARTS,
            "bot.cli.guard:guard",
            "Check the change between two revisions of any git repository, and list the findings.",
        ),
        "rehearse": CommandPlace(
            _PARTS,
            "bot.cli.rehearse:rehearse",
            "Run a script with the code of a commit, and print what people would have seen.",
        ),
        "intent": CommandPlace(
            _PARTS, "bot.cli.intent:intent", "Show how the grammar parses a message, as JSON."
        ),
        "detect": CommandPlace(
            _PARTS,
            "bot.cli.detect:detect",
            "Replay a journal through the anomaly rules and print the anomalies as JSON.",
        ),
        "verdict": CommandPlace(
            _PARTS,
            "bot.cli.verdict:verdict",
            "Compare two journals and print as JSON whether a fix worked.",
        ),
        "redact": CommandPlace(
            _PARTS,
            "bot.cli.redact:redact",
            "Copy standard input to standard output, with secrets removed.",
        ),
        "dependencies": CommandPlace(
            _PARTS,
            "bot.cli.dependencies:dependencies",
            "Check the lock file, the project, the installed packages and advisories.",
        ),
        "advisories": CommandPlace(
            _PARTS,
            "bot.cli.advisories:advisories_cli",
            "Import the advisories that changed dependencies are compared with.",
        ),
        "bench": CommandPlace(
            _PARTS,
            "bot.cli.bench:bench",
            "Run the benchmarks, each against a baseline measured in the same run.",
        ),
    }


def build_command_line() -> typer.Typer:
    """Return the command line, which imports a command only when it is called."""
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
    """Import the command that the first argument names, if it names one and is to run.

    `bot.__main__` calls this while it holds signals back, because the import takes long.
    """
    place = Theseus.PLACES.get(arguments[0]) if arguments else None
    if place and not is_help_request(arguments):
        place.import_target()


def _read_global_options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Declare the options that belong to no command."""


def _get_first_error(group: ExceptionGroup[TheseusError]) -> TheseusError:
    """Return the first error of a group, which may be nested."""
    inner = group.exceptions[0]
    return _get_first_error(inner) if isinstance(inner, ExceptionGroup) else inner


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line with `arguments`, or with those of the program; ends in `SystemExit`.

    A known error is printed in one sentence. Its exit code is 1 if trying again may help, so that
    a service manager restarts the bot, and 2 otherwise.
    """
    sys.excepthook = print_traceback
    open_closed_streams()
    if _COMPLETING in os.environ:  # the script of `theseus completion` called us at Tab
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
    except BrokenPipeError:  # the reader of our output, such as `head`, has exited
        drop_output()
        sys.exit(0)
    except OSError as error:  # a problem of the machine, such as a full disk or a missing folder
        print_error(f"{error.filename or 'the system'}: {error.strerror or error}")
        drop_output()
        sys.exit(1)
