"""The local forge's pull requests: rows in SQLite, each brought together with the branches.

Every function here runs inside one transaction of `_sqlite.Database`, on its thread. The branches
are the truth: a row is brought up to date from them before anything is decided, so whatever was
pushed or merged by hand, or left half done by a killed process, is seen.
"""

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

from bot.domain.change import MergeResult
from bot.domain.errors import ForgeConflict, ForgeRejected
from bot.domain.links import parse_web_address
from bot.domain.proposal import ForgeProposal, ProposalDraft
from bot.infra.forge_issues import ISSUES, close_issues, get_next_number
from bot.infra.forge_repository import BareRepository
from bot.infra.sqlite_migrations import Migration
from bot.ports.clock import Clock

MIGRATIONS = (
    Migration(
        "pulls",
        (
            """CREATE TABLE pulls (
                number INTEGER PRIMARY KEY AUTOINCREMENT,
                run_id TEXT NOT NULL UNIQUE,
                branch TEXT NOT NULL,
                base_branch TEXT NOT NULL,
                title TEXT NOT NULL,
                body TEXT NOT NULL,
                state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'merged', 'closed')),
                published TEXT NOT NULL,
                base_at_opening TEXT NOT NULL,
                merge_commit TEXT,
                undoes INTEGER REFERENCES pulls (number),
                reason TEXT NOT NULL DEFAULT '',
                opened_at TEXT NOT NULL,
                updated_at TEXT NOT NULL
            )""",
            "CREATE UNIQUE INDEX one_open_pull_a_branch ON pulls (branch) WHERE state = 'open'",
        ),
    ),
    ISSUES,
)


class Pull(NamedTuple):
    """One pull request. `published` is the head this forge put there last."""

    number: int
    run_id: str
    branch: str
    base_branch: str
    title: str
    body: str
    state: Literal["open", "merged", "closed"]
    published: str
    base_at_opening: str
    merge_commit: str | None
    reverted_pull: int | None
    reason: str
    opened_at: str
    updated_at: str


class Pulls:
    """What can be done with them."""

    def __init__(self, bare: BareRepository, clock: Clock, base_url: str) -> None:
        self._bare = bare
        self._clock = clock
        self._base_url = base_url.rstrip("/")

    def get(self, db: sqlite3.Connection, number: int) -> Pull:
        """Return one as it is now; `ForgeRejected` if there is no such number."""
        found = self._select(db, "number = ?", number)
        if found is None:
            raise ForgeRejected(f"the forge has no pull request #{number}")
        return found

    def find_by_run(self, db: sqlite3.Connection, run_id: str) -> Pull | None:
        """Return the run's, as it is now."""
        return self._select(db, "run_id = ?", run_id)

    def list_newest(self, db: sqlite3.Connection, limit: int) -> tuple[Pull, ...]:
        """Return them newest first."""
        rows = db.execute("SELECT * FROM pulls ORDER BY number DESC LIMIT ?", (limit,))
        return tuple(self._refresh(Pull(*row)) for row in rows.fetchall())

    def to_proposal(self, pull: Pull) -> ForgeProposal:
        """Return it as the port shows it."""
        head = pull.published
        if pull.state == "open":
            head = self._bare.get_head(pull.branch) or head
        return ForgeProposal(
            number=pull.number,
            url=self.get_url(pull.number),
            state=pull.state,
            head=head,
            branch=pull.branch,
            base_branch=pull.base_branch,
            title=pull.title,
            merge_commit=pull.merge_commit,
        )

    def get_url(self, number: int) -> str:
        """Return the address of its page; "" if no pages are served."""
        return parse_web_address(f"{self._base_url}/forge/pulls/{number}")

    def get_span(self, pull: Pull) -> tuple[str, str]:
        """Return the two commits whose difference is the change."""
        if pull.merge_commit is None:
            return self._bare.get_base(pull.base_branch), self.to_proposal(pull).head
        if pull.merge_commit == pull.published:  # moved forward by hand, without a merge commit
            return pull.base_at_opening, pull.published
        return f"{pull.merge_commit}^1", pull.published

    def open(self, db: sqlite3.Connection, draft: ProposalDraft) -> Pull:
        """Publish the draft's branch, and open its pull request or update the one there is."""
        pull = self.find_by_run(db, draft.run_id)
        if pull is not None and pull.state != "open":
            if pull.published == draft.head:
                return pull
            raise ForgeRejected(f"pull request #{pull.number} of this run is {pull.state} already")
        if pull is not None and pull.branch != draft.branch:
            raise ForgeRejected(f"pull request #{pull.number} of this run is on {pull.branch}")
        base = self._bare.get_base(draft.base_branch)
        if draft.branch == draft.base_branch:
            raise ForgeRejected(f"{draft.branch} cannot be proposed for itself")
        published = pull.published if pull else None
        head = self._bare.publish(Path(draft.repository), draft.branch, draft.head, published)
        if pull is None:
            if self._bare.has_commit(base, head):
                raise ForgeRejected(f"{draft.branch} has no commit that {draft.base_branch} lacks")
            return self._insert(db, draft.replace(head=head), base)
        db.execute(
            "UPDATE pulls SET published = ?, title = ?, body = ?, updated_at = ? WHERE number = ?",
            (head, draft.title, draft.body, self._stamp(), pull.number),
        )
        return self.get(db, pull.number)

    def merge(
        self,
        db: sqlite3.Connection,
        number: int,
        expected_head: str,
        result: MergeResult | None = None,
    ) -> Pull:
        """Merge if the head is still the expected one."""
        pull = self.get(db, number)
        head = self.to_proposal(pull).head
        if pull.state == "closed":
            raise ForgeRejected(f"pull request #{number} was closed")
        if head != expected_head:
            raise ForgeConflict(
                f"pull request #{number} stands at {head[:12]}, not at the approved "
                f"{expected_head[:12]}"
            )
        if pull.state == "open":
            message = (
                f"Merge pull request #{number} from {pull.branch}\n\n"
                f"{pull.title}\n\nRun: {pull.run_id}"
            )
            commit = self._bare.merge(
                pull.branch, head, pull.base_branch, message, self._clock.now(), result
            )
            pull = pull._replace(state="merged", published=head, merge_commit=commit)
        self._settle(db, pull)
        close_issues(db, pull.body)
        return pull

    def close(self, db: sqlite3.Connection, number: int, reason: str) -> Pull:
        """Close without merging."""
        pull = self.get(db, number)
        if pull.state == "merged":
            raise ForgeRejected(f"pull request #{number} is merged already")
        if pull.state == "open":
            head = self.to_proposal(pull).head
            pull = pull._replace(state="closed", reason=reason, published=head)
            self._settle(db, pull)
        return pull

    def _select(self, db: sqlite3.Connection, condition: str, value: object) -> Pull | None:
        row = db.execute(f"SELECT * FROM pulls WHERE {condition}", (value,)).fetchone()  # noqa: S608 - our words
        return None if row is None else self._refresh(Pull(*row))

    def _refresh(self, pull: Pull) -> Pull:
        """Return an open one as merged if its branch has reached the base branch."""
        if pull.state != "open":
            return pull
        head, base = self._bare.get_head(pull.branch), self._bare.get_head(pull.base_branch)
        if head is None or base is None:
            return pull
        merged = self._bare.find_merge_commit(head, base, pull.base_at_opening)
        if merged is None:
            return pull
        return pull._replace(state="merged", published=head, merge_commit=merged)

    def _insert(self, db: sqlite3.Connection, draft: ProposalDraft, base: str) -> Pull:
        existing = db.execute(
            "SELECT number FROM pulls WHERE branch = ? AND state = 'open'", (draft.branch,)
        ).fetchone()
        if existing is not None:
            raise ForgeRejected(f"branch {draft.branch} has pull request #{existing[0]} already")
        stamp = self._stamp()
        number = get_next_number(db)
        db.execute(
            "INSERT INTO pulls (number, run_id, branch, base_branch, title, body, published, "
            "base_at_opening, opened_at, updated_at) VALUES (?,?,?,?,?,?,?,?,?,?)",
            (number, draft.run_id, draft.branch, draft.base_branch, draft.title, draft.body,
             draft.head, base, stamp, stamp),
        )  # fmt: skip
        return self.get(db, number)

    def _settle(self, db: sqlite3.Connection, pull: Pull) -> None:
        db.execute(
            "UPDATE pulls SET state = ?, published = ?, merge_commit = ?, reason = ?, "
            "updated_at = ? WHERE number = ?",
            (pull.state, pull.published, pull.merge_commit, pull.reason, self._stamp(),
             pull.number),
        )  # fmt: skip

    def _stamp(self) -> str:
        now: datetime = self._clock.now()
        return now.isoformat()
