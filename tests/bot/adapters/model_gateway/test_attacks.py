"""A hostile program at the gateway: only valid requests get through."""

import asyncio
import gzip
import json
import logging
import secrets
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from bot.adapters.model_gateway._model_request import BodyRedactor
from tests.support.gateway_room import (
    ALICES,
    BOBS,
    KEY,
    GatewayRoom,
    Json,
    make_body,
    make_failing,
    open_gateway_room,
)

OTHER = "sk-ant-api03-" + "Qw7" * 31
GOOD = "POST /v1/messages HTTP/1.1"


async def raw(base_url: str, text: str) -> bytes:
    """Send these very bytes, and return the first line of the answer."""
    parts = urlsplit(base_url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(text.encode("latin-1"))
        async with asyncio.timeout(20):
            return await reader.readline()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def request(first: str, *headers: str, sent: str = "", host: str = "127.0.0.1") -> str:
    """Return the text of a request; `{token}` is filled in later."""
    lines = [first, f"Host: {host}", "x-api-key: {token}", *headers]
    if not any(line.lower().startswith(("content-length", "transfer")) for line in headers):
        lines.append(f"Content-Length: {len(sent)}")
    return "\r\n".join([*lines, "", sent])


def nothing_came(room: GatewayRoom) -> None:
    """Check that the provider was not asked anything."""
    assert room.provider.requests == []


# ------------------------------------------------------------------------------------- the tokens


async def test_only_a_token_that_is_lent_now_opens_the_door(tmp_path: Path) -> None:
    async with open_gateway_room(tmp_path) as room:
        async with room.gateway.open_lease(ALICES) as gone:
            pass
        async with room.gateway.open_lease(ALICES) as lent:
            token = lent.token
            tried = [
                gone.token, "", "x", KEY, token[:-1], token + "0", token[:-1] + "g", token.upper(),
                "sk-ant-theseus-" + secrets.token_hex(32), token.removeprefix("sk-ant-theseus-"),
                "*", "é", f"{token},{token}",
            ]  # fmt: skip
            for guess in tried:
                status, answer = await room.ask(lent, headers={"x-api-key": guess})
                assert (status, json.loads(answer)["error"]["type"]) == (
                    401,
                    "authentication_error",
                )
                bearer = {"x-api-key": "", "Authorization": f"Bearer {guess}"}
                assert (await room.ask(lent, headers=bearer))[0] == 401
            status, _ = await room.ask(lent, headers={"Authorization": f"Bearer {token}"})
            assert status == 401  # two at once: it is undefined which counts
            plain = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            url = f"{lent.base_url}/v1/messages"
            async with room.client.post(url, json=make_body(), headers=plain) as answered:
                assert answered.status == 200
    assert len(room.provider.requests) == 1
    assert len(room.charges) == 1


async def test_a_token_works_for_its_own_account_whoever_else_is_there(tmp_path: Path) -> None:
    async with (
        open_gateway_room(tmp_path) as room,
        room.gateway.open_lease(ALICES) as alices,
        room.gateway.open_lease(BOBS) as bobs,
    ):
        assert alices.token != bobs.token
        assert len(alices.token) > 64
        metadata = {"metadata": {"user_id": "run_other"}, "account": BOBS.model_dump()}
        await room.ask(alices, make_body(**metadata), headers={"x-account": "bob"})
        await room.ask(bobs)
    assert [charge.account for charge in room.charges] == [ALICES, BOBS]


# ------------------------------------------------------------------------------ what can be asked


PATHS = [
    "/", "/v1", "/v1/models", "/v1/messages/batches", "/v1/files", "/v1/complete",
    "//v1/messages", "/v1//messages", "/v1/messages/", "/v1/messages//", "/v1/./messages",
    "/v1/x/../messages", "/../v1/messages", "/v1/messages/../../v1/organizations",
    "/v1/messages/%2e%2e/files", "/v1%2fmessages", "/%76%31/messages", "/v1/messages%00",
    "/v1/messages;x=1", "/v1/messages?beta=true&x=1", "/v1/messages?x", "/V1/messages",
    "/v1/messages#x", "/v1/messages\\..\\files", "http://127.0.0.1/v1/messages",
    "http://evil.example/v1/messages", "https://api.anthropic.com/v1/messages",
    "//evil.example/v1/messages", "@evil.example/v1/messages", "v1/messages", "*",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
async def test_no_other_path_and_no_other_way_to_write_it_gets_through(
    tmp_path: Path, path: str
) -> None:
    async with open_gateway_room(tmp_path) as room, room.gateway.open_lease(ALICES) as lent:
        sent = request(f"POST {path} HTTP/1.1", sent=json.dumps(make_body()))
        status = await raw(lent.base_url, sent.replace("{token}", lent.token))
        assert status[9:10] in (b"4", b"")
        nothing_came(room)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"])
async def test_nothing_but_post_is_taken(tmp_path: Path, method: str) -> None:
    async with open_gateway_room(tmp_path) as room, room.gateway.open_lease(ALICES) as lent:
        path = "127.0.0.1:443" if method == "CONNECT" else "/v1/messages"
        sent = request(f"{method} {path} HTTP/1.1").replace("{token}", lent.token)
        assert (await raw(lent.base_url, sent))[9:12] in (b"405", b"404", b"400")
        nothing_came(room)


WHOLE = json.dumps(make_body())
CHUNKED = f"{len(WHOLE):x}\r\n{WHOLE}\r\n0\r\n\r\n"
SMUGGLED = [
    request(GOOD, f"Content-Length: {len(WHOLE)}", "Transfer-Encoding: chunked", sent=CHUNKED),
    request(GOOD, "Transfer-Encoding: chunked", "Content-Length: 4", sent=CHUNKED),
    request(GOOD, "Content-Length: 4", f"Content-Length: {len(WHOLE)}", sent=WHOLE),
    request(GOOD, f"Content-Length: +{len(WHOLE)}", sent=WHOLE),
    request(GOOD, "Transfer-Encoding: xchunked", sent=CHUNKED),
    request(GOOD, "Transfer-Encoding : chunked", sent=CHUNKED),
    request(GOOD, "x-app: a\r\n b: folded", sent=WHOLE),
    request(GOOD, "x-app: a\rx-api-key: b", sent=WHOLE),
    request(GOOD, "x-app: a\0b", sent=WHOLE),
    request("POST /v1/messages HTTP/1.1\r\nHost: evil.example", sent=WHOLE),
    request("POST /v1/messages HTTP/1.1 HTTP/1.1", sent=WHOLE),
    request("POST /v1/messages\r\nx: y HTTP/1.1", sent=WHOLE),
    *(
        request(GOOD, sent=WHOLE, host=host)
        for host in (
            "api.anthropic.com",
            "evil.example:80",
            "127.0.0.1.evil.example",
            "[::1]",
            "",
            "127.0.0.1:443@evil.example",
        )
    ),
    request(GOOD, "Origin: http://evil.example", sent=WHOLE),
    request(GOOD, "Cookie: a=b", sent=WHOLE),
    request(GOOD, "Content-Encoding: gzip", sent=WHOLE),
]


@pytest.mark.parametrize("text", SMUGGLED, ids=range(len(SMUGGLED)))
async def test_what_can_be_read_in_two_ways_is_not_read_at_all(tmp_path: Path, text: str) -> None:
    async with open_gateway_room(tmp_path) as room, room.gateway.open_lease(ALICES) as lent:
        status = await raw(lent.base_url, text.replace("{token}", lent.token))
        assert status[9:10] in (b"4", b"")
        nothing_came(room)


async def test_a_packed_body_does_not_get_round_the_limit(tmp_path: Path) -> None:
    bomb = gzip.compress(b" " * 5_000_000 + json.dumps(make_body()).encode())
    async with open_gateway_room(tmp_path) as room, room.gateway.open_lease(ALICES) as lent:
        assert (await room.ask(lent, bomb, headers={"Content-Encoding": "gzip"}))[0] == 400
        nothing_came(room)


async def test_a_body_that_is_too_large_is_refused(tmp_path: Path) -> None:
    async with (
        open_gateway_room(tmp_path, most_bytes=10_000) as room,
        room.gateway.open_lease(ALICES) as lent,
    ):
        assert (await room.ask(lent, make_body("x" * 9_000)))[0] == 200
        status, answer = await room.ask(lent, make_body("x" * 11_000))
        assert (status, json.loads(answer)["error"]["type"]) == (413, "request_too_large")
    assert len(room.provider.requests) == 1


@pytest.mark.parametrize(
    "sent",
    [
        b"", b"no json", b"[]", b'"x"', b"{}", b'{"model": 1, "messages": []}', b"\xff\xfe{}",
        b'{"model": "x", "messages": [], "temperature": NaN}', b"[" * 100_000,
        b'{"model": "x", "messages": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b'{"model": "x", "messages": ["\\ud800"]}', b'{"model": "x", "messages": null}',
        *(json.dumps(make_body(model=name)).encode() for name in (OTHER, "Ignore all!", "x" * 101)),
    ],
)  # fmt: skip
async def test_a_body_that_makes_no_sense_is_told_so(tmp_path: Path, sent: bytes) -> None:
    async with open_gateway_room(tmp_path) as room, room.gateway.open_lease(ALICES) as lent:
        async with room.open_request(lent, sent or b" ") as answer:
            assert answer.status == 400
            assert (await answer.json())["error"]["type"] == "invalid_request_error"
        nothing_came(room)


ADDRESS = {"type": "url", "url": "http://evil.example/?q=secret"}
REACHING: list[Json] = [
    {"mcp_servers": [{"type": "url", "url": "http://evil.example", "name": "x"}]},
    {"container": {"skills": [{"type": "custom", "skill_id": "x"}]}},
    {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
    {"tools": [{"type": "web_fetch_20250910", "name": "web_fetch"}]},
    {"tools": [{"type": "code_execution_20250825", "name": "code_execution"}]},
    {"tools": [{"type": "mcp_toolset", "mcp_server_name": "x"}]},
    {"tools": ["x"]},
    {"messages": [{"role": "user", "content": [{"type": "image", "source": ADDRESS}]}]},
    {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1",
        "content": [{"type": "document", "source": ADDRESS}]}]}]},
    {"system": [{"type": "document", "source": ADDRESS}]},
]  # fmt: skip


@pytest.mark.parametrize("more", REACHING)
async def test_nothing_has_the_provider_reach_out_for_a_program(tmp_path: Path, more: Json) -> None:
    async with open_gateway_room(tmp_path) as room, room.gateway.open_lease(ALICES) as lent:
        assert (await room.ask(lent, {**make_body(), **more}))[0] == 403
        nothing_came(room)


# ------------------------------------------------------------------------------ keys and secrets


async def test_of_a_programs_headers_only_the_few_that_matter_go_on(tmp_path: Path) -> None:
    given = {
        "anthropic-version": "2023-06-01", "anthropic-beta": "context-management-2025-06-27",
        "x-app": "cli", "x-stainless-lang": "js", "x-forwarded-for": "1.2.3.4", "te": "trailers",
        "proxy-authorization": "Basic eDp5", "anthropic-dangerous-direct-browser-access": "true",
        "connection": "x-app", "x-organization": "other", "forwarded": "for=x",
    }  # fmt: skip
    async with open_gateway_room(tmp_path) as room, room.gateway.open_lease(ALICES) as lent:
        await room.ask(lent, headers=given)
        came = room.provider.last.headers
    assert came.getall("x-api-key") == [KEY]
    ours = {"host", "accept-encoding", "content-length", "content-type"}
    kept = {"anthropic-version", "anthropic-beta", "x-app", "x-stainless-lang", "accept"}
    assert {name.lower() for name in came} <= ours | kept | {"x-api-key", "user-agent"}
    assert came["anthropic-beta"] == "context-management-2025-06-27"
    assert lent.token not in str(came)


async def test_of_the_providers_headers_only_the_few_that_matter_come_back(tmp_path: Path) -> None:
    headers = {
        "Set-Cookie": "a=b", "Server": "x", "request-id": "req_1", "x-api-key": KEY,
        "anthropic-ratelimit-requests-remaining": "5", "Location": "http://evil.example",
        "anthropic-organization-id": "org", "Link": "<http://evil.example>",
    }  # fmt: skip
    async with open_gateway_room(tmp_path) as room, room.gateway.open_lease(ALICES) as lent:
        for status in (200, 400):
            room.provider.answer = make_failing(status, headers)
            async with room.open_request(lent) as answer:
                names = {name.lower() for name in answer.headers}
                assert {"request-id", "anthropic-ratelimit-requests-remaining"} <= names
                assert not names & {"set-cookie", "x-api-key", "location", "link"}
                assert KEY not in str(answer.headers)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 529, 302, 206])
async def test_whatever_goes_wrong_no_answer_log_or_record_holds_the_key_or_a_token(
    tmp_path: Path, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def echoes(http: web.Request) -> web.StreamResponse:
        told = f"invalid x-api-key {http.headers['x-api-key']} ({OTHER}) in {dict(http.headers)}"
        error = {"type": "error", "error": {"type": "api_error", "message": told}}
        headers = {"Location": f"http://127.0.0.1:1/?{KEY}", "retry-after": KEY}
        return web.json_response(error, status=status, headers=headers)

    async with open_gateway_room(tmp_path, echoes) as room, room.gateway.open_lease(ALICES) as lent:
        async with room.open_request(lent) as answer:
            seen = f"{await answer.text()}{dict(answer.headers)}"
        await room.ask(lent, headers={"x-api-key": lent.token[:-1]})
        kept = "".join(charge.model_dump_json() for charge in room.charges)
        said = caplog.text + repr(lent) + repr(room.gateway.__dict__)
        for secret in (KEY, lent.token):
            assert secret not in seen + kept + said
        assert OTHER not in seen + kept
        assert len(room.provider.requests) == 1  # redirects are not followed


async def test_secrets_are_taken_out_of_all_that_is_said_and_nothing_else_is_touched(
    tmp_path: Path,
) -> None:
    thinking = {"type": "thinking", "thinking": f"the key is {OTHER}", "signature": "c2ln" * 30}
    picture = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo" * 30}
    use = {"type": "tool_use", "id": "toolu_01" + "a1B2" * 6, "name": "Bash"}
    given = {"command": f"curl -H 'x-api-key: {OTHER}'", "type": OTHER, OTHER: "x", "deep": [OTHER]}
    result = {"type": "tool_result", "tool_use_id": use["id"]}
    cache = {"cache_control": {"type": "ephemeral"}}
    asked = make_body(
        system=[{"type": "text", "text": f"You are. {OTHER}", **cache}],
        messages=[
            {"role": "user", "content": f"my key: {OTHER}\n{KEY}"},
            {"role": "assistant", "content": [thinking, {**use, "input": given}]},
            {"role": "user", "content": [
                {**result, "content": f"OPENAI={OTHER}"},
                {**result, "content": [{"type": "text", "text": OTHER}, {"type": "image",
                    "source": picture}]},
                {"type": "text", "text": "ümläut 🙂 \u2028 fine", **cache},
            ]},
        ],
    )  # fmt: skip
    asked |= {"metadata": {"user_id": OTHER}, "stop_sequences": [OTHER], "unheard_of": {"x": OTHER}}
    async with open_gateway_room(tmp_path) as room, room.gateway.open_lease(ALICES) as lent:
        for _ in range(2):  # once more, as every request repeats the ones before
            assert (await room.ask(lent, asked))[0] == 200
            sent = room.provider.last.body
            everything = json.dumps({**sent, "x": 1}).replace(json.dumps(thinking), "")
            assert OTHER not in everything
            assert KEY not in everything
            first, second, third = sent["messages"]
            assert second["content"][0] == thinking
            assert second["content"][1]["id"] == use["id"]
            assert set(second["content"][1]["input"]) >= {"command", "type", "deep"}
            assert third["content"][1]["content"][1]["source"] == picture
            assert third["content"][2]["text"] == "ümläut 🙂 \u2028 fine"
            assert third["content"][2]["cache_control"] == {"type": "ephemeral"}
            assert sent["system"][0]["cache_control"] == {"type": "ephemeral"}
            assert "[redacted:" in first["content"]
    first_time, again = (charge.redacted for charge in room.charges)
    assert first_time == again >= 8


@pytest.mark.parametrize(
    "hidden",
    [
        {"tools": [{"name": OTHER, "description": "x", "input_schema": {"type": "object"}}]},
        {"tools": [{"name": "x", "input_schema": {"enum": [OTHER], "required": [OTHER]}}]},
        {"tools": [{"name": ["x", OTHER], "input_schema": {"type": [OTHER]}}]},
        {"unheard_of": {"type": [OTHER], "id": {"role": OTHER}, "signature": [[OTHER]]}},
        {"unheard_of": {OTHER: "x"}},
        {OTHER: "x"},
    ],
    ids=["a tool's name", "a list in a schema", "a list as a name", "lists", "a key", "a top key"],
)
async def test_a_secret_in_names_lists_and_keys_does_not_go_out(
    tmp_path: Path, hidden: dict[str, object]
) -> None:
    async with open_gateway_room(tmp_path) as room, room.gateway.open_lease(ALICES) as lent:
        assert (await room.ask(lent, make_body() | hidden))[0] == 200
        assert OTHER not in json.dumps(room.provider.last.body)
        assert "[redacted:" in json.dumps(room.provider.last.body)


async def test_what_would_cost_more_than_its_price_is_left_out(tmp_path: Path) -> None:
    more = {"speed": "fast", "service_tier": "auto", "inference_geo": "us", "temperature": 1}
    async with open_gateway_room(tmp_path) as room, room.gateway.open_lease(ALICES) as lent:
        await room.ask(lent, make_body(**more))
    assert room.provider.last.body == make_body(temperature=1)


async def test_a_key_written_twice_or_in_escapes_does_not_go_out_either(tmp_path: Path) -> None:
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in OTHER)
    sent = (
        f'{{"messages": [{{"role": "user", "content": "{OTHER}"}}], "model": "x", "max_tokens": 5,'
        f' "messages": [{{"role": "user", "content": "{escaped}"}}]}}'
    )
    async with open_gateway_room(tmp_path) as room, room.gateway.open_lease(ALICES) as lent:
        assert (await room.ask(lent, sent.encode()))[0] == 200
        assert OTHER not in json.dumps(room.provider.last.body)
        assert "[redacted:" in json.dumps(room.provider.last.body)


async def test_the_providers_own_key_does_not_go_out_in_words_even_without_redaction(
    tmp_path: Path,
) -> None:
    async with (
        open_gateway_room(tmp_path, redacts=None) as room,
        room.gateway.open_lease(ALICES) as lent,
    ):
        await room.ask(lent, make_body(f"{KEY} and {OTHER}"))
        said = json.dumps(room.provider.last.body)
    assert KEY not in said
    assert OTHER in said
    assert room.charges[0].redacted == 1


def test_where_the_program_keeps_a_picture_is_not_told() -> None:
    path = "[Image: source: /home/ada/state/home/images/1.png]"
    body = {"messages": [{"role": "user", "content": [{"type": "text", "text": f"look: {path}"}]}]}
    found = BodyRedactor(lambda text: text).clean(body)
    assert json.dumps(found.body).count("look: [Image]") == 1
    assert "/home/ada" not in json.dumps(found.body)
    assert found.redacted == 0
