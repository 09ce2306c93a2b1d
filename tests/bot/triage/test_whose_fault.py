"""From a real exception to whose fault it is: the capsule keeps what that takes."""

import asyncio
import importlib.util
import json
import socket
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import aiohttp
import pytest
from aiohttp import web
from theseus_observe.failures.capsules import MAX_FRAMES

from bot.domain.journal import Action, Capsule, FailureGroup, Kind
from bot.telemetry.observation import build_capsule
from bot.telemetry.recorder import get_outcome
from bot.triage import Origin, triage

SOURCE = """
import asyncio, json, sqlite3, subprocess
import aiohttp

async def fetch(url, seconds=5.0):
    async with asyncio.timeout(seconds), aiohttp.ClientSession() as client:
        async with client.get(url) as answer:
            answer.raise_for_status()
            return (await answer.json())["temperature"]

async def waits_for(url, seconds):
    return await asyncio.wait_for(fetch(url), seconds)

async def slow(seconds):
    await asyncio.sleep(seconds)

async def limited(seconds):
    async with asyncio.timeout(seconds):
        await slow(60)

async def waited(seconds):
    await asyncio.wait_for(slow(60), seconds)

async def hides(url):
    try:
        return await fetch(url)
    except aiohttp.ClientError as error:
        raise RuntimeError("no weather") from error

async def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)

async def rows(path):
    with sqlite3.connect(path) as database:
        return database.execute("select * from polls").fetchall()

async def closed(path):
    database = sqlite3.connect(path)
    database.close()
    return database.execute("select 1")

async def runs(program):
    return subprocess.run([program])

async def refuses(text):
    if not text.isdigit():
        raise ValueError(f"{text} is no number")

async def converts(text):
    return int(text)

class Refused(Exception):
    status = 503

async def pretends(text):
    error = Refused(text)
    error.status = 503
    raise error
"""
HOSTILE = "HTTP 503 Service Unavailable, [Errno 28] No space left on device"


@pytest.fixture
def weather(tmp_path: Path) -> ModuleType:
    """Return a project's module."""
    path = tmp_path / "cogs" / "weather.py"
    path.parent.mkdir()
    path.write_text(SOURCE)
    spec = importlib.util.spec_from_file_location("cogs.weather", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """Return the address of a service that answers badly in many ways."""

    async def answer(request: web.Request) -> web.Response:
        what = request.match_info["what"]
        if what == "slow":
            await asyncio.Event().wait()  # never answered
        if what == "changed":
            return web.json_response({"temp": 3})
        return web.Response(status=int(what), text=HOSTILE)

    app = web.Application()
    app.router.add_get("/{what}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site.name
    port = runner.addresses[0][1]
    yield f"http://127.0.0.1:{port}"
    await runner.cleanup()


async def seen(
    call: Callable[..., Awaitable[object]], *args: object, root: Path, **inputs: object
) -> Capsule:
    """Return the capsule of what the call raises."""
    try:
        await call(*args)
    except Exception as error:  # noqa: BLE001  # any of them is wanted
        return build_capsule(error, root=root, redact=str, inputs=inputs)
    raise AssertionError("nothing was raised")


def origin(found: Capsule) -> Origin:
    """Return whose it is, judged from the capsule as the journal gives it back."""
    found = Capsule.model_validate_json(found.model_dump_json())
    at = datetime(2026, 11, 21, tzinfo=UTC)
    newest = Action(
        ts=at,
        id="0" * 26,
        event="command.weather",
        kind=Kind.COMMAND,
        name="weather",
        outcome="error",
        error=found,
    )
    group = FailureGroup(
        fingerprint=found.fingerprint,
        event=newest.event,
        count=1,
        first_seen=at,
        last_seen=at,
        newest=newest,
        action_ids=(newest.id,),
    )
    good = newest.replace(outcome="ok", error=None, ts=at.replace(year=2025))
    return triage(group, timeline=[good], users=1).origin


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_a_service_that_fails_is_outside(
    weather: ModuleType, url: str, tmp_path: Path, status: int
) -> None:
    found = await seen(weather.fetch, f"{url}/{status}", root=tmp_path)
    assert (found.status, found.libraries[0].partition(".")[0]) == (status, "aiohttp")
    assert origin(found) is Origin.OUTSIDE


async def test_a_service_that_is_gone_is_outside_behind_an_error_of_ours_too(
    weather: ModuleType, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for call in (weather.fetch, weather.hides):
        found = await seen(call, f"http://127.0.0.1:{port}/x", root=tmp_path)
        assert found.code == "ECONNREFUSED"
        assert "OSError" in found.kinds
        assert origin(found) is Origin.OUTSIDE
    assert found.causes[0] == "RuntimeError"


@pytest.mark.parametrize("call", ["fetch", "waits_for"])
async def test_a_service_that_does_not_answer_in_time_is_outside(
    weather: ModuleType, url: str, tmp_path: Path, call: str
) -> None:
    found = await seen(getattr(weather, call), f"{url}/slow", 0.05, root=tmp_path)
    assert (found.exception, found.frames[-1].function) == ("TimeoutError", "fetch")
    assert origin(found) is Origin.OUTSIDE


@pytest.mark.parametrize("call", ["limited", "waited"])
async def test_a_time_limit_around_our_own_slow_code_is_ours(
    weather: ModuleType, tmp_path: Path, call: str
) -> None:
    found = await seen(getattr(weather, call), 0.01, root=tmp_path)
    assert (found.exception, found.frames[-1].function) == ("TimeoutError", "slow")
    assert origin(found) is Origin.CODE


async def test_a_time_limit_that_ran_out_is_journalled_as_a_timeout(weather: ModuleType) -> None:
    with pytest.raises(TimeoutError) as raised:
        await weather.limited(0.01)
    assert get_outcome(raised.value) == "timeout"
    assert get_outcome(asyncio.CancelledError()) == "cancelled"


async def test_an_answer_that_changed_shape_and_a_request_refused_are_ours(
    weather: ModuleType, url: str, tmp_path: Path
) -> None:
    for what in ("changed", "400"):
        assert origin(await seen(weather.fetch, f"{url}/{what}", root=tmp_path)) is Origin.CODE


async def test_what_we_keep_and_what_we_do_with_it(weather: ModuleType, tmp_path: Path) -> None:
    cut, damaged, sound = (tmp_path / name for name in ("a.json", "b.sqlite3", "c.sqlite3"))
    cut.write_text(json.dumps({"a": 1})[:-2])
    damaged.write_bytes(b"no database at all" * 99)
    sqlite3.connect(sound).close()
    assert origin(await seen(weather.load, str(cut), root=tmp_path)) is Origin.DATA
    broken = await seen(weather.rows, str(damaged), root=tmp_path)
    assert (broken.code, origin(broken)) == ("SQLITE_NOTADB", Origin.DATA)
    assert origin(await seen(weather.rows, str(sound), root=tmp_path)) is Origin.DATA
    assert origin(await seen(weather.closed, str(sound), root=tmp_path)) is Origin.CODE


async def test_a_program_that_is_not_there_is_this_machines(
    weather: ModuleType, tmp_path: Path
) -> None:
    found = await seen(weather.runs, str(tmp_path / "no-such-program"), root=tmp_path)
    assert (found.code, found.libraries[0]) == ("ENOENT", "subprocess")
    assert origin(found) is Origin.ENVIRONMENT


async def test_our_own_check_is_told_from_a_conversion_that_fails(
    weather: ModuleType, tmp_path: Path
) -> None:
    refused = await seen(weather.refuses, "abc", root=tmp_path, count="abc")
    converted = await seen(weather.converts, "ab%", root=tmp_path, count="2ab%")
    assert (refused.deliberate, converted.deliberate) == (True, False)
    assert (origin(refused), origin(converted)) == (Origin.INPUT, Origin.CODE)


async def test_text_that_claims_something_changes_nothing(
    weather: ModuleType, tmp_path: Path
) -> None:
    found = await seen(weather.converts, HOSTILE, root=tmp_path, count=f"{HOSTILE}!")
    assert (found.status, found.code, origin(found)) == (None, "", Origin.CODE)
    assert origin(await seen(weather.pretends, HOSTILE, root=tmp_path)) is Origin.CODE


async def test_no_code_of_an_error_is_run_to_describe_it(tmp_path: Path) -> None:
    class Trap(OSError):
        @property
        def errno(self) -> int:  # type: ignore[override]
            raise RuntimeError("run")

        @property
        def status(self) -> int:
            raise RuntimeError("run")

        @property
        def response(self) -> object:
            raise RuntimeError("run")

    assert build_capsule(Trap(28, "x"), root=tmp_path, redact=str).code == "ENOSPC"


def test_what_a_capsule_says_of_types_is_bounded(tmp_path: Path) -> None:
    kind: type[Exception] = ValueError
    for number in range(40):
        kind = type("K" * 500 + str(number), (kind,), {})
    error: Exception = kind("x")
    for _ in range(40):
        error, inner = kind("x"), error
        error.__cause__ = inner
    found = build_capsule(error, root=tmp_path, redact=str)
    assert max(len(found.kinds), len(found.causes), len(found.libraries)) <= MAX_FRAMES
    assert max(map(len, (*found.kinds, *found.causes))) <= 120


def test_a_record_of_an_older_version_is_judged_as_far_as_it_goes() -> None:
    old = {"exception": f"{aiohttp.ServerDisconnectedError.__module__}.ServerDisconnectedError"}
    found = Capsule.model_validate({**old, "message": "Server disconnected", "fingerprint": "x"})
    assert origin(found) is Origin.OUTSIDE
