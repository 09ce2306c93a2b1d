"""Who may have what: every route is tried by everybody, and what is not in the table is not had."""

import asyncio
import os
import re
import socket
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.domain.change import CheckResult, Verdict
from bot.domain.errors import ConfigError
from bot.domain.journal import Action, ActionOutcome, Kind
from bot.domain.proposal import Proposal
from bot.web import ROUTES, Route, WebRules, WebServer
from bot.web._peer_process import find_owner
from bot.web._responses import CONTENT_POLICY
from tests.bot.web.web_server import COMMIT, TOKEN, HttpClient, Room, bearer
from tests.fakes.fake_live_registry import FakeLiveRegistry
from tests.support.dashboard_pages import ELSEWHERE, NO_PAGES, PAGES

PATHS = {
    "webhook": "/webhook/github", "observe": "/observe/welcome",
    "static": "/static/nothing.css", "run": "/runs/k7m2xq",
    "check": "/runs/k7m2xq/checks/1", "proposal": "/runs/k7m2xq/proposal",
    "review": "/runs/k7m2xq/proposal", "rerun": "/runs/k7m2xq/checks",
    "transcript": "/runs/k7m2xq/transcript", "incident": "/incidents/q2w3e4",
    "incident_act": "/incidents/q2w3e4",
    "journal_record": "/journal/01k7m2xq",
    "list_export": "/export/runs",
    "item": "/versions/skill/writing-a-cog", "rollback": "/versions/skill/writing-a-cog",
    "token_rollback": "/versions/skill/writing-a-cog/rollback",
}  # fmt: skip
ALL = pytest.mark.parametrize("route", ROUTES, ids=[each.name for each in ROUTES])
TAKES_TOKEN = {"reader", "token", "session"}


def path_of(route: Route) -> str:
    return PATHS.get(route.name, route.path)


async def asked(client: HttpClient, route: Route, **options: Any) -> int:
    """Return the status a client gets; a stream is left at once."""
    if route.streams:
        async with client.http.get(client.url + route.path, **options) as answer:
            return answer.status
    return (await client.ask(route.method, path_of(route), **options)).status


@pytest.fixture
async def room() -> Room:
    room = Room()
    run = room.add_run()
    proposal = Proposal(
        run_id=run.id, number=1, url="", head=COMMIT, base=COMMIT, branch="x", at=run.created_at
    )
    check = CheckResult(name="tests", status="passed", seconds=1)
    verdict = Verdict(head=COMMIT, round=1, checks=(check,))
    await room.store.append(run.id, proposal, verdict)
    room.add_incident()
    room.journal.append(
        Action(
            ts=room.clock.now(), id="01k7m2xq", event="command.roll", kind=Kind.COMMAND,
            name="roll", outcome=ActionOutcome.OK,
        )
    )  # fmt: skip
    registry = FakeLiveRegistry(room.clock)
    registry.files["skill", "writing-a-cog"] = "how to"
    await registry.reload()
    room.without(live_registry=registry)
    return room


async def test_a_stranger_gets_nothing_that_needs_something(room: Room) -> None:
    async with room.serving(token=TOKEN) as client:
        for route in ROUTES:
            if route.needs in ("open", "signature"):
                continue
            status = await asked(client, route, headers=client.own)
            assert status in (401, 403), route.name


async def test_without_a_token_on_loopback_one_may_look_and_nothing_else(room: Room) -> None:
    async with room.serving() as client:
        for route in ROUTES:
            status = await asked(client, route, headers=client.own)
            if route.needs == "reader":
                assert status == 200, route.name
            elif route.needs in ("token", "session", "signature"):
                assert status in (401, 403), route.name


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
async def test_without_a_token_another_user_of_the_machine_reads_nothing(room: Room) -> None:
    async with room.serving() as client:
        try:
            os.seteuid(65_534)
        except OSError as error:  # in a sandbox there is nobody else
            pytest.skip(f"nobody else can be had here: {error}")
        theirs = socket.socket()  # whose it is is settled here
        os.seteuid(0)
        with theirs:
            theirs.connect(("127.0.0.1", client.server.port))
            reader, writer = await asyncio.open_connection(sock=theirs)
            writer.write(b"GET /health/info HTTP/1.1\r\nHost: localhost\r\n\r\n")
            told = await reader.readline()
            writer.close()
    assert told.split()[1] == b"403"


async def test_without_a_token_nobody_reads_through_a_proxy(room: Room) -> None:
    async with room.serving(trust=("Ship.example",)) as client:
        told = await client.get("/state", headers={"Host": "ship.example"})
        assert told.status == 403
        assert "THESEUS_HTTP_TOKEN" in told.text
        assert (await client.get("/health", headers={"Host": "ship.example"})).status == 200


def test_whose_program_it_is_is_read_from_the_kernels_table() -> None:
    table = (
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
        "   0: 0100007F:1F91 00000000:0000 0A 0:0 0:0 0 1001 0 1\n"
        "   1: 0100007F:C001 0100007F:1F91 01 0:0 0:0 0 1002 0 2\n"
        "   2: 0100007F:C002 0100007F:1F91 04 0:0 0:0 0 0 0 3\n"
        "   3: 0000000000000000FFFF00000100007F:C003 0000000000000000FFFF00000100007F:1F91"
        " 01 0:0 0:0 0 1003 0 4\n"
        "   4: 00000000000000000000000001000000:C004 00000000000000000000000001000000:1F91"
        " 01 0:0 0:0 0 1004 0 5\n"
    )
    here, six = ("127.0.0.1", 8081), ("::1", 8081, 0, 0)
    assert find_owner(table, ("127.0.0.1", 0xC001), here) == 1002
    assert find_owner(table, ("127.0.0.1", 0xC002), here) is None, "it hung up: the kernel says 0"
    assert find_owner(table, ("127.0.0.1", 0xC003), here) == 1003
    assert find_owner(table, ("::1", 0xC004, 0, 0), six) == 1004
    assert find_owner(table, ("127.0.0.1", 0xC005), here) is None


async def test_the_bearer_reads_and_does_not_act_for_a_session(room: Room) -> None:
    async with room.serving(token=TOKEN) as client:
        for route in ROUTES:
            headers = bearer() | client.own
            status = await asked(client, route, headers=headers)
            if route.name == "token_rollback":
                assert status == 415, "it asks for a form"
            elif route.needs in ("reader", "token"):
                assert status in (200, 202), route.name
            elif route.needs == "session":
                assert status == 401, route.name


def test_every_route_that_changes_something_is_a_post_with_a_need() -> None:
    posts = {each.name: each.needs for each in ROUTES if each.method == "POST"}
    assert posts == {
        "webhook": "signature", "reload": "token", "login": "open", "logout": "session",
        "stop": "session", "rollback": "session", "token_rollback": "token",
        "observe": "target", "end_sessions": "session", "incident_act": "session",
        "searches": "session", "review": "session", "rerun": "session",
    }  # fmt: skip


async def test_what_is_served_is_the_table_and_nothing_else(room: Room) -> None:
    server = WebServer(WebRules(port=0), room.services)
    served = {
        (route.method, route.resource.canonical)
        for route in server.app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    table = {
        (each.method, web.UrlDispatcher().add_resource(each.path).canonical) for each in ROUTES
    }
    assert served == table


async def test_a_route_that_somebody_adds_beside_the_table_is_not_served(room: Room) -> None:
    async def secret(_: web.Request) -> web.Response:
        return web.Response(text="oh no")

    server = WebServer(WebRules(port=0), room.services)
    server.app.router.add_get("/debug", secret)
    async with server, aiohttp.ClientSession() as http:
        answer = await http.get(f"{server.url}/debug")
        assert answer.status == 404


@ALL
async def test_every_answer_is_dressed(room: Room, route: Route) -> None:
    async with room.serving() as client:
        for method in ("GET", "POST", "PUT"):
            options: dict[str, Any] = {"allow_redirects": False, "headers": client.own}
            async with client.http.request(
                method, client.url + path_of(route), **options
            ) as answer:
                headers = answer.headers
            assert headers["Content-Security-Policy"] == CONTENT_POLICY
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["X-Frame-Options"] == "DENY"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert headers["Server"] == "theseus"
            assert "Access-Control-Allow-Origin" not in headers
            if answer.status == 200 and route.name != "static":
                assert headers["Cache-Control"] == "no-store"


async def test_unknown_paths_and_wrong_methods_are_told_apart(room: Room) -> None:
    async with room.serving() as client:
        assert (await client.get("/nothing")).status == 404
        assert (await client.get("/runs/nobody")).status == 404
        wrong = await client.get("/webhook/github")
        assert (wrong.status, wrong.headers["Allow"]) == (405, "POST")
        assert (await client.ask("DELETE", "/stop")).status == 405
        assert (await client.ask("OPTIONS", "/")).status == 405
        assert (await client.ask("HEAD", "/health")).status == 200


def test_off_loopback_it_takes_a_token() -> None:
    anywhere = "0.0.0.0"  # noqa: S104  it is refused
    for host in (anywhere, "::", "192.168.1.5", "example.org", "127.0.0.1.example.org"):
        with pytest.raises(ConfigError, match=r"http\.host .*THESEUS_HTTP_TOKEN.*127\.0\.0\.1"):
            WebRules(port=1, host=host).check()
        WebRules(port=1, host=host, token=TOKEN).check()
    for host in ("127.0.0.1", "127.8.8.8", "::1", "localhost"):
        WebRules(port=1, host=host).check()


@pytest.mark.parametrize("rules", [WebRules(1, token="hunter2"), WebRules(1, secret="hunter2")])
def test_a_secret_that_can_be_guessed_is_refused(rules: WebRules) -> None:
    with pytest.raises(ConfigError, match="too short"):
        rules.check()


async def test_a_port_that_is_taken_is_told_with_the_way_out(room: Room) -> None:
    async with room.serving() as client:
        with pytest.raises(ConfigError, match="THESEUS_HTTP_PORT"):
            async with WebServer(WebRules(port=client.server.port), room.services):
                pass


def test_every_page_is_checked_for_everybody() -> None:
    """A new page is listed in tests/support/dashboard_pages.py, which a browser walks through."""
    pages = {
        each.name: re.compile(re.sub(r"{\w+:?([^{}]*(?:{[^{}]*}[^{}]*)*)}", r"(?:\1)", each.path))
        for each in ROUTES
        if each.method == "GET" and each.name not in NO_PAGES | ELSEWHERE
    }
    paths = [path.partition("?")[0] for path in PAGES]
    missing = {name for name, path in pages.items() if not any(map(path.fullmatch, paths))}
    assert missing == set()
