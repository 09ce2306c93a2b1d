"""Runs the client with one cog on a local Discord, in a separate process, and asks for its commands
once.

Run in the tree of the cog, as `python -m bench._reach_child COG STATE QUOTES`. Prints what failed
and what was recorded of it, as JSON.
"""

import asyncio
import json
import sys
from contextlib import suppress
from pathlib import Path

from local_discord.client import run_bot
from local_discord.person import PersonRefusedError
from local_discord.server import LocalDiscord, LocalPerson
from theseus_observe.redaction import redact

from bench.fault_people import People
from bench.script_data import build_script, read_data
from bot.adapters.file_snapshots import FileSnapshots
from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.sqlite_traffic import SqliteTraffic
from bot.adapters.system_clock import SystemClock
from bot.client import Identity, TheseusClient
from bot.demo.demo import TOKEN
from bot.domain.guilds import AllowLists
from bot.domain.journal import ActionOutcome, JournalQuery
from bot.domain.people import AllowList
from bot.telemetry import Recorder, TrafficRecorder

ROOT = Path.cwd()
PEOPLE = [LocalPerson("alice", listed=True), LocalPerson("bob", listed=True)]


async def run_cog(cog: str, state: Path, quotes: str) -> dict[str, object]:
    """Return the failures in the journal and the records of traffic, once all was done."""
    clock = SystemClock()
    await asyncio.to_thread((state / "quotes.url").write_text, quotes)
    async with (
        NdjsonJournal(state, redact=redact) as journal,
        SqliteTraffic(state / "traffic" / "traffic.sqlite3", redact=redact) as log,
        LocalDiscord(PEOPLE, token=TOKEN) as local,
        People(local.base_url) as people,
    ):
        snapshots = FileSnapshots(state / "traffic" / "snapshots", state, clock)
        traffic = TrafficRecorder(log, snapshots, clock, b"bench", lambda: "0" * 40)
        recorder = Recorder(journal, clock, ROOT, b"bench", lambda: "0" * 40, redact=redact)
        client = TheseusClient(
            root=ROOT,
            state=state,
            clock=clock,
            recorder=recorder,
            identity=Identity(local.guild_id, local.dev_channel_id, AllowLists(AllowList())),
            traffic=traffic,
            extensions=[f"cogs.{cog}"],
            guild_ready_timeout=0.01,
        )
        async with run_bot(client, local):
            await _run_steps(people, cog)
        await traffic.write(flush=True)
        failed = await journal.read(JournalQuery(outcome=ActionOutcome.ERROR))
        records = await log.list_since(failed[0].ts.replace(year=2000)) if failed else ()
    return {
        "failures": [each.model_dump(mode="json") for each in failed],
        "traffic": [each.model_dump(mode="json") for each in records],
    }


async def _run_steps(people: People, cog: str) -> None:
    """Do one step after the other; what an earlier failure made impossible is left out."""
    for step in build_script(cog, read_data("ways_in.yaml")[cog]).steps:
        with suppress(LookupError, PersonRefusedError):
            await people.run_steps([step])


if __name__ == "__main__":
    _, COG, STATE, QUOTES = sys.argv
    sys.stdout.write(json.dumps(asyncio.run(run_cog(COG, Path(STATE), QUOTES))))
