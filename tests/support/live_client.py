"""The real client on a local Discord, with cogs written on the spot and the real journal."""

import asyncio
import importlib
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import ModuleType

from local_discord.person import Person
from local_discord.server import LocalDiscord
from local_discord_tests.sample_bot import run_bot
from theseus_observe.redaction import redact

from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.system_clock import SystemClock
from bot.client import Identity, TheseusClient
from bot.domain.flag import build_flags_for_all
from bot.domain.guilds import AllowLists
from bot.domain.journal import Action, JournalQuery, Kind
from bot.domain.people import AllowList
from bot.infra.injector import Injector
from bot.ports.clock import Clock
from bot.telemetry import Recorder, TrafficRecorder
from tests.support.command_driver import DiscordAddress


class Home:
    """A folder with cogs, from which a client runs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state = root / "state"

    def write(self, file: str, source: str) -> str:
        """Write a file under the root; return its name."""
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source))
        return file

    def delete(self, file: str) -> str:
        """Delete a file; return its name."""
        (self.root / file).unlink()
        return file


@contextmanager
def use_own_cogs(root: Path) -> Iterator[Home]:
    """Make `cogs` mean the folder under `root`, in this interpreter, until the block ends."""
    kept = _forget_cogs()
    home = Home(root)
    home.write("cogs/__init__.py", "")
    sys.path.insert(0, str(root))
    importlib.invalidate_caches()
    try:
        yield home
    finally:
        sys.path.remove(str(root))
        _forget_cogs()
        sys.modules.update(kept)


def _forget_cogs() -> dict[str, ModuleType]:
    ours = [name for name in sys.modules if name == "cogs" or name.startswith("cogs.")]
    return {name: sys.modules.pop(name) for name in ours}


class WatchedJournal(NdjsonJournal):
    """The real journal, with a signal for each write."""

    def __init__(self, state: Path) -> None:
        super().__init__(state, redact=redact)
        self._news = asyncio.Event()

    def append(self, action: Action) -> None:
        super().append(action)
        self._news.set()

    async def list_by_kind(self, kind: Kind) -> list[Action]:
        """Return the records of a kind, oldest first."""
        found = await self.read(JournalQuery(limit=1000))
        return [action for action in found if action.kind is kind]

    async def wait_for(self, kind: Kind, wanted: Callable[[Action], bool] | None = None) -> Action:
        """Return the first record of a kind (of which something holds), waiting for it."""
        async with asyncio.timeout(15):
            while True:
                self._news.clear()
                for action in await self.list_by_kind(kind):
                    if wanted is None or wanted(action):
                        return action
                await self._news.wait()


class LiveClient:
    """An online client with its journal, its home and a person who talks to it."""

    def __init__(
        self, home: Home, client: TheseusClient, journal: WatchedJournal, alice: Person
    ) -> None:
        self.home = home
        self.client = client
        self.journal = journal
        self.alice = alice

    async def list_commands(self) -> list[str]:
        """Return the names of the commands Discord shows."""
        told = await self.alice.call("GET", "/local/commands")
        return sorted(command["name"] for command in told["commands"])


def make_client(
    home: Home,
    journal: NdjsonJournal,
    guild_id: int | None,
    *,
    extensions: Sequence[str] = (),
    clock: Clock | None = None,
    traffic: TrafficRecorder | None = None,
    flags: Sequence[str] = (),
    block_seconds: float = 2.0,
    services: Injector | None = None,
) -> TheseusClient:
    """Make a client that runs from a home, with these flags on."""
    clock = clock or SystemClock()
    recorder = Recorder(journal, clock, home.root, b"salt for the tests", lambda: "abc1234")
    return TheseusClient(
        root=home.root,
        state=home.state,
        clock=clock,
        recorder=recorder,
        identity=Identity(guild_id=guild_id, dev_channel_id=0, people=AllowLists(AllowList())),
        traffic=traffic,
        flags=build_flags_for_all(flags).get,
        extensions=extensions,
        guild_ready_timeout=0.01,
        block_seconds=block_seconds,
        services=services,
    )


@asynccontextmanager
async def run_client(
    home: Home,
    local: LocalDiscord | DiscordAddress,
    *,
    extensions: Sequence[str] = (),
    traffic: TrafficRecorder | None = None,
    flags: Sequence[str] = (),
    clock: Clock | None = None,
    block_seconds: float = 2.0,
) -> AsyncIterator[LiveClient]:
    """Run a client until the block ends; it is ready when the block begins."""
    async with (
        WatchedJournal(home.state) as journal,
        Person(local.base_url, "alice") as alice,
        run_bot(
            make_client(
                home,
                journal,
                local.guild_id,
                extensions=extensions,
                clock=clock,
                traffic=traffic,
                flags=flags,
                block_seconds=block_seconds,
            ),
            local,
        ) as client,
    ):
        yield LiveClient(home, client, journal, alice)
