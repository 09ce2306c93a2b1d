"""Erased data is in no byte of the databases, and the audit log stays valid."""

import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from theseus_observe.redaction import redact

from bot.adapters.sqlite_memory import SqliteMemory
from bot.adapters.sqlite_store import SqliteKeyValueStore, SqliteOutbox, SqliteStore
from bot.adapters.sqlite_store._schema import MIGRATIONS
from bot.authority.personal_data import PersonalDataKind, PersonalDataService
from bot.domain.audit import CHECKPOINT, ERASED_NOTE, AuditEntry
from bot.domain.errors import ChatRejected
from bot.domain.memory import Memory
from bot.domain.people import Person
from bot.domain.personal_data import DataSubject
from bot.domain.posts import MessageRef, Post
from bot.infra.sqlite import Database
from tests.fakes.fake_clock import FakeClock

NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
ADA = Person(id=2**61 + 1, name="Ada")
BOB = Person(id=2**61 + 2, name="Bob")
SUBJECT = DataSubject(id=ADA.id, pseudonym="u-ada")
PLANTED = "zanzibar tuna salad"


def stored(folder: Path) -> bytes:
    """Return every byte of every file."""
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with SqliteStore(tmp_path / "theseus.sqlite3") as opened:
        yield opened


def entry(person: Person | None, note: str, action: str = "ask") -> AuditEntry:
    return AuditEntry(at=NOW, action=action, allowed=True, person=person, note=note)


async def test_no_row_of_the_audit_log_holds_a_text_and_readers_still_see_it(
    store: SqliteStore, tmp_path: Path
) -> None:
    entries = [entry(ADA, PLANTED), entry(None, f"reviewer: {PLANTED}", "revise")]
    for each in entries:
        await store.append_audit_entry(each)
    with sqlite3.connect(tmp_path / "theseus.sqlite3") as connection:
        bodies = connection.execute("SELECT body FROM audit_log").fetchall()
    assert PLANTED not in str(bodies)
    assert list(await store.list_audit_entries()) == entries[::-1]
    assert (await store.verify_audit_log()).broken is None


async def test_an_erased_note_is_in_no_byte_and_the_chain_holds(
    store: SqliteStore, tmp_path: Path
) -> None:
    await store.append_audit_entry(entry(ADA, PLANTED))
    await store.append_audit_entry(entry(BOB, "another text"))
    await store.append_audit_entry(entry(BOB, f"about <@{ADA.id}>: {PLANTED}"))
    assert await store.audit_notes.count_records(SUBJECT) == 2
    assert await store.audit_notes.erase(SUBJECT) == 2
    await store.purge()
    assert PLANTED.encode() not in stored(tmp_path)
    assert [each.note for each in await store.list_audit_entries()] == [
        ERASED_NOTE, "another text", ERASED_NOTE,
    ]  # fmt: skip
    state = await store.verify_audit_log()
    assert (state.last, state.broken) == (3, None)


async def test_a_note_that_somebody_changed_is_found(store: SqliteStore, tmp_path: Path) -> None:
    await store.append_audit_entry(entry(ADA, PLANTED))
    with sqlite3.connect(tmp_path / "theseus.sqlite3") as connection:
        connection.execute("UPDATE audit_notes SET text = 'something else'")
    broken = (await store.verify_audit_log()).broken
    assert broken is not None
    assert (broken.number, broken.kind) == (1, "changed")


async def test_notes_go_with_their_entries(store: SqliteStore, tmp_path: Path) -> None:
    await store.append_audit_entry(entry(ADA, PLANTED))
    await store.append_audit_entry(entry(ADA, "later").replace(at=NOW.replace(year=2027)))
    assert await store.forget_audit_entries(NOW.replace(month=12), NOW.replace(year=2027)) == 1
    await store.purge()
    assert PLANTED.encode() not in stored(tmp_path)
    assert [each.action for each in await store.list_audit_entries()] == [CHECKPOINT, "ask"]
    assert (await store.verify_audit_log()).broken is None


async def test_what_was_sent_or_refused_keeps_no_text(tmp_path: Path) -> None:
    async with SqliteOutbox(tmp_path / "theseus.sqlite3") as outbox:
        for key in ("sent", "refused", "waits"):
            await outbox.enqueue(key, 1, Post(text=f"{PLANTED} <@{ADA.id}>"))
        await outbox.mark_sent("sent", MessageRef(channel_id=1, message_id=5))
        await outbox.mark_failed("refused", "no access")
        assert await outbox.count_records(SUBJECT) == 1
        assert await outbox.erase(SUBJECT) == 1
        await outbox.purge()
        assert PLANTED.encode() not in stored(tmp_path)
        assert await outbox.enqueue("sent", 1, Post(text="x")) == MessageRef(
            channel_id=1, message_id=5
        )
        with pytest.raises(ChatRejected, match="no access"):
            await outbox.enqueue("refused", 1, Post(text="x"))
        with pytest.raises(ChatRejected, match="erased"):
            await outbox.enqueue("waits", 1, Post(text="x"))


async def test_a_forgotten_note_is_in_no_byte_of_the_memory(tmp_path: Path) -> None:
    async with SqliteMemory(tmp_path / "memory.sqlite3", redact=redact) as memory:
        note = Memory(key="note:x", kind="note", text=PLANTED, by=ADA.name, by_id=ADA.id, at=NOW)
        await memory.remember(note)
        await memory.remember(note.replace(key="note:y", text="something that stays"))
        assert await memory.forget("note:x")
        await memory.purge()
        kept = stored(tmp_path)
        assert not [word for word in PLANTED.split() if word.encode() in kept]
        assert b"stays" in kept


async def test_a_state_of_an_older_version_opens_and_its_outbox_and_copy_are_cleaned(
    tmp_path: Path,
) -> None:
    file = tmp_path / "theseus.sqlite3"
    async with Database(file, MIGRATIONS[:-2], error=ChatRejected) as old:
        await old.write(
            lambda connection: connection.execute(
                "INSERT INTO outbox (key, channel_id, post, nonce, state) VALUES"
                " ('k', 1, ?, 'n', 'sent')",
                (PLANTED * 50,),
            )
        )
    async with SqliteStore(file) as store:
        await store.append_audit_entry(entry(ADA, "new"))
        await store.purge()
        assert PLANTED.encode() not in stored(tmp_path)
        assert (await store.verify_audit_log()).broken is None


async def test_an_erasure_ends_with_clean_files(store: SqliteStore, tmp_path: Path) -> None:
    await store.append_audit_entry(entry(ADA, PLANTED))
    async with SqliteKeyValueStore(tmp_path / "theseus.sqlite3") as key_values:
        notes = store.audit_notes
        kind = PersonalDataKind("texts", "for a while", notes.count_records, notes.erase)
        service = PersonalDataService(
            [kind], lambda _: "u-ada", store, key_values, FakeClock(), [store.purge]
        )
        assert PLANTED.encode() in stored(tmp_path)
        (gone,) = await service.erase(ADA)
        assert gone.count == 1
        assert PLANTED.encode() not in stored(tmp_path)
