"""The `theseus` command line: registers the commands, and says what went wrong."""

import sys
from collections.abc import Sequence

import typer

from bot.cli.audit import audit_cli
from bot.cli.bench import bench
from bot.cli.budget import budget
from bot.cli.demo import demo
from bot.cli.dependencies import dependencies
from bot.cli.detect import detect
from bot.cli.doctor.command import doctor
from bot.cli.guard import guard
from bot.cli.intent import intent
from bot.cli.journal import journal_cli
from bot.cli.memory import memory_cli
from bot.cli.output import complain, drop_output, open_closed_streams, trace
from bot.cli.redact import redact
from bot.cli.rehearse import rehearse
from bot.cli.repair import repair
from bot.cli.run import run
from bot.cli.runs import runs_cli
from bot.cli.setup.command import setup
from bot.cli.stop import stop
from bot.cli.traffic import traffic_cli
from bot.cli.verdict import verdict
from bot.domain.errors import TheseusError

cli = typer.Typer(
    name="theseus",
    help="A Discord bot that repairs its own code when people ask it to.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    run, demo, setup, doctor, stop, budget, dependencies, detect, guard, intent, verdict, redact,
    rehearse, repair, bench,
):  # fmt: skip
    cli.command()(command)
for group, name in (
    (runs_cli, "runs"), (journal_cli, "journal"), (traffic_cli, "traffic"),
    (memory_cli, "memory"), (audit_cli, "audit"),
):  # fmt: skip
    cli.add_typer(group, name=name)


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
        cli(words)
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
