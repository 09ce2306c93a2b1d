"""Deliveries of Forgejo: signed in its own header, and read as its own events."""

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.bot.web.web_server import DELIVERY, SECRET, Answer, HttpClient, Room
from tests.fakes.fake_clock import START


def push(at: datetime = START, committed: datetime = START) -> dict[str, Any]:
    """Return what Forgejo sends of a push, as far as anything of it is read."""
    return {
        "ref": "refs/heads/main",
        "after": "f" * 40,
        "head_commit": {"id": "f" * 40, "timestamp": committed.isoformat()},
        "repository": {"full_name": "us/theseus", "updated_at": at.isoformat()},
    }


def merge(at: datetime = START) -> dict[str, Any]:
    """Return what Forgejo sends of a pull request that was merged by hand."""
    pull = {"merged": True, "base": {"ref": "main"}, "updated_at": at.isoformat()}
    return {"action": "closed", "number": 7, "pull_request": pull}


def label(action: str) -> dict[str, Any]:
    return {"action": action, "issue": {"number": 3, "updated_at": START.isoformat()}}


async def deliver(client: HttpClient, sent: Any, event: str, **headers: str | None) -> Answer:
    """Send a delivery as Forgejo does: with the headers of its relatives too."""
    body = json.dumps(sent, indent=2).encode()
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    every = {
        "Content-Type": "application/json",
        "X-Forgejo-Delivery": DELIVERY,
        "X-Forgejo-Event": event,
        "X-Forgejo-Signature": digest,
        "X-Gitea-Signature": digest,
        "X-Hub-Signature-256": f"sha256={digest}",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": DELIVERY,
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    sending = {name: value for name, value in every.items() if value is not None}
    return await client.post("/webhook/forgejo", data=body, headers=sending)


@pytest.fixture
def room() -> Room:
    return Room()


async def test_a_push_and_a_merge_make_it_look(room: Room) -> None:
    async with room.serving() as client:
        assert (await deliver(client, push(), "push")).status == 202
        again = await deliver(client, push(), "push")
        assert again.status == 409
        other = await deliver(client, merge(), "pull_request", X_Forgejo_Delivery="0" * 32)
        assert other.status == 202
    assert room.base_updates.asked == ["webhook", "webhook"]


async def test_an_old_commit_that_is_pushed_today_counts(room: Room) -> None:
    old = START - timedelta(days=9)
    async with room.serving() as client:
        assert (await deliver(client, push(START, committed=old), "push")).status == 202
        assert (await deliver(client, push(old, committed=old), "push")).status == 403


async def test_a_label_makes_it_look_at_the_issues(room: Room) -> None:
    looks: list[str] = []
    room.without(look_at_issues=lambda: looks.append("issues"))
    async with room.serving() as client:
        answer = await deliver(client, label("label_updated"), "issues")
        assert answer.json["message"] == "I am looking at the issues."
        assert (await deliver(client, label("closed"), "issues")).json["result"] == "ignored"
    assert looks == ["issues"]


@pytest.mark.parametrize(
    "signature",
    [None, "", "0" * 64, "sha256=" + "0" * 64, "sha1", "F" * 64],
)
async def test_only_its_own_signature_counts(room: Room, signature: str | None) -> None:
    """The signature in GitHub's header is right here, and is not looked at."""
    async with room.serving() as client:
        answer = await deliver(client, push(), "push", X_Forgejo_Signature=signature)
        assert answer.status == 401
        assert "X-Forgejo-Signature" in answer.text
    assert room.base_updates.asked == []


async def test_another_forge_is_unknown(room: Room) -> None:
    async with room.serving() as client:
        assert (await client.post("/webhook/gitlab", data=b"{}")).status == 404
