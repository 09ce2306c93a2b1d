"""`theseus-repair`: searches for a small fix in any repository with a failing test."""

import asyncio
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from theseus_guard.errors import RepositoryError
from theseus_guard.git_reader import GitReader
from theseus_guard.terminal import JsonOption, Terminal, create_terminal, run_command

from theseus_repair.clock import MachineClock
from theseus_repair.errors import RepairError
from theseus_repair.files import count_python_files
from theseus_repair.interruption import EndedBySignal, run_interruptible
from theseus_repair.progress import RepairProgress, format_interruption
from theseus_repair.report import RepairReport
from theseus_repair.terminal_questions import TerminalQuestions


class Accepted(StrEnum):
    """The weakest label that counts as a fix; see `theseus_repair.model.Label`."""

    PROVEN = "proven"
    PLAUSIBLE = "plausible"


@dataclass(frozen=True, slots=True)
class RepairCommand:
    """The command, for whoever offers it."""

    terminal: Terminal

    def run(
        self,
        repo: Annotated[Path, typer.Option(help="The repository to repair.")],
        test: Annotated[str, typer.Option(help="The test command that fails now and should pass.")],
        file: Annotated[str | None, typer.Option(help="Change only this file.")] = None,
        time: Annotated[float, typer.Option(help="The time limit in seconds.")] = 60.0,
        apply: Annotated[
            bool, typer.Option("--apply", help="Write the fix to the repository.")
        ] = False,
        accept: Annotated[
            Accepted, typer.Option(help="The weakest fix to accept: proven or plausible.")
        ] = Accepted.PROVEN,
        as_json: JsonOption = False,
    ) -> None:
        """Search for a small fix for a failing test, offline.

        If several edits pass the test and behave differently, it asks on a terminal which answer is
        right. Exit code 1: no proven fix was found (or plausible, with --accept plausible). Exit
        code 2: there is nothing to search, for example because the command passes, or because the
        repository has no Python code. Ctrl-C, SIGTERM and SIGHUP end the search with exit code
        130, 143 and 129, and change no file.

        Example: theseus repair --repo ~/shop --test "pytest tests/test_cart.py" --time 120
        """
        # Imported late: this is the whole engine, which the help does not need.
        from theseus_repair import command

        if repo.is_dir():
            self.terminal.print_error(_describe_repository(repo))
        line = RepairProgress(time, visible=not as_json)
        asks = not as_json and sys.stdin.isatty() and sys.stderr.isatty()
        line.show()
        try:
            report = asyncio.run(
                run_interruptible(command.repair(
                    repo, test, file=file, seconds=time, apply=apply, accept=accept.value,
                    clock=MachineClock(), on_progress=line,
                    ask=TerminalQuestions(line.hide, self.terminal.print_error) if asks else None,
                    redact=self.terminal.redact,
                ))
            )  # fmt: skip
        except EndedBySignal as error:
            line.hide()
            self.terminal.print_error(format_interruption(line.found))
            raise typer.Exit(error.code) from None
        finally:
            line.hide()
        if as_json:
            self.terminal.print_json(report.to_json())
        else:
            self.terminal.say(report.explanation)
            if report.diff:
                self.terminal.say(report.diff)
                self.terminal.say(_describe_next_step(report))
        if not report.repaired:
            raise typer.Exit(1)


def _describe_repository(repo: Path) -> str:
    """Return what the search sees, for a person who wonders about a result."""
    found = count_python_files(repo)
    try:
        GitReader.open(repo)
        history = "its git history shows suspect changes"
    except RepositoryError:
        history = "not in a git repository, so no suspect changes are known"
    return f"{repo.resolve().name}: {found.code} Python files, {found.tests} tests; {history}."


def _describe_next_step(report: RepairReport) -> str:
    """Return whether the diff was written, and what the user can do next."""
    if report.applied:
        return f"Written to {', '.join(report.files)}."
    if report.repaired:
        return "The fix is not written yet. Use --apply to write it."
    return (
        "The fix is only plausible, so it is not accepted (exit code 1). Use --accept plausible "
        "to accept it."
    )


def main() -> None:
    """Run `theseus-repair`."""
    terminal = create_terminal("theseus-repair")
    run_command(terminal, RepairCommand(terminal).run, RepairError)
