"""`theseus setup`: the options of the wizard."""

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.output import say
from bot.cli.setup.prompts import ScriptedPrompter, TerminalPrompter
from bot.cli.setup.wizard import run_setup
from bot.domain.errors import ConfigError


def setup(
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask no questions: use the options and defaults.")
    ] = False,
    guild: Annotated[str | None, typer.Option(help="The server, by name or id.")] = None,
    channel: Annotated[str | None, typer.Option(help="The dev channel, by name or id.")] = None,
    developers: Annotated[
        str | None, typer.Option(help="Who may ask: people and roles, separated by commas.")
    ] = None,
    approvers: Annotated[str | None, typer.Option(help="Who may ship: the same format.")] = None,
    forge: Annotated[
        str | None, typer.Option(help="Where proposals go: local, github, forgejo.")
    ] = None,
    forge_url: Annotated[
        str | None, typer.Option(help="The address of the local forge's pages, or none.")
    ] = None,
    reviewers: Annotated[
        str | None, typer.Option(help="The forge's logins whose review comments count.")
    ] = None,
    checks: Annotated[
        bool | None, typer.Option(help="Run the full checks at the end; they take minutes.")
    ] = None,
    service: Annotated[
        bool | None, typer.Option(help="Install the bot as a service of systemd.")
    ] = None,
) -> None:
    """Set up the bot for a Discord server: ask, check the answers, and write the files.

    The files are .env and data/config.yaml. Nothing is written before the end.

    Example: theseus setup --yes --channel dev --developers "alice,bob" --approvers alice
    """
    options = {
        "guild": guild, "channel": channel, "developers": developers, "approvers": approvers,
        "forge": forge, "forge-url": forge_url, "reviewers": reviewers,
        "checks": _format_answer(checks), "service": _format_answer(service),
    }  # fmt: skip
    asking = _choose_prompter(
        yes, {key: value for key, value in options.items() if value is not None}
    )
    # The parent process may have ignored Ctrl-C, which has to leave the wizard.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    code = run_setup(Path.cwd(), os.environ, asking)
    if code:
        raise typer.Exit(code)


def _format_answer(answer: bool | None) -> str | None:
    return None if answer is None else "yes" if answer else "no"


def _choose_prompter(yes: bool, answers: dict[str, str]) -> ScriptedPrompter | TerminalPrompter:
    """Return what answers the questions. Raises `ConfigError` if options and `--yes` do not fit."""
    if yes:
        return ScriptedPrompter(say, answers)
    if answers:
        key, value = next(iter(answers.items()))
        option = f"no-{key}" if value == "no" and key in ("checks", "service") else key
        raise ConfigError(f"setup: --{option} needs --yes.")
    if not sys.stdin.isatty():
        raise ConfigError(
            "setup asks questions, but there is no terminal. In a script, use `theseus setup "
            "--yes` with options (--help lists them)."
        )
    return TerminalPrompter()
