"""Attacks below HTTP's surface: lying lengths, endless bodies, split headers, slow peers."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from bot.domain.errors import StoreError
from bot.domain.run import Run
from bot.web._connection import FIELDS
from bot.web._webhooks import MOST_BYTES
from tests.bot.web.test_webhook import push
from tests.bot.web.web_server import TOKEN, HttpClient, Room, signature

CRLF = "\r\n"


@pytest.fixture
def room() -> Room:
    return Room()


class RawConnection:
    """A bare connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def say(self, text: str | bytes) -> None:
        self.writer.write(text.encode() if isinstance(text, str) else text)

    async def answer(self) -> tuple[int, dict[str, str], str]:
        """Return status, headers and body of the next answer."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split(CRLF)
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return int(first.split()[1]), headers, body.decode()

    async def ended(self) -> bool:
        """Whether the other side hangs up."""
        try:
            return await self.reader.read(1) == b""
        except ConnectionError:
            return True


@asynccontextmanager
async def wire(client: HttpClient) -> AsyncIterator[RawConnection]:
    """Connect."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.server.port)
    try:
        async with asyncio.timeout(10):
            yield RawConnection(reader, writer)
    finally:
        writer.close()


def head(method: str, path: str, **fields: str) -> str:
    named = {"Host": "localhost", **{key.replace("_", "-"): each for key, each in fields.items()}}
    lines = [f"{method} {path} HTTP/1.1", *(f"{key}: {each}" for key, each in named.items())]
    return CRLF.join(lines) + CRLF * 2


# -------------------------------------------------------------------------------------------- sizes


async def test_ten_megabytes_are_refused_before_they_are_sent(room: Room) -> None:
    async with room.serving() as client, wire(client) as line:
        line.say(head("POST", "/webhook/github", Content_Length=str(10_000_000)))
        status, headers, _ = await line.answer()
        assert status == 413
        assert headers["connection"] == "close"
        assert await line.ended()


async def test_a_body_that_is_longer_than_it_says_is_cut_where_it_said(room: Room) -> None:
    body = json.dumps(push()).encode()
    async with room.serving() as client, wire(client) as line:
        fields = {
            "Content_Type": "application/json",
            "Content_Length": str(len(body)),
            "X_GitHub_Event": "push",
            "X_GitHub_Delivery": "1",
            "X_Hub_Signature_256": signature(body + b"{}" * 100),
        }
        line.say(head("POST", "/webhook/github", **fields).encode() + body + b"{}" * 100)
        assert (await line.answer())[0] in (400, 401)
    assert room.base_updates.asked == []


async def test_a_body_that_never_ends_is_refused_when_it_is_too_much(room: Room) -> None:
    async with room.serving() as client, wire(client) as line:
        line.say(head("POST", "/webhook/github", Transfer_Encoding="chunked"))
        sent = 0
        answer = asyncio.create_task(line.answer())
        while not answer.done() and sent < 50 * MOST_BYTES:
            line.say(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
            sent += 0x4000
            try:
                await line.writer.drain()
            except ConnectionError:
                break
            await asyncio.sleep(0)
        status, headers, _ = await answer
        assert status == 413
        assert headers["connection"] == "close"
        assert sent < 5 * MOST_BYTES  # what lay in the sockets between, and no more
        assert await line.ended()


async def test_a_form_that_is_too_large_is_refused(room: Room) -> None:
    async with room.serving(token=TOKEN) as client:
        answer = await client.post("/login", data={"token": "x" * 20_000}, headers=client.own)
        assert answer.status == 413
        fields = "&".join(f"a{number}=1" for number in range(500))
        headers = client.own | {"Content-Type": "application/x-www-form-urlencoded"}
        assert (await client.post("/login", data=fields, headers=headers)).status == 400


@pytest.mark.parametrize(
    "request_head",
    [
        head("GET", "/" + "x" * 10_000),
        head("GET", "/health", Cookie="x" * 20_000),
        head("GET", "/health", **{f"X-{number}": "1" for number in range(FIELDS * 2)}),
        "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        "GET /health HTTP/1.1\r\n\r\n",
        "GET /health HTTP/1.0\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\rSet-Cookie: b=c\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\n folded: yes\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\nX\x00: y\r\n\r\n",
        "GET http://evil.example/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n"
        "\r\nab",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        "GET /health\r\n\r\n",
    ],
)
async def test_what_is_no_clean_request_gets_a_plain_refusal(room: Room, request_head: str) -> None:
    async with room.serving() as client, wire(client) as line:
        line.say(request_head)
        status, headers, body = await line.answer()
        assert 400 <= status < 500
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["server"] == "theseus"
        assert "Traceback" not in body
        assert "aiohttp" not in body.lower()
        assert "evil" not in body


async def test_a_line_break_in_what_was_sent_makes_no_header(room: Room) -> None:
    async with room.serving(token=TOKEN) as client:
        for path in ("/%0d%0aSet-Cookie:%20a=b", "/runs/%0d%0aX:y", "/static/%0d%0a"):
            async with wire(client) as line:
                line.say(head("GET", path, Accept="text/html"))
                status, headers, _ = await line.answer()
                assert status in (303, 404)
                assert "set-cookie" not in headers
                assert "x" not in headers


@pytest.mark.parametrize(
    "path",
    [
        "/static/../_server.py",
        "/static/..%2f_server.py",
        "/static/%2e%2e/_server.py",
        "/static/....//_server.py",
        "/static//etc/passwd",
        "/static/pages.css",
        "/static/pages.css%00",
        "/static/",
        "/static",
        "/runs/../../etc/passwd",
        "/runs/..%2f..%2fetc%2fpasswd",
        "/runs/K7M2XQ",
        "/runs/' OR 1=1",
        "/runs/" + "a" * 27,
        "/incidents/%2e%2e",
    ],
)
async def test_no_path_leads_out_of_what_is_served(room: Room, path: str) -> None:
    async with room.serving() as client, wire(client) as line:
        line.say(head("GET", path.replace(" ", "%20")))
        status, _, body = await line.answer()
        assert status == 404
        assert "root:" not in body
        assert "import" not in body


# ------------------------------------------------------------------------------- slow, many, broken


async def healthy(line: RawConnection) -> bool:
    line.say(head("GET", "/health"))
    try:
        return (await line.answer())[0] == 200
    except (asyncio.IncompleteReadError, ConnectionError):
        return False


async def test_a_house_that_is_full_hangs_up_and_has_room_again(room: Room) -> None:
    async with room.serving(connections=4) as client:
        async with AsyncExitStack() as stack:
            for _ in range(4):
                assert await healthy(await stack.enter_async_context(wire(client)))
            async with wire(client) as another:
                assert not await healthy(another)
        async with asyncio.timeout(20):
            while True:
                async with wire(client) as again:
                    if await healthy(again):
                        return
                await asyncio.sleep(0.01)


async def test_a_slow_reader_of_one_page_holds_nobody_else(room: Room) -> None:
    async with room.serving() as client, wire(client) as slow:
        slow.say("POST /webhook/github HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nx")
        answers = await asyncio.gather(*(client.get("/health") for _ in range(20)))
        assert {each.status for each in answers} == {200}


async def test_a_body_that_does_not_come_is_not_waited_for(room: Room) -> None:
    async with room.serving(seconds=0.05) as client, wire(client) as line:
        line.say(head("POST", "/webhook/github", Content_Length="100") + "x")
        status, headers, _ = await line.answer()
        assert (status, headers["connection"]) == (408, "close")
        assert await line.ended()


class BrokenAgent:
    """Raises what nobody expects."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def runs(self, *, limit: int = 20) -> tuple[Run, ...]:
        raise self.error

    async def find(self, *, run_id: str | None = None, thread_id: int | None = None) -> Run:
        raise self.error

    async def history(self, run_id: str) -> object:
        raise self.error


async def test_a_page_that_breaks_tells_nothing_but_the_journal_everything(room: Room) -> None:
    room.without(agent=BrokenAgent(ZeroDivisionError("a secret place /home/me")))
    async with room.serving() as client:
        answer = await client.get("/runs/k7m2xq", headers={"Accept": "text/html"})
        assert (answer.status, answer.text) == (500, "500 Internal Server Error\n")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    (action,) = room.journal.actions
    assert action.event == "listener.http GET /runs/{id}"
    assert action.error is not None
    assert action.error.exception == "ZeroDivisionError"


async def test_what_is_behind_a_door_that_fails_is_said_in_our_words(room: Room) -> None:
    key = "ghp_" + "a1B2" * 9
    room.without(agent=BrokenAgent(StoreError(f"No {key} to read.", detail="/var/secret")))
    async with room.serving() as client:
        answer = await client.get("/runs/k7m2xq")
    assert (answer.status, key in answer.text) == (503, False)
    assert re.fullmatch(r"503 Service Unavailable: No \[redacted:\w+\] to read\.\n", answer.text)
