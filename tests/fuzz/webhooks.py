"""Deliveries of forges with a good signature: the secret may leak, and a forge may change."""

import hashlib
import hmac
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from tests.bot.web.web_server import COMMIT, SECRET
from tests.fuzz.judge import Case
from tests.fuzz.variation import Choices, build_json_case
from tests.fuzz.web_room import WebRoom

_BASE: dict[str, Any] = {
    "action": "closed", "ref": "refs/heads/main", "before": COMMIT, "after": COMMIT,
    "repository": {"id": 1, "full_name": "a/b", "pushed_at": 1_795_000_000,
                   "updated_at": "2026-11-26T20:00:00Z"},
    "head_commit": {"id": COMMIT, "timestamp": "2026-11-26T20:00:00+01:00"},
}  # fmt: skip
SEEDS = (
    _BASE,
    {**_BASE, "pull_request": {"number": 5, "merged": True, "updated_at": "2026-11-26T20:00:00Z",
                               "base": {"ref": "main"}, "head": {"sha": COMMIT}}},
    {**_BASE, "action": "labeled", "issue": {"number": 5, "updated_at": "2026-11-26T20:00:00Z"}},
)  # fmt: skip
_EVENTS = ("push", "pull_request", "issues", "ping", "check_suite", "")


def build(folder: Path, stack: ExitStack) -> Case:
    """Return a case: a delivery of one of the forges."""
    room = stack.enter_context(closing(WebRoom()))

    def deliver(data: bytes) -> None:
        choices = Choices(data)
        forge, event = choices.choose(("github", "forgejo", "local")), choices.choose(_EVENTS)
        body = build_json_case(choices.rest, SEEDS)
        signed = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        delivery = f"{int.from_bytes(data[:16].ljust(16, b'a'), 'big'):032x}"
        names = (
            ("X-GitHub", "X-Hub", "sha256=") if forge == "github" else ("X-Forgejo",) * 2 + ("",)
        )
        signature = "Signature-256" if forge == "github" else "Signature"
        room.send(
            f"POST /webhook/{forge} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\n{names[1]}-{signature}: {names[2]}{signed}\r\n"
            f"{names[0]}-Event: {event}\r\n{names[0]}-Delivery: {delivery[:8]}-{delivery[8:12]}-"
            f"{delivery[12:16]}-{delivery[16:20]}-{delivery[20:]}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )

    return deliver
