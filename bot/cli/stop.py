"""`theseus stop`: the emergency stop on the machine, with or without a running bot."""

import asyncio
import getpass
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from theseus_observe.redaction import redact

from bot.adapters.file_kill_switch import FileKillSwitch
from bot.app.state_stores import StateStores
from bot.authority.policy import Act
from bot.domain.audit import AuditEntry
from bot.domain.errors import ConfigError, StoreError
from bot.domain.stop import Stop
from bot.settings import Environment, read_environment


def stop(
    lift: Annotated[
        bool, typer.Option("--lift", help="Lift the stop, so that runs can start again.")
    ] = False,
    why: Annotated[str, typer.Option(help="The reason, for others to read.")] = "",
) -> None:
    """Stop all runs, and start no new ones until the stop is lifted.

    Runs end within seconds. The stop survives restarts.

    Example: theseus stop --why "the bill is too high"
    """
    here = Path.cwd()
    # Only the environment is read: a broken config.yaml must not prevent an emergency stop.
    environment = read_environment(os.environ, here / ".env")
    state = here / environment.theseus_state.expanduser()
    config = here / environment.theseus_config.expanduser()
    # In a wrong folder the stop would seem to work, but no bot would see it.
    if not state.exists() and not config.exists():
        raise ConfigError(
            f"stop: {here} contains no bot: neither {state} nor {config} exists. Run this in the "
            "bot's folder, or set THESEUS_STATE to its state folder."
        )
    asyncio.run((_lift if lift else _stop)(state, environment, why))


async def _stop(state: Path, environment: Environment, why: str) -> None:
    kill_switch = FileKillSwitch((environment.theseus_shared or state) / "STOP")
    requested = Stop(how="command line", at=datetime.now(UTC), why=redact(why))
    active = await kill_switch.pull(requested)
    note = "" if active == requested else " It was active before."
    _say(f"Stopped: {kill_switch.path} is active until `theseus stop --lift`.{note}")
    await _record_audit(state, environment, Act.STOP, why)


async def _lift(state: Path, environment: Environment, why: str) -> None:
    kill_switch = FileKillSwitch((environment.theseus_shared or state) / "STOP")
    active = await kill_switch.get_stop()
    await kill_switch.lift()
    _say("The stop is lifted." if active else "There was no active stop.")
    if active is not None:
        await _record_audit(state, environment, Act.LIFT, why)


async def _record_audit(state: Path, environment: Environment, act: Act, why: str) -> None:
    """Append the act to the audit log; a failure is only reported.

    The stop itself has worked by then, and a running bot records it too.
    """
    entry = AuditEntry(
        at=datetime.now(UTC),
        action=act,
        allowed=True,
        how="command line",
        note=f"{getpass.getuser()}: {why or '-'}",
    )
    try:
        async with StateStores.find(state, environment).build_store() as store:
            await store.append_audit_entry(entry)
    except (ConfigError, StoreError) as error:
        sys.stderr.write(f"theseus: not written to the audit log: {redact(str(error))}\n")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
