"""The local forge's issues: rows in SQLite, numbered together with its pull requests.

Every function here runs inside one transaction, on the database's thread.
"""

import json
import re
import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, NamedTuple

from bot.domain.errors import ForgeRejected
from bot.domain.issue import ForgeDiscussion, ForgeIssue
from bot.infra.sqlite_migrations import Migration
from bot.ports.clock import Clock

ISSUES = Migration(
    "issues",
    (
        """CREATE TABLE issues (
            number INTEGER PRIMARY KEY,
            title TEXT NOT NULL,
            body TEXT NOT NULL,
            author TEXT NOT NULL,
            labels TEXT NOT NULL,
            state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
            opened_at TEXT NOT NULL
        )""",
        """CREATE TABLE issue_comments (
            issue INTEGER NOT NULL REFERENCES issues (number),
            key TEXT NOT NULL,
            text TEXT NOT NULL,
            at TEXT NOT NULL,
            PRIMARY KEY (issue, key)
        )""",
    ),
)
_CLOSES = re.compile(r"^Closes #(\d{1,9})$", re.MULTILINE)


class ListedIssue(NamedTuple):
    """One issue as a page lists it."""

    number: int
    title: str
    author: str
    state: Literal["open", "closed"]
    comments: tuple[str, ...]


def parse_closed_issues(body: str) -> tuple[int, ...]:
    """Return the issues that a merge closes: those with `Closes #12` on a separate line."""
    return tuple(int(number) for number in _CLOSES.findall(body))


def get_next_number(db: sqlite3.Connection) -> int:
    """Return the next number; issues and pull requests share them."""
    (highest,) = db.execute(
        "SELECT max((SELECT ifnull(max(number), 0) FROM pulls),"
        " (SELECT ifnull(max(number), 0) FROM issues))"
    ).fetchone()
    return int(highest) + 1


class Issues:
    """What can be done with them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def open(
        self, db: sqlite3.Connection, title: str, body: str, author: str, labels: Iterable[str]
    ) -> ForgeIssue:
        """Open one."""
        number, at = get_next_number(db), self._clock.now()
        db.execute(
            "INSERT INTO issues (number, title, body, author, labels, opened_at)"
            " VALUES (?,?,?,?,?,?)",
            (number, title, body, author, json.dumps(sorted(labels)), at.isoformat()),
        )
        return ForgeIssue(number=number, url="", title=title, body=body, author=author, at=at)

    def list_newest(self, db: sqlite3.Connection, limit: int) -> tuple[ListedIssue, ...]:
        """Return open and closed ones with what was said on them, newest first."""
        rows = db.execute(
            "SELECT number, title, author, state FROM issues ORDER BY number DESC LIMIT ?", (limit,)
        )
        return tuple(
            ListedIssue(number, title, author, state, self.list_comments(db, number))
            for number, title, author, state in rows.fetchall()
        )

    def list_newest_texts(self, db: sqlite3.Connection, limit: int) -> tuple[ForgeDiscussion, ...]:
        """Return open and closed ones, newest first."""
        rows = db.execute(
            "SELECT number, title, body, state FROM issues ORDER BY number DESC LIMIT ?", (limit,)
        )
        return tuple(
            ForgeDiscussion(number=number, title=title, body=body, state=state)
            for number, title, body, state in rows.fetchall()
        )

    def list_labelled(self, db: sqlite3.Connection, label: str) -> tuple[ForgeIssue, ...]:
        """Return the open ones with that label, oldest first."""
        rows = db.execute(
            "SELECT number, title, body, author, opened_at FROM issues WHERE state = 'open' AND"
            " EXISTS (SELECT 1 FROM json_each(labels) WHERE value = ?) ORDER BY number",
            (label,),
        )
        return tuple(
            ForgeIssue(
                number=number,
                url="",
                title=title,
                body=body,
                author=author,
                at=datetime.fromisoformat(at),
            )
            for number, title, body, author, at in rows.fetchall()
        )

    def answer(self, db: sqlite3.Connection, number: int, text: str, key: str) -> None:
        """Keep a comment, once for each key."""
        if db.execute("SELECT 1 FROM issues WHERE number = ?", (number,)).fetchone() is None:
            raise ForgeRejected(f"the forge has no issue #{number}")
        db.execute(
            "INSERT OR IGNORE INTO issue_comments VALUES (?,?,?,?)",
            (number, key, text, self._clock.now().isoformat()),
        )

    def list_comments(self, db: sqlite3.Connection, number: int) -> tuple[str, ...]:
        """Return what was said on one, oldest first."""
        rows = db.execute(
            "SELECT text FROM issue_comments WHERE issue = ? ORDER BY rowid", (number,)
        )
        return tuple(text for (text,) in rows.fetchall())


def close_issues(db: sqlite3.Connection, body: str) -> None:
    """Close the issues that a merged pull request names; unknown numbers are ignored."""
    for number in parse_closed_issues(body):
        db.execute("UPDATE issues SET state = 'closed' WHERE number = ?", (number,))
