"""Attacks on the webhook: what does not bear the secret's signature, is old, or comes again."""

import ast
import asyncio
import gzip
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import StoreError
from bot.domain.stop import Stop
from bot.web._webhook_deliveries import MOST, WINDOW, Deliveries
from bot.web._webhooks import MOST_BYTES
from tests.bot.web.web_server import SECRET, TOKEN, HttpClient, Room, bearer, signature
from tests.fakes.fake_clock import START, FakeClock
from tests.fakes.fake_key_value_store import FakeKeyValueStore

PACKAGE = Path(__file__).resolve().parents[3] / "bot/web"


def push(at: datetime = START, **changes: Any) -> dict[str, Any]:
    """Return what GitHub sends of a push, as far as anything of it is read."""
    return {
        "ref": "refs/heads/main",
        "before": "0" * 40,
        "after": "f" * 40,
        "deleted": False,
        "repository": {"full_name": "us/theseus", "pushed_at": int(at.timestamp())},
        "head_commit": {"id": "f" * 40, "timestamp": at.isoformat()},
        **changes,
    }


def merged(at: datetime = START, **changes: Any) -> dict[str, Any]:
    """Return what GitHub sends of a pull request that was merged by hand."""
    pull = {"merged": True, "base": {"ref": "main"}, "updated_at": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
    return {"action": "closed", "number": 7, "pull_request": pull | changes}


@pytest.fixture
def room() -> Room:
    return Room()


# ------------------------------------------------------------------------------------ what is taken


async def test_a_push_to_the_followed_branch_makes_it_look(room: Room) -> None:
    async with room.serving() as client:
        answer = await client.deliver(push())
    assert (answer.status, answer.json["result"]) == (202, "accepted")
    assert room.base_updates.asked == ["webhook"]


async def test_a_pull_request_merged_by_hand_makes_it_look(room: Room) -> None:
    async with room.serving() as client:
        answer = await client.deliver(merged(), event="pull_request")
    assert answer.json["result"] == "accepted"
    assert room.base_updates.asked == ["webhook"]


def labelled(at: datetime = START, action: str = "labeled") -> dict[str, Any]:
    """Return what GitHub sends of an issue that got a label."""
    return {"action": action, "issue": {"number": 7, "updated_at": f"{at:%Y-%m-%dT%H:%M:%SZ}"}}


async def test_an_issue_that_is_opened_or_labelled_has_the_issues_looked_at(room: Room) -> None:
    looks: list[str] = []
    room.without(look_at_issues=lambda: looks.append("issues"))
    async with room.serving() as client:
        answers = [
            await client.deliver(labelled(action=action), event="issues", delivery=f"of-{action}")
            for action in ("opened", "labeled", "reopened", "edited", "deleted")
        ]
        old = await client.deliver(labelled(START - 2 * WINDOW), event="issues")
    results = [answer.json["result"] for answer in answers]
    assert results == ["accepted", "accepted", "accepted", "ignored", "ignored"]
    assert old.status == 403
    assert looks == ["issues"] * 3
    assert room.base_updates.asked == []


async def test_where_nobody_may_ask_by_issues_they_are_not_looked_at(room: Room) -> None:
    async with room.serving() as client:
        answer = await client.deliver(labelled(), event="issues")
    assert answer.json["result"] == "ignored"


async def test_a_ping_is_answered(room: Room) -> None:
    async with room.serving() as client:
        answer = await client.deliver({"zen": "Keep it."}, event="ping")
    assert (answer.status, answer.json["result"]) == (200, "pong")
    assert room.base_updates.asked == []


@pytest.mark.parametrize(
    ("event", "sent"),
    [
        ("push", push(ref="refs/heads/other")),
        ("push", push(ref="refs/tags/main")),
        ("push", push(deleted=True)),
        ("push", push(ref=["refs/heads/main"])),
        ("pull_request", merged(merged=False)),
        ("pull_request", merged(merged="yes")),
        ("pull_request", merged(base={"ref": "other"})),
        ("pull_request", merged(base="main")),
        ("pull_request", {**merged(), "action": "opened"}),
        ("pull_request", {"action": "closed", "pull_request": "merged"}),
        ("pull_request_review", {"action": "submitted", "review": {"state": "approved"}}),
        ("issue_comment", {"action": "created", "comment": {"body": "ship it"}}),
        ("workflow_run", {}),
    ],
)
async def test_anything_else_is_nothing_it_acts_upon(room: Room, event: str, sent: object) -> None:
    async with room.serving() as client:
        answer = await client.deliver(sent, event=event)
    assert (answer.status, answer.json["result"]) == (202, "ignored")
    assert room.base_updates.asked == []
    assert room.store.approvals == {}


async def test_nothing_that_is_sent_is_believed_but_that_somebody_said_look(room: Room) -> None:
    lies = push(after="$(reboot)", repository={"pushed_at": int(START.timestamp()), "ssh_url": "x"})
    async with room.serving() as client:
        await client.deliver(lies)
    assert room.base_updates.asked == ["webhook"]  # a word of ours; there is no way for more


# ---------------------------------------------------------------------------------- whose it is not


def sha1(body: bytes) -> str:
    return "sha1=" + hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()


BODY = json.dumps(push()).encode()
GOOD = signature(BODY)
FORGED = {
    "none": None,
    "empty": "",
    "a word": "sha256",
    "nothing after it": "sha256=",
    "cut": GOOD[:-1],
    "longer": GOOD + "0",
    "capitals": GOOD.upper(),
    "capital digits": "sha256=" + GOOD[7:].upper(),
    "without its name": GOOD[7:],
    "sha1": sha1(BODY),
    "sha1 called sha256": sha1(BODY).replace("sha1", "sha256"),
    "sha512": "sha512=" + hmac.new(SECRET.encode(), BODY, hashlib.sha512).hexdigest(),
    "a plain hash": "sha256=" + hashlib.sha256(BODY).hexdigest(),
    "another secret": signature(BODY, "another"),
    "no secret": signature(BODY, ""),
    "another body": signature(BODY + b" "),
    "two of them": f"{GOOD},{GOOD}",
    "a space": f" {GOOD[:7]} {GOOD[7:]}",
    "not ascii": "sha256=" + "é" * 64,
    "wide digits": "sha256=" + "\uff11" * 64,
    "all zeros": "sha256=" + "0" * 64,
}


@pytest.mark.parametrize("kind", FORGED)
async def test_a_wrong_signature_is_refused_whatever_it_looks_like(room: Room, kind: str) -> None:
    async with room.serving() as client:
        answer = await client.deliver(BODY, headers={"X-Hub-Signature-256": FORGED[kind]})
    assert answer.status == 401
    assert room.base_updates.asked == []
    assert room.key_values.bodies == {}


async def test_a_sha1_signature_alone_is_none(room: Room) -> None:
    headers = {"X-Hub-Signature-256": None, "X-Hub-Signature": sha1(BODY)}
    async with room.serving() as client:
        assert (await client.deliver(BODY, headers=headers)).status == 401


async def test_the_signature_is_of_the_bytes_not_of_what_they_mean(room: Room) -> None:
    same = json.dumps(push(), indent=1).encode()
    async with room.serving() as client:
        answer = await client.deliver(same, headers={"X-Hub-Signature-256": GOOD})
    assert answer.status == 401


async def test_the_signature_is_checked_before_the_body_is_read_as_anything(room: Room) -> None:
    for body in (b"{", b"[" * 100_000, b"\xff\xfe", b"", b"null", b"[]"):
        async with room.serving() as client:
            unsigned = await client.deliver(body, headers={"X-Hub-Signature-256": GOOD})
            signed = await client.deliver(body)
        assert unsigned.status == 401
        assert signed.status == 400
        assert "Traceback" not in signed.text


async def test_two_signatures_are_none(room: Room) -> None:
    headers = [("X-Hub-Signature-256", "sha256=" + "0" * 64), ("X-Hub-Signature-256", GOOD)]
    async with room.serving() as client:
        assert (await client.post("/webhook/github", data=BODY, headers=headers)).status == 401


async def test_without_a_secret_no_signature_is_right(room: Room) -> None:
    async with room.serving(secret=None) as client:
        for secret in ("", "None", "null"):
            headers = {"X-Hub-Signature-256": signature(BODY, secret)}
            answer = await client.deliver(BODY, headers=headers)
            assert answer.status == 403
            assert "THESEUS_WEBHOOK_SECRET" in answer.text


def test_secrets_are_compared_in_constant_time_and_nowhere_else() -> None:
    """By structure: all comparisons end in `hmac.compare_digest`, and no `==` meets a secret."""
    comparing, secretive = [], {"secret", "token", "wanted", "given", "header", "form", "cookie"}
    for path in sorted(PACKAGE.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr == "compare_digest":
                comparing.append(path.name)
            if isinstance(node, ast.Compare) and any(
                isinstance(each, ast.Eq | ast.NotEq) for each in node.ops
            ):
                names = {
                    each.id if isinstance(each, ast.Name) else getattr(each, "attr", "")
                    for each in (node.left, *node.comparators)
                }
                assert not {name.strip("_") for name in names} & secretive, (path, node.lineno)
    assert comparing == ["_sessions.py", "_signature.py", "_token_auth.py"]


# ------------------------------------------------------------------------------ again, and too late


async def test_a_delivery_that_comes_again_is_refused(room: Room) -> None:
    async with room.serving() as client:
        await client.deliver(push())
        again = await client.deliver(push())
    assert (again.status, again.json["result"]) == (409, "repeated")
    assert room.base_updates.asked == ["webhook"]


async def test_the_same_body_under_another_id_is_the_same_delivery(room: Room) -> None:
    """GitHub does not sign the id: who has seen one delivery can make up as many as he likes."""
    async with room.serving() as client:
        await client.deliver(push())
        again = await client.deliver(push(), delivery="00000000-0000-0000-0000-000000000000")
    assert again.status == 409
    assert room.base_updates.asked == ["webhook"]


async def test_another_body_under_a_known_id_is_refused(room: Room) -> None:
    async with room.serving() as client:
        await client.deliver(push())
        assert (await client.deliver(push(before="1" * 40))).status == 409


async def test_deliveries_are_known_after_a_restart(room: Room) -> None:
    async with room.serving() as client:
        await client.deliver(push())
    async with room.serving() as client:
        assert (await client.deliver(push())).status == 409


async def test_the_same_delivery_many_times_at_once_is_taken_once(room: Room) -> None:
    async with room.serving() as client:
        answers = await asyncio.gather(*(client.deliver(push()) for _ in range(8)))
    assert sorted(each.status for each in answers) == [202] + [409] * 7
    assert room.base_updates.asked == ["webhook"]


@pytest.mark.parametrize(
    ("event", "sent"),
    [
        ("push", push(START - WINDOW - timedelta(minutes=1))),
        ("push", push(START + timedelta(hours=2))),
        ("push", push(repository={}, head_commit=None)),
        ("push", push(repository={"pushed_at": True}, head_commit={})),
        ("push", push(repository={"pushed_at": 10**30}, head_commit={"timestamp": "today"})),
        ("push", push(repository={}, head_commit={"timestamp": "2026-11-21T14:00:00"})),
        ("pull_request", merged(START - WINDOW - timedelta(minutes=1))),
        ("pull_request", merged(updated_at=None)),
        ("pull_request", merged(updated_at={"$gt": ""})),
    ],
)
async def test_what_is_too_old_or_tells_no_time_is_refused(
    room: Room, event: str, sent: object
) -> None:
    async with room.serving() as client:
        assert (await client.deliver(sent, event=event)).status == 403
    assert room.base_updates.asked == []


async def test_an_old_commit_that_is_pushed_now_is_taken(room: Room) -> None:
    old = push(head_commit={"timestamp": "2020-01-01T00:00:00+01:00"})
    async with room.serving() as client:
        assert (await client.deliver(old)).status == 202


async def test_a_push_without_githubs_time_goes_by_its_commits(room: Room) -> None:
    async with room.serving() as client:
        assert (await client.deliver(push(repository={}))).status == 202


async def test_when_the_memory_of_a_delivery_ends_its_body_is_too_old(room: Room) -> None:
    async with room.serving() as client:
        await client.deliver(push())
        for hours in range(0, 200, 7):
            again = await client.deliver(push(), delivery=f"later-{hours}")
            assert again.status in (403, 409), hours
            room.clock.tick(7 * 3600)
    assert room.base_updates.asked == ["webhook"]


async def test_the_memory_of_deliveries_is_bounded_and_forgets_the_oldest() -> None:
    key_values, clock = FakeKeyValueStore(), FakeClock()
    deliveries = Deliveries(key_values, clock)
    for number in range(MOST + 10):
        async with deliveries.accept(str(number), str(number).encode()) as new:
            assert new
        clock.tick(1)
    assert len(key_values.bodies) == MOST
    async with deliveries.accept("x", str(MOST + 9).encode()) as new:
        assert not new
    clock.tick((WINDOW + timedelta(days=1)).total_seconds())
    async with deliveries.accept("new", b"new"):
        pass
    assert len(key_values.bodies) == 1


async def test_a_delivery_that_was_cut_short_may_come_again() -> None:
    deliveries = Deliveries(FakeKeyValueStore(), FakeClock())
    for error in (StoreError("full"), asyncio.CancelledError()):
        with pytest.raises(type(error)):
            async with deliveries.accept("1", b"body") as new:
                assert new
                raise error
    async with deliveries.accept("1", b"body") as new:
        assert new


@pytest.mark.parametrize("delivery", ["", "x" * 65, "../../etc", "a b", "é"])
async def test_an_odd_id_is_refused(room: Room, delivery: str) -> None:
    async with room.serving() as client:
        assert (await client.deliver(push(), delivery=delivery)).status == 400


# ----------------------------------------------------------------------------- while all is stopped


async def test_while_the_stop_stands_it_does_nothing_and_says_so(room: Room) -> None:
    room.base_updates.stop = Stop(how="file", at=datetime(2026, 11, 21, tzinfo=UTC), why="money")
    async with room.serving(token=TOKEN) as client:
        answer = await client.deliver(push())
        assert answer.status == 503
        assert "stopped" in answer.text
        assert (await client.post("/webhook/reload", headers=bearer())).status == 503
        assert room.base_updates.asked == []
        room.base_updates.stop = None
        assert (await client.deliver(push())).status == 202  # sent once more, it is taken


# ------------------------------------------------------------------------------------------- reload


async def test_reload_takes_the_token_as_a_bearer_also_on_loopback(room: Room) -> None:
    async with room.serving(token=TOKEN) as client:
        assert (await client.post("/webhook/reload")).status == 401
        wrong = await client.post("/webhook/reload", headers=bearer("é" * 8))
        assert wrong.status == 401
        assert (await client.post("/webhook/reload", data={"token": TOKEN})).status == 401
        basic = {"Authorization": f"Basic {TOKEN}"}
        assert (await client.post("/webhook/reload", headers=basic)).status == 401
        await client.log_in()
        assert (await client.post("/webhook/reload", headers=client.own)).status == 401
        assert room.base_updates.asked == []
        assert (await client.post("/webhook/reload", headers=bearer())).status == 202
    assert room.base_updates.asked == ["reload"]


async def test_without_a_token_nobody_reloads(room: Room) -> None:
    async with room.serving() as client:
        for header in ({}, bearer(""), bearer("None"), bearer(TOKEN)):
            assert (await client.post("/webhook/reload", headers=header)).status == 403


# -------------------------------------------------------------------------------------------- sizes


async def test_a_body_that_is_too_large_is_refused_by_its_length_alone(room: Room) -> None:
    body = b"x" * (MOST_BYTES + 1)
    async with room.serving() as client:
        answer = await client.deliver(body)
    assert answer.status == 413
    assert str(MOST_BYTES) in answer.text


async def test_the_largest_body_is_taken(room: Room) -> None:
    sent = push(pad="")
    sent["pad"] = "x" * (MOST_BYTES - len(json.dumps(sent)))
    async with room.serving() as client:
        assert (await client.deliver(sent)).status == 202


async def test_a_compressed_body_is_refused_and_never_opened(room: Room) -> None:
    bomb = gzip.compress(b"0" * 5_000_000)
    assert len(bomb) < MOST_BYTES
    async with room.serving() as client:
        for encoding in ("gzip", "deflate", "br", "zstd", "identity, gzip"):
            headers = {"Content-Encoding": encoding}
            assert (await client.deliver(bomb, headers=headers)).status == 415
    assert room.base_updates.asked == []


async def test_a_form_is_told_to_be_json(room: Room) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with room.serving() as client:
        answer = await client.deliver(push(), headers=headers)
    assert (answer.status, "application/json" in answer.text) == (415, True)


async def test_a_storm_of_deliveries_asks_for_looks_and_keeps_no_more_than_it_may(
    room: Room,
) -> None:
    async def one(client: HttpClient, number: int) -> int:
        sent = push(before=f"{number:040x}")
        return (await client.deliver(sent, delivery=f"storm-{number}")).status

    async with room.serving() as client:
        for start in range(0, 100, 50):
            statuses = await asyncio.gather(*(one(client, start + each) for each in range(50)))
            assert set(statuses) == {202}
        metrics = (await client.get("/metrics")).text
    assert 'theseus_webhook_requests_total{result="accepted"} 100.0' in metrics
    assert len(room.key_values.bodies) <= MOST
