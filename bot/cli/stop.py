"""`theseus stop`: the emergency stop for whoever has the machine, with or without a running bot."""

import asyncio
import getpass
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.adapters.file_kill_switch import FileKillSwitch
from bot.adapters.sqlite_store import SqliteStore
from bot.authority.policy import Act
from bot.domain.audit import AuditEntry
from bot.domain.errors import ConfigError, StoreError
from bot.domain.stop import Stop
from bot.redaction import redact
from bot.settings import read_environment


def stop(
    lift: Annotated[bool, typer.Option("--lift", help="Let work begin again.")] = False,
    why: Annotated[str, typer.Option(help="What others should know.")] = "",
) -> None:
    """End all runs within seconds; nothing begins until it is lifted.

    It survives restarts.

    For example: theseus stop --why "the bill is too high"
    """
    here = Path.cwd()
    environment = read_environment(os.environ, here / ".env")  # a broken config.yaml is no reason
    state = here / environment.theseus_state.expanduser()
    config = here / environment.theseus_config.expanduser()
    # A stop where no bot is would be believed, and stop nothing.
    if not state.exists() and not config.exists():
        raise ConfigError(
            f"stop: there is no bot in {here}: neither {state} nor {config} exists. Run this in "
            "the bot's folder, or set THESEUS_STATE to its state folder."
        )
    asyncio.run(_lift(state, why) if lift else _stop(state, why))


async def _stop(state: Path, why: str) -> None:
    kill_switch = FileKillSwitch(state / "STOP")
    given = Stop(how="command line", at=datetime.now(UTC), why=redact(why))
    standing = await kill_switch.pull(given)
    again = "" if standing == given else " It was stopped before."
    _say(f"Stopped: {kill_switch.path} stands until `theseus stop --lift`.{again}")
    await _record_audit(state, Act.STOP, why)


async def _lift(state: Path, why: str) -> None:
    kill_switch = FileKillSwitch(state / "STOP")
    stood = await kill_switch.get_stop()
    await kill_switch.lift()
    _say("Lifted." if stood else "Nothing was stopped.")
    if stood is not None:
        await _record_audit(state, Act.LIFT, why)


async def _record_audit(state: Path, act: Act, why: str) -> None:
    """Write it down; the bot does too when it sees it, so what fails here is no reason to fail."""
    entry = AuditEntry(
        at=datetime.now(UTC),
        action=act,
        allowed=True,
        how="command line",
        note=f"{getpass.getuser()}: {why or '-'}",
    )
    try:
        async with SqliteStore(state / "theseus.sqlite3") as store:
            await store.append_audit_entry(entry)
    except (ConfigError, StoreError) as error:
        sys.stderr.write(f"theseus: not written into the audit log: {redact(str(error))}\n")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
