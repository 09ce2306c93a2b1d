"""People are answered while the state cannot be read or written, and told what is wrong."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from theseus_guard.record import Record

from bot.adapters.sqlite_store import SqliteOutbox, SqliteStore
from bot.domain.errors import StoreError
from bot.infra.database import SqlDatabase
from tests.fakes.fake_key_value_store import FakeKeyValueStore
from tests.support.agent_harness import AgentHarness
from tests.support.broken_states import corrupt_file, forbid_writing
from tests.support.dev_channel import DevChannel, get_reply_text, open_dev_channel

Break = Callable[[SqlDatabase], Awaitable[None]]


class BreakableKeyValues(FakeKeyValueStore):
    """Refuses what it is given once it is broken."""

    def __init__(self) -> None:
        super().__init__()
        self.error: StoreError | None = None

    async def put(self, name: str, record: Record) -> None:
        """Refuse, or keep the record."""
        if self.error is not None:
            raise self.error
        await super().put(name, record)


class BreakableWorld(AgentHarness):
    """A world with a state on the disk."""

    def __init__(self, folder: Path, store: SqliteStore) -> None:
        super().__init__(folder, store=store)
        self.key_values: BreakableKeyValues = BreakableKeyValues()


class BreakableRoom:
    """The dev channel, and a state that tests break."""

    def __init__(self, channel: DevChannel, store: SqliteStore, outbox: SqliteOutbox) -> None:
        self.channel = channel
        self._databases = (store.database, outbox.database)

    async def fail(self, harm_file: Break) -> None:
        """Break the state; from now on nothing of it works that needs what is broken."""
        key_values = self.channel.world.key_values
        assert isinstance(key_values, BreakableKeyValues)
        key_values.error = StoreError("The state file is broken.")
        for each in self._databases:
            await harm_file(each)

    async def ask(self, who: str, text: str) -> str:
        """Say it to the bot, and return the answer."""
        mention = f"<@{self.channel.local.bot_user_id}>"
        return await get_reply_text(
            self.channel, await self.channel[who].say("dev", f"{mention} {text}")
        )


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[BreakableRoom]:
    async with AsyncExitStack() as stack:
        file = tmp_path / "theseus.sqlite3"
        store = await stack.enter_async_context(SqliteStore(file))
        outbox = await stack.enter_async_context(SqliteOutbox(file))
        world = BreakableWorld(tmp_path, store)
        channel = open_dev_channel(tmp_path, make_harness=lambda _: world, outbox=outbox)
        yield BreakableRoom(await stack.enter_async_context(channel), store, outbox)


@pytest.mark.parametrize(
    ("harm_file", "reason"), [(forbid_writing, "it is read-only"), (corrupt_file, "is damaged")]
)
async def test_a_request_is_answered_with_what_is_wrong_and_the_way_out(
    room: BreakableRoom, harm_file: Break, reason: str
) -> None:
    await room.fail(harm_file)
    said = await room.ask("alice", "rolling dice keeps crashing, fix it")
    assert reason in said
    assert ("`theseus restore" in said) is (reason == "is damaged")


async def test_each_message_to_the_bot_has_one_answer_and_talk_of_others_none(
    room: BreakableRoom,
) -> None:
    await room.fail(corrupt_file)
    await room.channel["bob"].say("dev", "shall we have lunch?")
    for person in ("alice", "mallory"):
        assert "is damaged" in await room.ask(person, "rolling dice keeps crashing, fix it")
    told = await room.channel["bob"].list_messages("dev")
    assert sum("is damaged" in message["content"] for message in told) == 2


async def test_a_command_is_answered_with_what_is_wrong(room: BreakableRoom) -> None:
    await room.fail(corrupt_file)
    assert "is damaged" in await room.channel.run_command("alice", "runs list")


async def test_what_needs_no_state_is_answered_in_full(room: BreakableRoom) -> None:
    before = await room.ask("bob", "what can you do?")
    await room.fail(forbid_writing)
    assert await room.ask("bob", "what can you do?") == before
