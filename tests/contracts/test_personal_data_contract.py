"""What everything that keeps erasable records of people does alike."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from bot.adapters.sqlite_store import SqliteOutbox, SqliteStore
from bot.domain.audit import AuditEntry
from bot.domain.people import Person
from bot.domain.personal_data import DataSubject
from bot.domain.posts import Post
from bot.ports.personal_data import ErasableData
from tests.fakes.fake_erasable import FakeErasable

NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
ADA = DataSubject(id=2**61 + 1, pseudonym="u-ada")
BOB = DataSubject(id=2**61 + 2, pseudonym="u-bob")


class Kept(NamedTuple):
    """What keeps the records, and how one is added."""

    data: ErasableData
    add: Callable[[DataSubject, str], Awaitable[None]]


@pytest.fixture(params=["fake", "audit notes", "outbox"])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kept]:
    if request.param == "fake":
        fake = FakeErasable()

        async def add(subject: DataSubject, text: str) -> None:
            fake.texts.setdefault(subject.id, []).append(text)

        yield Kept(fake, add)
    elif request.param == "outbox":
        async with SqliteOutbox(tmp_path / "theseus.sqlite3") as outbox:

            async def post(subject: DataSubject, text: str) -> None:
                await outbox.enqueue(text, 1, Post(text=f"<@{subject.id}> {text}"))

            yield Kept(outbox, post)
    else:
        async with SqliteStore(tmp_path / "theseus.sqlite3") as store:

            async def note(subject: DataSubject, text: str) -> None:
                person = Person(id=subject.id, name="A")
                entry = AuditEntry(at=NOW, action="ask", allowed=True, person=person, note=text)
                await store.append_audit_entry(entry)

            yield Kept(store.audit_notes, note)


async def test_what_is_of_a_person_is_counted_and_erased_and_the_rest_stays(kept: Kept) -> None:
    for subject, text in ((ADA, "one"), (BOB, "two"), (ADA, "three")):
        await kept.add(subject, text)
    assert await kept.data.count_records(ADA) == 2
    assert await kept.data.erase(ADA) == 2
    assert await kept.data.erase(ADA) == 0
    assert await kept.data.count_records(ADA) == 0
    assert await kept.data.count_records(BOB) == 1
