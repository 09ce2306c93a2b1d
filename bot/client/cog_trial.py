"""`python -m bot.client.cog_trial ROOT OTHERS CHANGED`: loads cogs in a client that never connects.

It runs in a separate process, because a cog may do anything while it loads. The environment
variable `COG_TRIAL` names the folder for the results, one line per changed cog.
"""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from discord.ext import commands

from bot.client._client import TheseusClient
from bot.client._cog_failures import describe_failure
from bot.client._identity import Identity
from bot.domain.cogs import is_own_cog
from bot.domain.errors import PartMissing
from bot.domain.guilds import AllowLists
from bot.domain.journal import Action
from bot.domain.people import AllowList
from bot.infra.standard_logs import use_standard_logging
from bot.telemetry import Recorder

FOLDER = "COG_TRIAL"
RESULTS = "results.ndjson"
SHARED = "ui"


async def try_cogs(root: Path, folder: Path, others: list[str], changed: list[str]) -> None:
    """Load the other cogs, then those that changed; write how each of these went.

    The bot's own come before all others, as at a start.

    A cog that asks for parts of the bot which are not there has come as far as it can here.
    """
    client = TheseusClient(
        root=root,
        state=folder / "state",
        clock=_Clock(),
        recorder=Recorder(_Journal(), _Clock(), root, b"trial", lambda: None),  # type: ignore[arg-type]
        identity=Identity(guild_id=1, dev_channel_id=1, people=AllowLists(AllowList())),
    )
    (folder / "state").mkdir()
    async with client:
        client.task_watch.attach()  # none of them ends this process
        own = [name for name in (*others, *changed) if is_own_cog(name)]
        foreign = [name for name in (*others, *changed) if not is_own_cog(name)]
        for name in (*own, *foreign):
            if name != SHARED:
                await _try_load(client, folder, name, counts=name in changed or SHARED in changed)


async def _try_load(client: TheseusClient, folder: Path, name: str, *, counts: bool) -> None:
    note = _Notes(folder / RESULTS if counts else None)
    note.write(name=name, state="begun")
    try:
        await client.load_extension(f"cogs.{name}")
    except Exception as error:  # noqa: BLE001  # a cog may raise anything
        cause = error.original if isinstance(error, commands.ExtensionFailed) else error
        if not isinstance(cause, PartMissing):
            note.write(name=name, state="failed", reason=describe_failure(error))
            return
    note.write(name=name, state="loaded")


class _Notes:
    def __init__(self, file: Path | None) -> None:
        self._file = file

    def write(self, **told: str) -> None:
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(told) + "\n")


class _Journal:
    """A journal that stores no records."""

    def append(self, action: Action) -> None:
        del action


class _Clock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def main() -> None:
    """Try the cogs, and exit at once, without waiting for threads or tasks of the cogs."""
    use_standard_logging()
    root, others, changed = Path(sys.argv[1]), json.loads(sys.argv[2]), json.loads(sys.argv[3])
    asyncio.run(try_cogs(root, Path(os.environ[FOLDER]), others, changed))
    os._exit(0)


if __name__ == "__main__":
    main()
