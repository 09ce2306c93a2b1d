"""`theseus setup`: the wizard's options."""

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
    checks: Annotated[
        bool | None, typer.Option(help="Run the full checks at the end: minutes.")
    ] = None,
    service: Annotated[
        bool | None, typer.Option(help="Have systemd run the bot, or say what does.")
    ] = None,
) -> None:
    """Set the bot up on a real server: asks, checks, writes .env and data/config.yaml.

    For example: theseus setup --yes --channel dev --developers "alice,bob" --approvers alice
    """
    given = {
        "guild": guild, "channel": channel, "developers": developers, "approvers": approvers,
        "forge": forge, "forge-url": forge_url, "reviewers": reviewers,
        "checks": _format_answer(checks), "service": _format_answer(service),
    }  # fmt: skip
    asking = _choose_prompter(
        yes, {key: value for key, value in given.items() if value is not None}
    )
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever started us ignored
    code = run_setup(Path.cwd(), os.environ, asking)
    if code:
        raise typer.Exit(code)


def _format_answer(answer: bool | None) -> str | None:
    return None if answer is None else "yes" if answer else "no"


def _choose_prompter(yes: bool, answers: dict[str, str]) -> ScriptedPrompter | TerminalPrompter:
    """Return who answers: the options, or a person. Raises `ConfigError` where neither can."""
    if yes:
        return ScriptedPrompter(say, answers)
    if answers:
        key, value = next(iter(answers.items()))
        option = f"no-{key}" if value == "no" and key in ("checks", "service") else key
        raise ConfigError(f"setup: --{option} answers beforehand; add --yes.")
    if not sys.stdin.isatty():
        raise ConfigError(
            "setup asks questions, and there is no terminal to ask at; in a script use "
            "`theseus setup --yes` with options (--help lists them)."
        )
    return TerminalPrompter()
