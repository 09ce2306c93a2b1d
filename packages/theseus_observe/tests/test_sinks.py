"""Records reach their folder or their server, whatever is wrong with these in between."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from theseus_observe.folder_sink import FolderSink
from theseus_observe.hook_runner import HookRunner
from theseus_observe.http_sink import HttpSink
from theseus_observe.outbox import Outbox

NOW = datetime(2026, 3, 1, 23, 59, tzinfo=timezone.utc)
LINE = b'{"id":"1","outcome":"ok"}\n'
FAILED = b'{"id":"2","outcome":"error"}\n'


class Server:
    """A server whose answers are set; `received` are the lines that it accepted."""

    def __init__(self) -> None:
        self.status = 204
        self.most = 1_000_000
        self.received: list[bytes] = []
        self.tokens: set[str | None] = set()
        self.requests = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests += 1
                outer.tokens.add(self.headers["Authorization"])
                status = outer.status if len(body) <= outer.most else 413
                if status == 204:
                    outer.received += body.splitlines(keepends=True)
                self.send_response(status)
                if status == 307:
                    self.send_header("Location", f"{outer.url}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Write nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def make_http_sink(url: str, lines: list[str]) -> HttpSink:
    return HttpSink(url, "secret-token", lines.append, choose=lambda: 1.0)


def test_a_server_gets_lines_with_the_token(server: Server) -> None:
    sink = make_http_sink(server.url, [])
    assert sink.write([LINE, FAILED]) == 0
    assert server.received == [LINE, FAILED]
    assert server.tokens == {"Bearer secret-token"}


def test_an_absent_server_is_asked_again_ever_later(server: Server) -> None:
    lines: list[str] = []
    sink = make_http_sink(server.url, lines)
    server.status = 503
    assert [sink.write([LINE]) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert len(lines) == 1
    server.status = 204
    assert sink.write([LINE]) == 0
    assert server.received == [LINE]
    server.close()
    assert sink.write([LINE]) == 1
    assert "cannot be reached" in lines[-1]


def test_what_a_server_never_accepts_is_dropped(server: Server) -> None:
    lines: list[str] = []
    sink = make_http_sink(server.url, lines)
    server.status = 422
    assert sink.write([LINE, LINE]) == 0
    assert (sink.refused, server.requests, len(lines)) == (2, 1, 1)


def test_large_batches_are_cut_and_nothing_is_sent_twice(server: Server) -> None:
    sink = make_http_sink(server.url, [])
    batch = [b'{"id":"%d","text":"%s"}\n' % (number, b"x" * 1000) for number in range(400)]
    server.most = 40_000
    tries = 0
    while sink.write(batch):
        tries += 1
        assert tries < 10
    assert server.received == batch


def test_a_redirection_does_not_get_the_token(server: Server) -> None:
    sink = make_http_sink(server.url, [])
    server.status = 307
    assert sink.write([LINE]) == 1
    assert server.requests == 1


class FakeTime:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


def make_folder_sink(
    folder: Path, lines: list[str], time: FakeTime, most: int = 1000
) -> FolderSink:
    return FolderSink(folder, lines.append, most_bytes=most, keep_days=2, now=time)


def read(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in sorted(folder.glob("*.ndjson"))}


def test_each_day_has_a_file_and_old_ones_go(tmp_path: Path) -> None:
    time = FakeTime()
    sink = make_folder_sink(tmp_path / "journal", [], time)
    for _ in range(4):
        assert sink.write([LINE]) == 0
        time.at += timedelta(days=1)
    sink.close()
    assert list(read(tmp_path / "journal")) == [
        "2026-03-02.ndjson", "2026-03-03.ndjson", "2026-03-04.ndjson",
    ]  # fmt: skip


def test_a_full_day_takes_failures_only(tmp_path: Path) -> None:
    lines: list[str] = []
    sink = make_folder_sink(tmp_path / "journal", lines, FakeTime(), most=len(LINE) * 8)
    sink.write([LINE] * 8)
    sink.write([LINE, FAILED, LINE])
    sink.write([FAILED] * 20)
    sink.close()
    (content,) = read(tmp_path / "journal").values()
    assert content == LINE * 8 + FAILED
    assert (sink.omitted, len(lines)) == (22, 1)
    assert "failures still fit" in lines[0]


def test_a_line_that_a_killed_process_began_is_ended(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    folder.mkdir()
    (folder / "2026-03-01.ndjson").write_bytes(LINE + b'{"id"')
    sink = make_folder_sink(folder, [], FakeTime())
    sink.write([LINE])
    sink.close()
    assert read(folder) == {"2026-03-01.ndjson": LINE + b'{"id"\n' + LINE}


def test_a_folder_that_cannot_be_made_is_reported_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    lines: list[str] = []
    sink = make_folder_sink(tmp_path / "file/journal", lines, FakeTime())
    assert sink.write([LINE]) > 0
    assert sink.write([LINE]) > 0
    assert len(lines) == 1


class GatedSink:
    """A sink that waits until a test lets it write, and may be away or broken."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.reached = threading.Event()
        self.lines: list[bytes] = []
        self.failures = 0

    def write(self, lines: Sequence[bytes]) -> float:
        self.reached.set()
        self.gate.wait()
        if self.failures:
            self.failures -= 1
            raise RuntimeError("broken")
        self.lines += lines
        return 0.0

    def close(self) -> None:
        """Close nothing."""


def make_record(number: int, **more: object) -> Callable[[], dict[str, object]]:
    return lambda: {"id": str(number), "event": "command.x", "name": "x", "outcome": "ok", **more}


def test_too_many_records_push_out_the_oldest() -> None:
    sink, runner = GatedSink(), HookRunner([].append)
    outbox = Outbox(sink, runner, most=10)
    outbox.add(make_record(0), urgent=True)
    sink.reached.wait()
    for number in range(1, 31):
        outbox.add(make_record(number))
    sink.gate.set()
    outbox.close()
    ids = [json.loads(line)["id"] for line in sink.lines]
    assert ids == ["0", *map(str, range(21, 31))]
    assert (outbox.dropped, outbox.written, runner.errors) == (20, 11, 0)


def test_a_broken_sink_and_a_broken_record_stop_nothing() -> None:
    sink, lines = GatedSink(), []
    runner = HookRunner(lines.append)
    outbox = Outbox(sink, runner)
    sink.failures = 1
    sink.gate.set()
    outbox.add(make_record(0), urgent=True)
    sink.reached.wait()
    outbox.add(make_record(1, odd=object()))
    outbox.add(make_record(2))
    outbox.close()
    assert [json.loads(line)["id"] for line in sink.lines][-1] == "2"
    assert (runner.errors, len(lines)) == (2, 1)


def test_secrets_in_names_are_redacted() -> None:
    sink = GatedSink()
    sink.gate.set()
    outbox = Outbox(sink, HookRunner([].append))
    token = "ghp_" + "1234567890abcdefghijklmnopqrstuvwxyz12"
    outbox.add(make_record(0, name=token, event=f"command.{token}"))
    outbox.close()
    assert token.encode() not in sink.lines[0]
