"""A process that audits and journals as fast as it can: `python -m ... STATE`, until it ends.

It prints the number of each entry that is in both.
"""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from theseus_observe.redaction import redact

from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.sqlite_store import SqliteStore
from bot.authority.audit_watch import HEAD
from bot.domain.ids import create_sortable_id
from bot.domain.journal import Action, ActionOutcome, Kind
from tests.fakes.fake_clock import START
from tests.support.state_folders import make_entry


async def _write(state: Path) -> None:
    async with (
        SqliteStore(state / "theseus.sqlite3") as store,
        NdjsonJournal(state, redact=redact) as journal,
    ):
        number = 0
        while True:
            number += 1
            await store.append_audit_entry(make_entry(number))
            head = (await store.verify_audit_log(tail=1)).head
            journal.append(_make_action(f"{head.number} {head.hash}"))
            sys.stdout.write(f"{head.number}\n")
            sys.stdout.flush()


def _make_action(head: str) -> Action:
    return Action(
        ts=START,
        id=create_sortable_id(datetime.now(UTC)),
        event=f"{Kind.GATEWAY}.{HEAD}",
        kind=Kind.GATEWAY,
        name=HEAD,
        outcome=ActionOutcome.OK,
        agent=head,
    )


if __name__ == "__main__":
    asyncio.run(_write(Path(sys.argv[1])))
