"""`theseus rolling-restart`: its options, and the command that restarts one bot."""

import asyncio
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from theseus_repair.interruption import EndedBySignal, run_interruptible

from bot.adapters.system_clock import SystemClock
from bot.cli.output import print_error, say
from bot.cli.rolling_restart.instances import (
    BotAddress,
    check_token_path,
    open_instances,
    parse_address,
)
from bot.cli.rolling_restart.rollout import RestartPlan, RollingRestart
from bot.domain.errors import ConfigError
from bot.infra.child_program import run_program
from bot.settings import Environment, read_environment

_LAST = 300  # characters of a failed command that are shown


def rolling_restart(
    addresses: Annotated[list[str], typer.Argument(help="http://HOST:PORT of each bot.")],
    restart: Annotated[
        str,
        typer.Option(
            help="The command that restarts one; {host}, {port} and {address} are filled in."
        ),
    ],
    commit: Annotated[
        str, typer.Option(help="The commit that each has to run then; default: all the same.")
    ] = "",
    seconds: Annotated[float, typer.Option(min=1, max=3_600, help="For one restart.")] = 120.0,
    settle: Annotated[
        float,
        typer.Option(min=0, max=600, help="Seconds that one stays ready before the next begins."),
    ] = 5.0,
    plain_http: Annotated[
        bool, typer.Option("--plain-http", help="Send the token over http to other machines.")
    ] = False,
) -> None:
    """Restart the bots behind a load balancer, one after another.

    Each is drained, restarted, and checked: it is ready, a new process, and of the right commit.
    The first that does not come back ends the restart with exit code 2; the rest run on.
    THESEUS_HTTP_TOKEN is the token of the bots. Ctrl-C ends it between two looks.

    Example: theseus rolling-restart http://one:8081 http://two:8081 --restart "restart.sh {host}"
    """
    plan = RestartPlan([parse_address(each) for each in addresses], commit, seconds, settle)
    command = parse_command(restart)
    environment = read_environment(os.environ, Path.cwd() / ".env")
    token = environment.theseus_http_token
    for each in plan.addresses if token else ():
        check_token_path(each, plain_http=plain_http)
    work = _restart_all(plan, command, token.get_secret_value() if token else None)
    try:
        asyncio.run(run_interruptible(work))
    except EndedBySignal as error:
        print_error("The rolling restart was interrupted; look at the bot it was at.")
        raise typer.Exit(error.code) from None


async def _restart_all(plan: RestartPlan, command: Sequence[str], token: str | None) -> None:
    async def restart(address: BotAddress) -> str:
        return await run_restart(command, address, plan.seconds, os.environ)

    async with open_instances(token) as instances:
        await RollingRestart(plan, instances, restart, say, SystemClock()).run()


def parse_command(text: str) -> Sequence[str]:
    """Return the words of a command. Raises `ConfigError` if it has none, or an open quote."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ConfigError(f"rolling-restart: --restart cannot be read: {error}.") from None
    if not words:
        raise ConfigError("rolling-restart: --restart is empty; name the command to restart a bot.")
    return words


def fill_placeholders(command: Sequence[str], address: BotAddress) -> list[str]:
    """Return the command for one bot; no shell reads it, so a host is never more than a word."""
    values = {"{host}": address.host, "{port}": str(address.port), "{address}": address.url}
    filled = list(command)
    for name, value in values.items():
        filled = [word.replace(name, value) for word in filled]
    return filled


async def run_restart(
    command: Sequence[str], address: BotAddress, seconds: float, variables: Mapping[str, str]
) -> str:
    """Run the command for one bot; return why it failed, or nothing.

    It gets the variables without the settings of a bot, some of which are secrets.
    """
    own = {name.upper() for name in Environment.model_fields}
    passed = {name: value for name, value in variables.items() if name not in own}
    filled = fill_placeholders(command, address)
    try:
        status, output = await run_program(
            filled, folder=Path.cwd(), variables=passed, seconds=seconds
        )
    except OSError as error:
        return f"{filled[0]}: {error.strerror or error}"
    if status is None:
        return f"it did not end within {seconds:g} s, and was killed"
    return f"exit code {status}: {output.strip()[-_LAST:]}" if status else ""
