"""The `theseus` command line. Thin: it reads options, calls the root, prints what comes back."""

# ruff: noqa: E402  signals may come while the rest is imported, so they are seen to first

import bot.signals  # noqa: F401

# isort: split
import signal

_INTERRUPTED = signal.getsignal(signal.SIGINT)
if _INTERRUPTED is signal.default_int_handler:  # Ctrl-C meanwhile ends it, without a trace
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# isort: split
import asyncio
import os
import sys
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from bot import app as root
from bot.domain.errors import ConfigError, TheseusError
from bot.domain.grammar import COMMAND_LINE, describe, parse
from bot.telemetry import configure_logging, redact, redact_stream

if _INTERRUPTED is signal.default_int_handler:
    signal.signal(signal.SIGINT, _INTERRUPTED)

cli = typer.Typer(
    name="theseus",
    help="A Discord bot that repairs its own code when people ask it to.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.add_typer(root.runs_cli, name="runs")
cli.add_typer(root.journal_cli, name="journal")
cli.add_typer(root.memory_cli, name="memory")
cli.add_typer(root.audit_cli, name="audit")
cli.command("budget")(root.budget)
cli.command("detect")(root.detect)
cli.command("dependencies")(root.dependencies)
cli.command("guard")(root.guard)
cli.command("stop")(root.stop)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class EngineName(StrEnum):
    """Engines of the demo."""

    AUTO = "auto"
    OFFLINE = "offline"
    CLAUDE = "claude"


class ReplyTo(StrEnum):
    """What a message replies to."""

    ERROR = "error"
    PROPOSAL = "proposal"


@cli.command()
def run() -> None:
    """Run the bot from the present folder, until SIGTERM or Ctrl-C."""
    configure_logging(redact=redact)
    asyncio.run(root.run_bot(root.settings_here()))


@cli.command()
def demo(
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port of the page; 0 picks a free one.")
    ] = 8080,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
    engine: Annotated[EngineName, typer.Option(help="Who writes the fix.")] = EngineName.AUTO,
    fault: Annotated[
        str | None,
        typer.Option(help=f"One of: {', '.join(root.FAULT_NAMES)}; by default one a person meets."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Makes the choice repeatable.")] = None,
) -> None:
    """Try it all in a browser: a local Discord, a planted fault, no account and no key."""
    asyncio.run(
        root.run_demo(
            root.DemoOptions(
                port=port, browser=not no_browser, engine=engine.value, fault=fault, seed=seed
            ),
            root.say,
        )
    )


@cli.command()
def setup(
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing: options answer, defaults fill in.")
    ] = False,
    guild: Annotated[str | None, typer.Option(help="The server, by name or id.")] = None,
    channel: Annotated[str | None, typer.Option(help="The dev channel, by name or id.")] = None,
    developers: Annotated[
        str | None, typer.Option(help="Who may ask: people and roles, with commas.")
    ] = None,
    approvers: Annotated[str | None, typer.Option(help="Who may ship, likewise.")] = None,
    forge: Annotated[str | None, typer.Option(help="github or local.")] = None,
    forge_url: Annotated[
        str | None, typer.Option(help="Where the local forge's pages are served; none: nowhere.")
    ] = None,
    reviewers: Annotated[
        str | None, typer.Option(help="GitHub logins whose review comments count.")
    ] = None,
) -> None:
    """Set the bot up on a real server: asks, checks, writes .env and data/config.yaml."""
    given = {
        "guild": guild, "channel": channel, "developers": developers, "approvers": approvers,
        "forge": forge, "forge-url": forge_url, "reviewers": reviewers,
    }  # fmt: skip
    answers = {key: value for key, value in given.items() if value is not None}
    if answers and not yes:
        raise ConfigError(f"setup: --{next(iter(answers))} answers beforehand; add --yes.")
    if not yes and not sys.stdin.isatty():
        raise ConfigError(
            "setup asks questions, and there is no terminal to ask at; in a script use "
            "`theseus setup --yes` with options (--help lists them)."
        )
    asking = root.Beforehand(root.say, answers) if yes else root.AtTerminal(root.OUT)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever started us ignored
    code = root.run_setup(Path.cwd(), os.environ, asking)
    if code:
        raise typer.Exit(code)


@cli.command()
def doctor(
    as_json: JsonOption = False,
    checks: Annotated[
        bool, typer.Option(help="Run the full checks, once a commit and environment: minutes.")
    ] = True,
) -> None:
    """Check everything the bot needs, and say how to mend what is wrong; exit code 1 if so."""
    tell = partial(typer.echo, err=True) if checks else None
    findings = asyncio.run(root.examine(root.settings_here(), checks=tell))
    if as_json:
        root.print_json([finding.model_dump() for finding in findings])
    else:
        for finding in findings:
            root.say(finding.line)
    if any(finding.status == "bad" for finding in findings):
        raise typer.Exit(1)


@cli.command()
def intent(
    text: Annotated[str, typer.Argument(help="What somebody says.")],
    in_thread: Annotated[bool, typer.Option("--in-thread", help="Said in a run's thread.")] = False,
    reply_to: Annotated[ReplyTo | None, typer.Option(help="What it replies to.")] = None,
) -> None:
    """Show what the grammar makes of a message, as JSON.

    For example: theseus intent "ship it" --reply-to proposal
    """
    answered: Literal["error", "proposal"] | None = reply_to.value if reply_to else None
    setting = COMMAND_LINE.but(in_thread=in_thread, reply_to=answered)
    root.print_json(describe(parse(text, setting)))


@cli.command()
def verdict(
    before: Annotated[Path, typer.Option(help="A journal from before the fix, as NDJSON.")],
    after: Annotated[Path, typer.Option(help="A journal from after it.")],
    event: Annotated[str, typer.Option(help="kind.name, for example command.roll")],
    fingerprint: Annotated[
        str | None, typer.Option(help="The failure to go away; by default all of the event.")
    ] = None,
) -> None:
    """Say whether a fix held, as JSON: before against after, with numbers.

    For example: theseus verdict --before monday.ndjson --after tuesday.ndjson --event command.roll
    """
    judged = root.judge(before, after, event, fingerprint)
    for complaint in judged.complaints:
        root.complain(complaint)
    root.print_json(judged.to_json(event, fingerprint))


@cli.command("redact")
def redact_input() -> None:
    """Copy standard input to standard output without secrets.

    For example: journalctl -u theseus | theseus redact
    """
    sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
    sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
    for part in redact_stream(sys.stdin):
        sys.stdout.write(part)


@cli.command()
def repair(
    repo: Annotated[Path, typer.Option(help="The repository to repair.")],
    test: Annotated[str, typer.Option(help="The command that fails now and must pass.")],
    file: Annotated[str | None, typer.Option(help="Change only this file.")] = None,
    time: Annotated[float, typer.Option(help="Seconds to search.")] = 60.0,
    apply: Annotated[bool, typer.Option("--apply", help="Write the fix into the repo.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Search for a small fix of a failing test, offline. Exit code 1: none was found.

    For example: theseus repair --repo ~/shop --test "pytest tests/test_cart.py" --time 120
    """
    report = asyncio.run(root.repair(repo, test, file, time, apply=apply))
    if as_json:
        root.print_json(report.to_json())
    else:
        root.say(report.explanation)
        if report.diff:
            root.say(report.diff)
    if not report.repaired:
        raise typer.Exit(1)


@cli.command()
def bench(
    only: Annotated[str | None, typer.Option(help="Run only the benchmark of this name.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure, each against a baseline in the same run: a quarter of an hour for all.

    For example: theseus bench --only journal; a wrong name lists those there are.
    """
    rows = asyncio.run(root.run_bench(only))
    if as_json:
        root.print_json([row.model_dump() for row in rows])
    else:
        for row in rows:
            root.say(row.line)


def _first(group: ExceptionGroup[TheseusError]) -> TheseusError:
    """Return the first error in a group of groups."""
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, ExceptionGroup) else inner


def main() -> None:
    """Run the command line; what is wrong is said in one sentence.

    The exit code is 2, or 1 where trying again may help: services are started again then.
    """
    sys.excepthook = root.trace
    root.open_closed_streams()
    try:
        cli()
    except TheseusError as error:
        root.complain(error)
        sys.exit(1 if error.retryable else 2)
    except ExceptionGroup as group:
        known, unknown = group.split(TheseusError)
        if unknown is not None or known is None:
            raise
        first = _first(known)
        root.complain(first)
        sys.exit(1 if first.retryable else 2)
    except BrokenPipeError:  # whoever read our output has seen enough
        root.drop_output()
        sys.exit(0)
    except OSError as error:  # a full disk, a folder that is gone: of the machine, not of ours
        root.complain(f"{error.filename or 'the system'}: {error.strerror or error}")
        root.drop_output()
        sys.exit(1)


if __name__ == "__main__":
    main()
