"""Requests to the bot's own server: every route, by strangers, readers and the operator."""

from contextlib import ExitStack, closing
from pathlib import Path

from bot.web._routes import ROUTES
from tests.bot.web.web_server import TOKEN
from tests.fuzz.judge import Case
from tests.fuzz.variation import Choices, vary_bytes
from tests.fuzz.web_room import WebRoom

_FIELDS = (
    "since=2026-11-01&until=now&page=2&kind=command&text=%2Froll+%E2%80%AE&limit=-1&goal=fix"
    "&run=k7m2xq&status=9999&before=1e400&sort=%00&name=a&tz=Mars%2FBase"
)
_PLACES = (("{id", "k7m2xq"), ("{number", "1"), ("{kind", "skill"), ("{forge", "github"),
           ("{target", "shop"), ("{name", "writing-a-cog"), ("{what", "runs"))  # fmt: skip


def _fill(path: str) -> str:
    """Return a path of a route with a value in place of each parameter."""
    parts = []
    for part in path.split("/"):
        value = next((value for start, value in _PLACES if part.startswith(start)), "a")
        parts.append(value if part.startswith("{") else part)
    return "/".join(parts)


def build_requests() -> tuple[bytes, ...]:
    """Return a sound request for each route, with the operator's token."""
    made = []
    for route in ROUTES:
        if route.streams:
            continue  # it lasts until its reader leaves
        body = _FIELDS if route.method == "POST" else ""
        query = f"?{_FIELDS}" if route.method == "GET" else ""
        made.append(
            f"{route.method} {_fill(route.path)}{query} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
            f"Authorization: Bearer {TOKEN}\r\nConnection: close\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nAccept-Language: de;q=0.7, *\r\n"
            f'Cookie: session=abc; lang="x"\r\nRange: bytes=0-1\r\nContent-Length: {len(body)}\r\n\r\n'
            f"{body}".encode()
        )
    return tuple(made)


def build(folder: Path, stack: ExitStack) -> Case:
    """Return a case: the bytes of a request, of which some were changed."""
    room = stack.enter_context(closing(WebRoom()))
    seeds = build_requests()

    def ask(data: bytes) -> None:
        choices = Choices(data)
        seed = seeds[choices.take_number(len(seeds))]
        room.send(vary_bytes(seed, choices) if choices.take_number(20) else choices.rest)

    return ask
