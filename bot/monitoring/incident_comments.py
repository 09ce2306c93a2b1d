"""Stores the comments on incidents, each list in a row of its own."""

import asyncio
from dataclasses import dataclass, field

from theseus_observe.redaction import redact

from bot.domain.errors import OutOfBounds, WrongStage
from bot.domain.incident_comments import (
    COMMENTS,
    LONGEST_COMMENT,
    MOST_COMMENTS,
    IncidentComment,
    IncidentComments,
)
from bot.domain.personal_data import DataSubject
from bot.ports.key_value_store import KeyValueStore


@dataclass(frozen=True, eq=False)
class CommentStore:
    """Comments by incident. They are kept apart from it, because it is saved at every failure."""

    key_values: KeyValueStore
    _changing: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def list_comments(self, incident_id: str) -> tuple[IncidentComment, ...]:
        """Return the comments on an incident, oldest first. Raises `StoreError`."""
        stored = await self.key_values.get(COMMENTS + incident_id, IncidentComments)
        return stored.comments if stored is not None else ()

    async def put(self, incident_id: str, comment: IncidentComment) -> None:
        """Add a comment, or replace the one with its id.

        Raises `WrongStage` if the incident has the most comments it can have, and `StoreError`.
        """
        async with self._changing:
            known = await self.list_comments(incident_id)
            others = [each for each in known if each.id != comment.id]
            if len(others) >= MOST_COMMENTS:
                raise WrongStage(
                    f"This incident has {MOST_COMMENTS} comments and takes no more. "
                    "Go on in its thread."
                )
            added = sorted((*others, comment), key=lambda each: each.at)
            await self._save(incident_id, tuple(added))

    async def remove(self, incident_id: str, comment_id: str) -> bool:
        """Remove a comment; return whether it was there. Raises `StoreError`."""
        async with self._changing:
            known = await self.list_comments(incident_id)
            left = tuple(each for each in known if each.id != comment_id)
            if len(left) < len(known):
                await self._save(incident_id, left)
        return len(left) < len(known)

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many comments the person has written. Raises `StoreError`."""
        stored = await self.key_values.list_records(COMMENTS, IncidentComments)
        return sum(each.person.id == subject.id for row in stored for each in row.comments)

    async def erase(self, subject: DataSubject) -> int:
        """Forget the person's comments; return how many. Raises `StoreError`."""
        count = 0
        async with self._changing:
            for row in await self.key_values.list_records(COMMENTS, IncidentComments):
                left = tuple(each for each in row.comments if each.person.id != subject.id)
                if len(left) < len(row.comments):
                    count += len(row.comments) - len(left)
                    await self._save(row.incident, left)
        return count

    async def _save(self, incident_id: str, comments: tuple[IncidentComment, ...]) -> None:
        name = COMMENTS + incident_id
        if comments:
            await self.key_values.put(
                name, IncidentComments(incident=incident_id, comments=comments)
            )
        else:
            await self.key_values.remove(name)


def clean_comment(text: str) -> str:
    """Return a comment's text, redacted. Raises `OutOfBounds` if it is empty or too long."""
    cleaned = redact(text.replace("\r\n", "\n")).strip()
    if not cleaned:
        raise OutOfBounds("Write something: the comment is empty.")
    if len(cleaned) > LONGEST_COMMENT:
        raise OutOfBounds(
            f"A comment has at most {LONGEST_COMMENT:,} characters, and yours has {len(cleaned):,}."
        )
    return cleaned
