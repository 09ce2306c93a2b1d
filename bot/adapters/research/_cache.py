"""The file of research: pages that were read lately, turns of runs, and texts of packages.

Nothing in it is needed: the file is made again if it is lost. Questions are stored as digests.
"""

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from bot.domain.errors import StoreError
from bot.domain.research import Passage
from bot.infra.sqlite import Database, DatabaseOwner, replace_surrogates, stamp
from bot.infra.sqlite_migrations import Migration
from bot.ports.clock import Clock

MIGRATIONS = (
    Migration(
        "0001_research",
        (
            """
            CREATE TABLE read_passages (
                key TEXT PRIMARY KEY,
                at TEXT NOT NULL,
                body TEXT NOT NULL
            )
            """,
            "CREATE TABLE run_turns (run_id TEXT PRIMARY KEY, at TEXT NOT NULL, turns INTEGER)",
            "CREATE TABLE indexed_packages (name TEXT PRIMARY KEY, at TEXT NOT NULL)",
            "CREATE VIRTUAL TABLE package_words USING fts5 (name UNINDEXED, package UNINDEXED,"
            " kind UNINDEXED, version UNINDEXED, locator UNINDEXED, text UNINDEXED, words,"
            " tokenize = 'ascii')",
        ),
    ),
)
_MOST_ENTRIES = 2_000
_TURNS_KEPT = timedelta(days=60)


class SqliteResearchCache(DatabaseOwner):
    """Implements `bot.ports.research.ResearchCache` on one file. Open it before use."""

    def __init__(self, path: Path, clock: Clock, keep: timedelta) -> None:
        super().__init__(Database(path, MIGRATIONS, error=StoreError, derived=True))
        self._clock = clock
        self._keep = keep

    async def get(self, key: str) -> tuple[Passage, ...] | None:
        """Return the passages of that key, unless they are too old."""
        since, digest = stamp(self._clock.now() - self._keep), _compute_digest(key)
        row = await self._database.read(
            lambda db: db.execute(
                "SELECT body FROM read_passages WHERE key = ? AND at > ?", (digest, since)
            ).fetchone()
        )
        if row is None:
            return None
        return tuple(Passage.model_validate(each) for each in json.loads(row[0]))

    async def save(self, key: str, passages: Sequence[Passage]) -> None:
        """Store the passages, and remove what is too old."""
        now = self._clock.now()
        body = json.dumps([each.model_dump(mode="json") for each in passages], ensure_ascii=True)

        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "INSERT OR REPLACE INTO read_passages (key, at, body) VALUES (?, ?, ?)",
                (_compute_digest(key), stamp(now), body),
            )
            db.execute("DELETE FROM read_passages WHERE at <= ?", (stamp(now - self._keep),))
            db.execute(
                "DELETE FROM read_passages WHERE key IN (SELECT key FROM read_passages"
                " ORDER BY at DESC LIMIT -1 OFFSET ?)",
                (_MOST_ENTRIES,),
            )

        await self._database.write(work)

    async def take_turn(self, run_id: str, most: int) -> bool:
        """Count one question of the run, unless it has had its turns."""
        now = self._clock.now()

        def work(db: sqlite3.Connection) -> bool:
            db.execute("DELETE FROM run_turns WHERE at <= ?", (stamp(now - _TURNS_KEPT),))
            row = db.execute("SELECT turns FROM run_turns WHERE run_id = ?", (run_id,)).fetchone()
            turns = row[0] if row else 0
            if turns >= most:
                return False
            db.execute(
                "INSERT OR REPLACE INTO run_turns (run_id, at, turns) VALUES (?, ?, ?)",
                (run_id, stamp(now), turns + 1),
            )
            return True

        return await self._database.write(work)


def _compute_digest(key: str) -> str:
    return hashlib.sha256(replace_surrogates(key).encode()).hexdigest()
