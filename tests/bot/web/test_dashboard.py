"""Attacks on the dashboard: guessing, forging, fixing sessions, framing, foreign names."""

import json
from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import Any

import pytest

from bot.web._sessions import MOST, SECONDS, Sessions
from bot.web._token_auth import GUESSES, MOST_PEERS, WINDOW_SECONDS, GuessLimiter, TokenAuth
from tests.bot.web.web_server import TOKEN, HttpClient, Room, bearer
from tests.fakes.fake_clock import FakeClock

PAGE = {"Accept": "text/html"}


@pytest.fixture
def room() -> Room:
    return Room()


def cookie_of(client: HttpClient) -> str:
    (cookie,) = [each.value for each in client.http.cookie_jar]
    return cookie


# --------------------------------------------------------------------------------------- logging in


async def test_the_token_opens_a_session_and_the_cookie_is_out_of_reach(room: Room) -> None:
    async with room.serving(token=TOKEN) as client:
        turned_away = await client.get("/", headers=PAGE)
        assert (turned_away.status, turned_away.headers["Location"]) == (303, "/login")
        answer = await client.log_in()
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        told = answer.headers["Set-Cookie"]
        assert "HttpOnly" in told
        assert "SameSite=Strict" in told
        assert "Path=/" in told
        assert "Secure" not in told
        assert TOKEN not in told
        assert (await client.get("/", headers=PAGE)).status == 200


async def test_behind_a_proxy_with_tls_the_cookie_is_secure(room: Room) -> None:
    async with room.serving(token=TOKEN) as client:
        headers = client.own | {"X-Forwarded-Proto": "https"}
        answer = await client.post("/login", data={"token": TOKEN}, headers=headers)
    assert "Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("given", ["", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "é" * 20])
async def test_what_is_not_the_token_opens_nothing(room: Room, given: str) -> None:
    async with room.serving(token=TOKEN) as client:
        answer = await client.log_in(given)
        assert answer.status == 403
        assert "Set-Cookie" not in answer.headers
        assert (await client.get("/")).status == 401


async def test_guessing_is_ended_for_a_while_even_with_the_right_token(room: Room) -> None:
    async with room.serving(token=TOKEN) as client:
        for number in range(GUESSES):
            if number % 2:
                assert (await client.log_in(f"guess-{number}")).status == 403
            else:
                answer = await client.get("/metrics", headers=bearer(f"guess-{number}"))
                assert answer.status == 401
        limited = await client.log_in(TOKEN)
        assert limited.status == 429
        assert 0 < int(limited.headers["Retry-After"]) <= WINDOW_SECONDS + 1
        assert (await client.get("/metrics", headers=bearer())).status == 429
        assert (await client.get("/health")).status == 200
        room.clock.tick(WINDOW_SECONDS)
        assert (await client.log_in(TOKEN)).status == 303


async def test_who_is_in_already_is_not_kept_out_by_others_guessing(room: Room) -> None:
    async with room.serving(token=TOKEN) as client:
        await client.log_in()
        for _ in range(GUESSES + 1):
            await client.get("/metrics", headers=bearer("no"), cookies={})
            await client.post("/login", data={"token": "no"}, headers=client.own)
        assert (await client.get("/")).status == 200


def test_the_memory_of_guesses_is_bounded_and_an_ipv6_network_is_one_peer() -> None:
    guesses = GuessLimiter(FakeClock())
    for number in range(MOST_PEERS * 2):
        guesses.count_failure(f"10.0.{number // 256}.{number % 256}")
    assert len(guesses) == MOST_PEERS
    keys = TokenAuth(TOKEN, FakeClock())
    for number in range(GUESSES):
        assert not keys.is_valid("no", f"2001:db8:0:1::{number:x}")
    with pytest.raises(Exception, match="too many"):
        keys.is_valid(TOKEN, "2001:db8:0:1:ffff::1")
    assert keys.is_valid(TOKEN, "2001:db8:0:2::1")
    assert keys.is_valid(TOKEN, None)


def test_every_address_of_this_machine_is_one_peer() -> None:
    keys = TokenAuth(TOKEN, FakeClock())
    for number in range(GUESSES):
        assert not keys.is_valid("no", f"127.0.{number}.{number + 1}")
    for peer in ("127.0.0.1", "127.255.0.9", "::1", "::ffff:127.9.9.9"):
        with pytest.raises(Exception, match="too many"):
            keys.is_valid(TOKEN, peer)
    assert keys.is_valid(TOKEN, "10.0.0.1")


@pytest.mark.parametrize("name", ["token", "access_token", "key", "TOKEN"])
async def test_a_token_in_an_address_is_refused(room: Room, name: str) -> None:
    async with room.serving(token=TOKEN) as client:
        answer = await client.get("/metrics", params={name: TOKEN})
        assert answer.status == 400
        assert TOKEN not in answer.text
        answer = await client.post("/login", params={name: TOKEN}, headers=client.own)
        assert answer.status == 400


# ----------------------------------------------------------------------------------------- sessions


async def test_a_cookie_brought_along_never_becomes_a_session(room: Room) -> None:
    """Fixation: whoever plants a cookie before the login does not share what it opens."""
    async with room.serving(token=TOKEN) as client:
        for name in ("theseus-0", f"theseus-{client.server.port}"):
            planted = client.own | {"Cookie": f"{name}=planted"}
            answer = await client.post("/login", data={"token": TOKEN}, headers=planted)
            assert "planted" not in answer.headers["Set-Cookie"]
            client.http.cookie_jar.clear()
            stolen = await client.get("/", headers={"Cookie": f"{name}=planted"})
            assert stolen.status == 401


async def test_logging_in_again_ends_the_session_before(room: Room) -> None:
    async with room.serving(token=TOKEN) as client:
        await client.log_in()
        (before,) = [(each.key, each.value) for each in client.http.cookie_jar]
        await client.log_in()
        assert cookie_of(client) != before[1]
        client.http.cookie_jar.clear()
        answer = await client.get("/", headers={"Cookie": "=".join(before)})
        assert answer.status == 401


async def test_logging_out_ends_the_session_here_not_only_in_the_browser(room: Room) -> None:
    async with room.serving(token=TOKEN) as client:
        await client.log_in()
        (kept,) = [(each.key, each.value) for each in client.http.cookie_jar]
        answer = await client.post(
            "/logout", data={"form": await client.form()}, headers=client.own
        )
        assert answer.status == 303
        client.http.cookie_jar.clear()
        assert (await client.get("/", headers={"Cookie": "=".join(kept)})).status == 401


async def test_a_session_ends_by_itself(room: Room) -> None:
    async with room.serving(token=TOKEN) as client:
        await client.log_in()
        room.clock.tick(SECONDS - 1)
        assert (await client.get("/")).status == 200
        room.clock.tick(1)
        assert (await client.get("/")).status == 401


def test_sessions_are_bounded_random_and_kept_as_digests() -> None:
    sessions = Sessions(FakeClock())
    cookies = [sessions.begin()[0] for _ in range(MOST + 5)]
    assert len(sessions) == MOST
    assert len(set(cookies)) == len(cookies)
    assert min(map(len, cookies)) >= 43
    assert sessions.get(cookies[0]) is None
    assert sessions.get(cookies[-1]) is not None
    assert cookies[-1] not in repr(vars(sessions))


def test_sessions_are_left_to_a_process_with_the_same_token() -> None:
    clock = FakeClock()
    old = Sessions(clock)
    cookie, login = old.begin()
    ended, _ = old.begin()
    old.end(ended)
    clock.tick(SECONDS - 10)
    left = json.loads(json.dumps(old.leave(TOKEN)))  # as it goes over the supervisor's socket
    assert cookie not in str(left) and TOKEN not in str(left)
    new = Sessions(clock)
    new.take(left, TOKEN)
    taken = new.get(cookie)
    assert taken is not None
    assert (taken.form, len(new)) == (login.form, 1)
    clock.tick(10)
    assert new.get(cookie) is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda left: left | {"proof": "0" * 64},
        lambda left: left | {"logins": left["logins"] * (MOST + 1)},
        lambda left: left | {"logins": [left["logins"][0] | {"seconds": SECONDS * 2}]},
        lambda left: left | {"logins": [left["logins"][0] | {"digest": "../etc"}]},
        lambda left: left | {"more": 1},
        lambda left: {},
    ],
)
def test_sessions_that_are_not_as_they_were_left_let_nobody_in(
    spoil: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    old, new = Sessions(FakeClock()), Sessions(FakeClock())
    old.begin()
    new.take(spoil(old.leave(TOKEN)), TOKEN)
    assert len(new) == 0


def test_sessions_end_with_the_token_they_were_made_with() -> None:
    old, new = Sessions(FakeClock()), Sessions(FakeClock())
    old.begin()
    new.take(old.leave(TOKEN), TOKEN + "a new one")
    assert len(new) == 0


async def test_a_session_of_another_start_is_none(room: Room) -> None:
    async with room.serving(token=TOKEN) as client:
        await client.log_in()
        cookie = SimpleCookie({"theseus-0": cookie_of(client)})
    async with room.serving(token=TOKEN) as client:
        answer = await client.get("/", headers={"Cookie": cookie.output(header="").strip()})
        assert answer.status == 401


# ------------------------------------------------------------------------------------------- acting


async def stop(client: HttpClient, **about: Any) -> int:
    sent = {"form": await client.form(), "sure": "yes", "why": "enough"} | about.pop("data", {})
    sending = {name: value for name, value in sent.items() if value is not None}
    headers = about.pop("headers", client.own)
    return (await client.post("/stop", data=sending, headers=headers)).status


async def test_the_button_stops_everything_and_every_page_says_so(room: Room) -> None:
    async with room.serving(token=TOKEN) as client:
        await client.log_in()
        assert await stop(client) == 303
        assert room.emergency.given == [(None, "page", "enough")]
        for path in ("/", "/audit", "/stop"):
            assert "Everything was stopped by the page: enough" in (await client.get(path)).text
        assert (await client.get("/health/ready")).json["reasons"] == [
            "the emergency stop is active"
        ]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "//[", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Origin": "OWN", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "OWN", "Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Referer": "OWN/stop"},
    ],
)
async def test_another_sites_page_cannot_press_it_with_the_owners_cookie(
    room: Room, headers: dict[str, str]
) -> None:
    async with room.serving(token=TOKEN) as client:
        await client.log_in()
        sent = {name: value.replace("OWN", client.url) for name, value in headers.items()}
        assert await stop(client, headers=sent) == 403
        login = await client.post("/login", data={"token": TOKEN}, headers=sent)
        assert login.status == 403
    assert room.emergency.given == []


async def test_a_browser_that_hides_where_it_was_is_believed_about_its_own_page(room: Room) -> None:
    """As Chromium does, told to send no referrer; the journey in a browser shows it."""
    async with room.serving(token=TOKEN) as client:
        await client.log_in()
        own = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
        assert await stop(client, headers=own) == 303


@pytest.mark.parametrize("form", [None, "", "x", "é" * 43])
async def test_a_form_without_its_sessions_own_token_does_nothing(
    room: Room, form: str | None
) -> None:
    async with room.serving(token=TOKEN) as client:
        await client.log_in()
        assert await stop(client, data={"form": form}) == 403
    assert room.emergency.given == []


async def test_the_form_token_of_another_session_does_nothing(room: Room) -> None:
    async with room.serving(token=TOKEN) as client:
        await client.log_in()
        others = await client.form()
        client.http.cookie_jar.clear()
        await client.log_in()
        assert await stop(client, data={"form": others}) == 403
    assert room.emergency.given == []


async def test_it_has_to_be_meant(room: Room) -> None:
    async with room.serving(token=TOKEN) as client:
        await client.log_in()
        for sure in (None, "", "no", "YES"):
            assert await stop(client, data={"sure": sure}) == 400
        json = await client.post(
            "/stop", json={"form": await client.form(), "sure": "yes"}, headers=client.own
        )
        assert json.status == 415
    assert room.emergency.given == []


async def test_looking_changes_nothing(room: Room) -> None:
    room.add_run()
    async with room.serving(token=TOKEN) as client:
        await client.log_in()
        form = await client.form()
        for path in ("/", "/stop", "/logout", "/webhook/reload", "/runs/k7m2xq"):
            await client.get(path, params={"form": form, "sure": "yes", "why": "x"})
        assert (await client.get("/")).status == 200
    assert room.emergency.given == []
    assert room.base_updates.asked == []
    assert room.store.audits == []


async def test_without_a_token_nobody_stops_anything_from_a_page(room: Room) -> None:
    async with room.serving() as client:
        page = await client.get("/stop")
        assert "THESEUS_HTTP_TOKEN" in page.text
        assert '<form method="post"' not in page.text
        sent = {"form": "", "sure": "yes"}
        assert (await client.post("/stop", data=sent, headers=client.own)).status == 401
        assert (await client.get("/login")).status == 404
        assert (await client.log_in("")).status == 403
    assert room.emergency.given == []


# ------------------------------------------------------------------------- other sites, other names


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:80",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "127.0.0.1@evil.example",
        "evil.example@127.0.0.1",
        "0.0.0.0",  # noqa: S104  it is refused
        "127.0.0.2",
        "[::2]",
        "[::1",
        "localhost.",
        "",
    ],
)
async def test_a_foreign_name_that_leads_here_gets_nothing(room: Room, host: str) -> None:
    async with room.serving() as client:
        for path in ("/", "/health", "/events", "/static/pages.css", "/nothing"):
            answer = await client.get(path, headers={"Host": host})
            assert answer.status in (400, 421), path


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:1", "127.0.0.1", "[::1]:9", "Ship.Example"]
)
async def test_names_of_its_own_and_trusted_ones_are_taken(room: Room, host: str) -> None:
    async with room.serving(trust=("ship.example",), token=TOKEN) as client:
        assert (await client.get("/", headers={"Host": host} | bearer())).status == 200


@pytest.mark.parametrize("path", ["/", "/metrics", "/health/info", "/events"])
async def test_other_sites_scripts_may_not_read(room: Room, path: str) -> None:
    async with room.serving() as client:
        for site in ("cross-site", "same-site"):
            for mode in ("no-cors", "cors", "websocket"):
                headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}
                assert (await client.get(path, headers=headers)).status == 403


async def test_a_link_from_elsewhere_leads_here(room: Room) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    async with room.serving() as client:
        assert (await client.get("/", headers=headers)).status == 200


async def test_a_login_leads_on_to_the_page_that_was_wanted(room: Room) -> None:
    async with room.serving(token=TOKEN) as client:
        turned_away = await client.get("/audit?words=a%26b", headers=PAGE)
        assert turned_away.headers["Location"] == "/login?next=%2Faudit%3Fwords%3Da%2526b"
        form = await client.get(turned_away.headers["Location"])
        assert 'name="next" value="/audit?words=a%26b"' in form.text
        sent = {"token": TOKEN, "next": "/audit?words=a%26b"}
        answer = await client.post("/login", data=sent, headers=client.own)
        assert answer.headers["Location"] == "/audit?words=a%26b"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example", "///evil.example", "/\\evil.example", "https://evil.example", "\\\\evil",
        "javascript:alert(1)", "/a\r\nSet-Cookie: b=c", "/\t/evil.example", "audit", "", "/é",
        "/login?next=/login", "/" + "a" * 3_000,
    ],
)  # fmt: skip
async def test_a_login_leads_nowhere_else(elsewhere: str, room: Room) -> None:
    async with room.serving(token=TOKEN) as client:
        sent = {"token": TOKEN, "next": elsewhere}
        answer = await client.post("/login", data=sent, headers=client.own)
        assert answer.headers["Location"] == "/"
