"""Other bots send their journals: theseus_observe itself does it, and attackers try."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from theseus_observe.hook_runner import HookRunner
from theseus_observe.http_sink import HttpSink
from theseus_observe.outbox import Outbox
from theseus_observe.places import Place
from theseus_observe.recorder import Recorder
from theseus_observe.records import COMMAND, OK
from theseus_observe.redaction import redact

from bot.adapters.ndjson_journal import ObservedJournal
from bot.domain.errors import JournalError
from bot.domain.ids import create_sortable_id
from bot.domain.journal import JournalQuery
from bot.domain.samples import ReceivedRecords
from bot.infra.free_port import find_free_port
from bot.web._observations import (
    MOST_BYTES,
    MOST_REQUESTS,
    MOST_WINDOW_BYTES,
    WINDOW_SECONDS,
)
from tests.bot.web.web_server import Answer, HttpClient, Room
from tests.fakes.fake_clock import START

WELCOME, MUSIC = "a-token-of-the-welcome-bot", "a-token-of-the-music-bot"
TOKENS = {"welcome": WELCOME, "music": MUSIC}


class Mailbox:
    """Counts what it gets."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.is_full = False

    async def receive(self, lines: Sequence[bytes]) -> ReceivedRecords:
        """Keep the lines, unless the disk is full."""
        if self.is_full:
            raise JournalError("The disk is full.")
        self.lines += lines
        return ReceivedRecords(stored=len(lines))


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.fixture
async def journal(room: Room, tmp_path: Path) -> AsyncIterator[ObservedJournal]:
    async with ObservedJournal(tmp_path, room.clock, redact=redact, keep_days=30) as journal:
        room.without(receivers={"welcome": journal, "music": Mailbox()})
        yield journal


@pytest.fixture
def mailbox(room: Room) -> Mailbox:
    mailbox = Mailbox()
    room.without(receivers={"welcome": mailbox, "music": Mailbox()})
    return mailbox


def make_line(number: int = 0, **fields: object) -> bytes:
    at = START - timedelta(minutes=1) + timedelta(seconds=number)
    record = {
        "ts": at.isoformat(), "id": create_sortable_id(at), "event": "command.hi",
        "kind": "command", "name": "hi", "outcome": "ok",
    }  # fmt: skip
    return json.dumps(record | fields).encode() + b"\n"


async def send(
    client: HttpClient, body: bytes, *, path: str = "/observe/welcome", token: str | None = WELCOME,
    **headers: str,
) -> Answer:  # fmt: skip
    known = {"Content-Type": "application/x-ndjson", **headers}
    if token is not None:
        known["Authorization"] = f"Bearer {token}"
    return await client.post(path, data=body, headers=known)


async def test_theseus_observe_sends_its_records_once_the_server_is_there(
    room: Room, journal: ObservedJournal, tmp_path: Path
) -> None:
    port = find_free_port()
    messages: list[str] = []
    sink = HttpSink(f"http://127.0.0.1:{port}/observe/welcome", WELCOME, messages.append)
    runner = HookRunner()
    sent = asyncio.Event()
    loop = asyncio.get_running_loop()

    class Reporting:
        def write(self, lines: Sequence[bytes]) -> float:
            delay = sink.write(lines)
            loop.call_soon_threadsafe(sent.set)
            return min(delay, 0.01)

        def close(self) -> None:
            sink.close()

    outbox = Outbox(Reporting(), runner)
    recorder = Recorder(outbox, tmp_path, b"s" * 32, "c0ffee" * 6 + "abcd", now=room.clock.now)
    for _ in range(3):
        recorder.record(COMMAND, "hi", OK, place=Place(channel_id=8, user_id=7), duration_ms=1.5)
    await asyncio.wait_for(sent.wait(), 20)  # the server is away
    assert "cannot be reached" in messages[0]
    async with room.serving(port=port, target_tokens=TOKENS):
        await asyncio.to_thread(outbox.close, 20)
    assert (outbox.written, outbox.dropped, sink.refused, runner.errors) == (3, 0, 0, 0)
    stored = await journal.read(JournalQuery())
    assert [(each.event, each.channel_id) for each in stored] == [("command.hi", 8)] * 3
    assert await journal.find_running_commit() == "c0ffee" * 6 + "abcd"


async def test_what_is_sent_again_because_the_answer_was_lost_is_stored_once(
    room: Room, journal: ObservedJournal
) -> None:
    body = make_line(0) + make_line(1) + b"{no record}\n"
    async with room.serving(target_tokens=TOKENS) as client:
        first, second = [await send(client, body) for _ in range(2)]
    assert first.json == {"stored": 2, "known": 0, "refused": 1, "omitted": 0}
    assert second.json == {"stored": 0, "known": 2, "refused": 1, "omitted": 0}
    assert len(await journal.read(JournalQuery())) == 2


async def test_secrets_are_redacted_before_they_are_stored(
    room: Room, journal: ObservedJournal, tmp_path: Path
) -> None:
    token = "ghp_" + "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uVwXy"
    async with room.serving(target_tokens=TOKENS) as client:
        await send(client, make_line(name=f"hi {token}"))
    (file,) = (tmp_path / "journal").iterdir()
    assert "hi" in file.read_text()
    assert token not in file.read_text()


@pytest.mark.parametrize(
    ("path", "token"),
    [
        ("/observe/welcome", None),
        ("/observe/welcome", ""),
        ("/observe/welcome", WELCOME[:-1]),
        ("/observe/welcome", MUSIC),
        ("/observe/music", WELCOME),
        ("/observe/no-such-bot", WELCOME),
        ("/observe/without-token", ""),
        ("/observe/theseus", WELCOME),
    ],
)
async def test_a_wrong_token_and_an_unknown_bot_get_the_same_answer(
    room: Room, mailbox: Mailbox, path: str, token: str | None
) -> None:
    room.without(receivers={**room.services.receivers, "without-token": Mailbox()})
    async with room.serving(target_tokens=TOKENS) as client:
        refused = await send(client, make_line(), path=path, token=token)
        usual = await send(client, make_line(), token="wrong")
    assert refused.status == 401
    assert (refused.status, refused.text) == (usual.status, usual.text)
    assert not mailbox.lines


async def test_guesses_are_limited(room: Room, mailbox: Mailbox) -> None:
    async with room.serving(target_tokens=TOKENS) as client:
        answers = [await send(client, make_line(), token=f"guess-{n}") for n in range(11)]
        right = await send(client, make_line())
    assert [each.status for each in answers] == [401] * 10 + [429]
    assert right.status == 429
    assert not mailbox.lines


async def test_the_token_of_a_bot_opens_nothing_else(room: Room, mailbox: Mailbox) -> None:
    async with room.serving(target_tokens=TOKENS, token="the-token-of-the-owner") as client:
        bearer = {"Authorization": f"Bearer {WELCOME}"}
        pages = [await client.get(path, headers=bearer) for path in ("/", "/runs", "/metrics")]
        reload = await client.post("/webhook/reload", headers=bearer)
        owner = await send(client, make_line(), token="the-token-of-the-owner")
    assert [each.status for each in (*pages, reload, owner)] == [401] * 5


async def test_large_and_compressed_and_other_bodies_are_refused(
    room: Room, mailbox: Mailbox
) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    async with room.serving(target_tokens=TOKENS) as client:
        large = await send(client, b"x" * (MOST_BYTES + 1))
        packed = await send(client, bomb, **{"Content-Encoding": "gzip"})
        form = await send(client, b"a=b", **{"Content-Type": "application/x-www-form-urlencoded"})
        fits = await send(client, b"x" * MOST_BYTES)
    assert [each.status for each in (large, packed, form, fits)] == [413, 415, 415, 200]
    assert len(mailbox.lines) == 1


async def test_a_bot_that_sends_too_much_has_to_wait(room: Room, mailbox: Mailbox) -> None:
    async with room.serving(target_tokens=TOKENS) as client:
        for _ in range(MOST_REQUESTS):
            assert (await send(client, b"")).status == 200
        refused = await send(client, b"")
        other = await send(client, b"", path="/observe/music", token=MUSIC)
        room.clock.tick(WINDOW_SECONDS)
        later = await send(client, b"")
    assert (refused.status, other.status, later.status) == (429, 200, 200)


async def test_the_amount_of_bytes_is_limited_too(room: Room, mailbox: Mailbox) -> None:
    async with room.serving(target_tokens=TOKENS) as client:
        for _ in range(MOST_WINDOW_BYTES // MOST_BYTES):
            assert (await send(client, b"x" * MOST_BYTES)).status == 200
        assert (await send(client, b"x")).status == 429


async def test_records_that_cannot_be_stored_are_sent_later(room: Room, mailbox: Mailbox) -> None:
    mailbox.is_full = True
    messages: list[str] = []
    async with room.serving(target_tokens=TOKENS) as client:
        url = f"{client.url}/observe/welcome"
        sink = HttpSink(url, WELCOME, messages.append, choose=lambda: 1.0)
        assert await asyncio.to_thread(sink.write, [make_line()]) == 1.0
        mailbox.is_full = False
        assert await asyncio.to_thread(sink.write, [make_line()]) == 0.0
    assert (len(mailbox.lines), sink.refused) == (1, 0)
    assert "answered 503" in messages[0]
