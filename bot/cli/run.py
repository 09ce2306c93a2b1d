"""`theseus run`: runs the bot, with or without its supervisor."""

import json
import os
import sys
from collections.abc import Mapping
from typing import Annotated

import typer
from theseus_observe.redaction import redact

from bot.infra.loop_end import run_until_end
from bot.infra.supervisor_channel import ControlEnd
from bot.settings import Settings, get_required_token, load_settings
from bot.telemetry import configure_logging


def run(
    supervisor: Annotated[
        bool,
        typer.Option(
            help="Run under a supervisor, which restarts the bot without a gap (docs/restarts.md)."
        ),
    ] = True,
) -> None:
    """Run the bot in the current folder, until SIGTERM or Ctrl-C."""
    end = ControlEnd.from_environment(os.environ)
    console = True if end is not None and end.terminal else None
    configure_logging(redact=redact, console=console)
    variables = dict(os.environ)  # a copy for the supervisor: `load_settings` removes the secrets
    settings = load_settings()
    get_required_token(settings)
    if end is None and supervisor:
        _exec_supervisor(settings, variables)
    # Imported late: this is most of the bot, and the supervisor does not need it.
    from bot.app.bot import run_bot

    run_until_end(run_bot(settings, end=end))


def _exec_supervisor(settings: Settings, variables: Mapping[str, str]) -> None:
    """Replace this process with the supervisor; does not return."""
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
