"""`theseus run`: the bot itself, under its supervisor or alone."""

import json
import os
import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from bot.infra.loop_end import run_until_end
from bot.infra.supervisor_channel import ControlEnd
from bot.redaction import redact
from bot.settings import Settings, get_required_token, load_settings
from bot.telemetry import configure_logging


def run(
    supervisor: Annotated[
        bool,
        typer.Option(help="Have the bot watched, and replaced with no gap (docs/restarts.md)."),
    ] = True,
) -> None:
    """Run the bot from the present folder, until SIGTERM or Ctrl-C."""
    end = ControlEnd.from_environment(os.environ)
    console = True if end is not None and end.terminal else None
    configure_logging(redact=redact, console=console)
    variables = dict(os.environ)  # of which the secrets are taken out next
    settings = load_settings()
    get_required_token(settings)
    if end is None and supervisor:
        _exec_supervisor(settings, variables)
    from bot.app.bot import run_bot  # most of the bot, which its supervisor has no use for

    run_until_end(run_bot(settings, end=end))


def _exec_supervisor(settings: Settings, variables: Mapping[str, str]) -> None:
    """Become the supervisor: another program, in this process."""
    sys.stdout.flush()
    sys.stderr.flush()
    rules = json.dumps(settings.config.restart.model_dump())
    os.execve(  # noqa: S606  a program of our own, and no shell
        sys.executable,
        [
            sys.executable, "-m", "bot.supervisor", "--root", str(settings.root),
            "--records", str(settings.state / "restarts.json"), "--rules", rules,
        ],
        variables,
    )  # fmt: skip
