"""One search over all records, and searches that people save."""

from datetime import timedelta

import pytest

from bot.domain.audit import AuditEntry
from bot.domain.errors import StoreError
from bot.domain.journal import Action, ActionOutcome, Kind
from bot.domain.memory import Memory
from bot.domain.people import Person
from bot.domain.personal_data import DataSubject
from bot.domain.saved_search import MOST_SAVED, SavedSearch
from bot.domain.shipped_fix import ShippedFix
from bot.web import SavedSearchStore
from bot.web._saved_searches import clean_query
from tests.bot.web.test_pages import SECRET, checked
from tests.bot.web.web_server import COMMIT, TOKEN, HttpClient, Room
from tests.fakes.fake_commit_trees import FakeCommitTrees
from tests.fakes.fake_memory import FakeMemory


async def fill(room: Room) -> None:
    """Put dice into each kind of record."""
    now = room.clock.now()
    room.add_run(subject="the dice are broken")
    fix = ShippedFix(
        run_id="k7m2xq", number=7, fingerprint="f1", event="command.roll", merge_commit=COMMIT,
        merged_at=now, live_at=now,
    )  # fmt: skip
    room.add_incident(error="IndexError in dice.face()", fix=fix)
    room.store.audits.append(
        AuditEntry(
            at=now, action="ship", allowed=True, person=Person(id=1, name="ada"), run_id="k7m2xq",
            how="text", note="the dice are fixed",
        )
    )  # fmt: skip
    room.journal.append(
        Action(
            ts=now, id="01dice", event="command.dice", kind=Kind.COMMAND, name="dice",
            outcome=ActionOutcome.OK,
        )
    )  # fmt: skip
    memory = FakeMemory()
    note = Memory(key="n", kind="note", text="dice have faces", at=now, by="Ada")
    await memory.remember(note)
    trees = FakeCommitTrees({COMMIT: {}, "b" * 40: {}}, {COMMIT: "b" * 40})
    room.without(memory=memory, trees=trees)


async def test_one_box_finds_all_kinds_of_record() -> None:
    room = Room()
    await fill(room)
    async with room.serving() as client:
        page = checked((await client.get("/search?q=DICE")).text)
        commits = checked((await client.get("/search?q=change 0123")).text)
        by_commit = checked((await client.get(f"/search?q={COMMIT[:10]}")).text)
        by_id = checked((await client.get("/search?q=01dice")).text)
        nothing = checked((await client.get("/search?q=zebra")).text)
        empty = await client.get("/search")
    for said in (
        "the dice are broken", "/roll fails", "dice have faces", "Ship a change", "/dice",
    ):  # fmt: skip
        assert said in page.read, said
    assert "fixed: /roll fails" in commits.read
    assert "Change bbbb" not in commits.read
    assert "fixed: /roll fails" in by_commit.read
    assert "/journal/01dice" in [attributes.get("href") for _, attributes in by_id.found]
    assert "Nothing is found" in nothing.read
    assert empty.status == 200


async def test_a_kind_that_cannot_be_read_does_not_hide_the_others() -> None:
    room = Room()
    await fill(room)
    room.search.broken = StoreError("the disk is full")
    async with room.serving() as client:
        page = checked((await client.get("/search?q=dice")).text)
    assert "the disk is full" in page.read
    assert "dice have faces" in page.read


# ------------------------------------------------------------------------------------- saved ones


async def save(client: HttpClient, **fields: str) -> int:
    sent = {"form": await client.form(), "name": "dice", "path": "/journal", "query": "", **fields}
    return (await client.post("/searches", data=sent, headers=client.own)).status


async def test_a_search_is_saved_for_the_session_shown_and_removed() -> None:
    room = Room()
    async with room.serving(token=TOKEN) as client:
        await client.log_in()
        assert await save(client, query="outcome=failed&q=dice&token=x&evil=1") == 303
        page = checked((await client.get("/search")).text)
        assert "/journal?outcome=failed&q=dice" in [at.get("href") for _, at in page.found]
        assert await save(client, act="remove") == 303
        assert "outcome=failed" not in (await client.get("/search")).text
        assert await SavedSearchStore(room.key_values).list_searches(None) == ()


async def test_what_is_no_search_of_ours_is_not_saved() -> None:
    room = Room()
    async with room.serving(token=TOKEN) as client:
        await client.log_in()
        for wrong in (
            {"path": "//evil.example"}, {"path": "/stop"}, {"name": " "}, {"name": "a" * 61},
            {"query": "q=" + "a" * 1_000}, {"query": "&".join(f"q{n}=1" for n in range(30))},
        ):  # fmt: skip
            assert await save(client, **wrong) == 400, wrong
        assert await save(client, form="of another session") == 403
        for number in range(MOST_SAVED):
            assert await save(client, name=f"search {number}") == 303
        assert await save(client, name="one more") == 400
        assert await save(client, name="search 3", query="q=other") == 303
    async with room.serving() as client:
        assert "Saved searches" not in (await client.get("/search")).text


@pytest.mark.parametrize(
    ("query", "cleaned"),
    [
        ("q=a&before=1-x&format=csv", "q=a"),
        ("q=%0d%0aSet-Cookie:x", "q=%0D%0ASet-Cookie%3Ax"),
        ("q=" + SECRET, "q=%5Bredacted%3Agithub_token%5D"),
        ("javascript:alert(1)", ""),
    ],
)
def test_a_saved_query_holds_known_fields_alone(query: str, cleaned: str) -> None:
    assert clean_query("/journal", query) == cleaned


async def test_saved_searches_of_a_person_are_counted_and_erased_and_nobody_elses() -> None:
    room = Room()
    store = SavedSearchStore(room.key_values)
    at = room.clock.now() - timedelta(days=1)
    for owner in (5, 55, None):
        await store.put(owner, SavedSearch(name="dice", path="/search", query="q=a", at=at))
    subject = DataSubject(id=5, pseudonym="u-5")
    assert await store.count_records(subject) == 1
    assert await store.erase(subject) == 1
    assert await store.count_records(subject) == 0
    assert len(await store.list_searches(55)) == len(await store.list_searches(None)) == 1
