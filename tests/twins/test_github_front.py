"""The twin's front: tokens, permissions, limits, caching, faults, and the description."""

import asyncio
import time
from datetime import timedelta
from pathlib import Path

import aiohttp
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.fakes.fake_clock import FakeClock
from tests.twins.github import GithubTwin
from tests.twins.github.client import Client

MUTATE = """mutation($id: ID!) {
  markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } }
}"""


# ------------------------------------------------------------------------------------- who may what


async def test_a_wrong_token_is_rejected(twin: GithubTwin) -> None:
    async with Client(twin, "wrong") as client:
        got = await client.get("/user")
    assert (got.status, got.data["message"], got.data["status"]) == (401, "Bad credentials", "401")
    assert got.data["documentation_url"].startswith("https://docs.github.com/rest")
    twin.revoke()
    async with Client(twin) as client:
        assert (await client.get("pulls")).status == 401


async def test_a_private_repository_does_not_exist_for_strangers(twin: GithubTwin) -> None:
    async with Client(twin, "") as client:
        assert (await client.get("/user")).status == 401
        assert (await client.get("pulls")).status == 404
        twin.choose(private=False)
        assert (await client.get("pulls")).status == 200
        assert (await client.post("pulls", title="T", head="a", base="b")).status == 401


async def test_a_token_without_access_cannot_see_the_repository(twin: GithubTwin) -> None:
    twin.grant_token("elsewhere", "bob", metadata=None)
    async with Client(twin, "elsewhere") as client:
        assert (await client.get("pulls")).status == 404
        assert (await client.get("/user")).data["login"] == "bob"


async def test_a_missing_permission_is_named(twin: GithubTwin) -> None:
    twin.grant_token("reader", "bob", pull_requests="read", issues=None)
    async with Client(twin, "reader") as client:
        assert (await client.get("pulls")).status == 200
        got = await client.post("pulls", title="T", head="a", base="main")
        label = await client.post("issues/1/labels", labels=["x"])
        checks = await client.get(f"commits/{twin.get_head()}/check-runs")
        rules = await client.get("branches/main/protection")
    assert (got.status, got.data["message"]) == (
        403,
        "Resource not accessible by personal access token",
    )
    assert got.headers["X-Accepted-GitHub-Permissions"] == "pull_requests=write"
    needed = label.headers["X-Accepted-GitHub-Permissions"]
    assert needed == "issues=write; pull_requests=write"
    assert (checks.status, rules.status) == (403, 403)


async def test_a_request_without_a_user_agent_is_rejected(twin: GithubTwin) -> None:
    headers = {"Authorization": f"Bearer {twin.token}"}
    async with (
        aiohttp.ClientSession(skip_auto_headers=["User-Agent"], headers=headers) as web,
        web.get(f"{twin.api_url}/user") as got,
    ):
        assert got.status == 403


async def test_another_version_of_the_api_is_refused(client: Client) -> None:
    assert (await client.get("/user", X_GitHub_Api_Version="2022-11-28")).status == 200
    assert (await client.get("/user", X_GitHub_Api_Version="2020-01-01")).status == 400


async def test_it_answers_at_githubs_own_addresses_too(twin: GithubTwin, client: Client) -> None:
    assert (await client.request("GET", f"{twin.url}/user")).data["login"] == "theseus-bot"
    body = {"query": "query { viewer { login } }"}
    got = await client.request("POST", f"{twin.url}/graphql", body)
    assert got.data == {"data": {"viewer": {"login": "theseus-bot"}}}


# ------------------------------------------------------------------------------------------ the app


def sign_token(twin: GithubTwin, clock: FakeClock, **other: object) -> str:
    now = int(clock.now().timestamp())
    claims = {"iat": now - 60, "exp": now + 540, "iss": str(twin.app.id), **other}
    return jwt.encode(claims, twin.app.pem, algorithm="RS256")


async def test_an_app_gets_a_token_for_an_hour(twin: GithubTwin, clock: FakeClock) -> None:
    path = f"/app/installations/{twin.app.installation}"
    async with Client(twin, sign_token(twin, clock)) as app:
        assert (await app.get("/app")).data["slug"] == "theseus"
        assert (await app.get(path)).data["account"]["login"] == "theseus"
        given = await app.post(f"{path}/access_tokens")
        assert (await app.get("/user")).status == 401
    assert given.status == 201
    async with Client(twin, given.data["token"]) as client:
        assert (await client.open("fix"))["user"]["login"] == "theseus[bot]"
        refused = await client.get("/user")
        assert refused.data["message"] == "Resource not accessible by integration"
        assert (await client.get(f"commits/{twin.get_head()}/check-runs")).status == 200
        await clock.advance(3_601)
        assert (await client.get("pulls")).status == 401


async def test_an_app_must_prove_itself(twin: GithubTwin, clock: FakeClock) -> None:
    path = f"/app/installations/{twin.app.installation}/access_tokens"
    now = int(clock.now().timestamp())
    other = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    claims = {"iat": now, "exp": now + 60, "iss": str(twin.app.id)}
    wrong = {
        "another's key": (jwt.encode(claims, other, algorithm="RS256"), 401),
        "no signature": (jwt.encode(claims, "", algorithm="none"), 401),
        "too long": (sign_token(twin, clock, exp=now + 3_600), 401),
        "over": (sign_token(twin, clock, exp=now - 1), 401),
        "not yet": (sign_token(twin, clock, iat=now + 600), 401),
        "another app": (sign_token(twin, clock, iss="1"), 404),
    }
    for what, (token, status) in wrong.items():
        async with Client(twin, token) as client:
            assert (await client.post(path)).status == status, what
    async with Client(twin, sign_token(twin, clock)) as client:
        assert (await client.post("/app/installations/1/access_tokens")).status == 404
        twin.app.suspended = True
        assert (await client.post(path)).status == 403


# ------------------------------------------------------------------------------ caching and limits


async def test_an_unchanged_resource_is_not_sent_and_costs_nothing(
    twin: GithubTwin, client: Client
) -> None:
    await client.open("fix")
    first = await client.get("pulls/1")
    second = await client.get("pulls/1", If_None_Match=first.headers["ETag"])
    assert second.status == 200, "the mergeability was found out meanwhile"
    used = second.headers["X-RateLimit-Used"]
    third = await client.get("pulls/1", If_None_Match=second.headers["ETag"])
    assert (third.status, third.data, third.headers["X-RateLimit-Used"]) == (304, "", used)
    twin.push("fix", {"more.txt": "more\n"})
    assert (await client.get("pulls/1", If_None_Match=second.headers["ETag"])).status == 200
    last = [(each.status, each.conditional) for each in twin.requests[-2:]]
    assert last == [(304, True), (200, True)]


async def test_an_exhausted_limit_states_its_reset_time(
    twin: GithubTwin, client: Client, clock: FakeClock
) -> None:
    until = clock.now() + timedelta(minutes=20)
    twin.faults.exhaust_limit(until)
    got = await client.get("pulls")
    assert got.status == 403
    assert got.data["message"].startswith("API rate limit exceeded for user ID")
    assert got.headers["X-RateLimit-Remaining"] == "0"
    assert got.headers["X-RateLimit-Reset"] == str(int(until.timestamp()))
    asked = await client.get("/rate_limit")
    assert (asked.status, asked.data["rate"]["remaining"]) == (200, 0)
    assert asked.data["resources"]["graphql"]["remaining"] > 0
    await clock.advance(1_201)
    assert (await client.get("pulls")).status == 200


async def test_graphql_has_a_limit_of_its_own(
    twin: GithubTwin, client: Client, clock: FakeClock
) -> None:
    pull = await client.open("fix", draft=True)
    twin.faults.exhaust_limit(clock.now() + timedelta(minutes=1), "graphql")
    assert (await client.get("pulls")).status == 200
    got = await client.run_graphql(MUTATE, id=pull["node_id"])
    assert (got.status, got.data["errors"][0]["type"]) == (200, "RATE_LIMITED")
    assert got.headers["X-RateLimit-Remaining"] == "0"
    assert twin.pull(1).draft is True


async def test_the_secondary_limit_states_its_duration(twin: GithubTwin, client: Client) -> None:
    twin.faults.limit_rate(30, method="POST")
    assert (await client.get("pulls")).status == 200
    got = await client.post("pulls", title="T", head="a", base="main")
    assert (got.status, got.headers["Retry-After"]) == (403, "30")
    assert "secondary rate limit" in got.data["message"]
    assert (await client.get("pulls")).status == 200


# ------------------------------------------------------------------------------------------- faults


async def test_failures_come_as_often_as_asked(twin: GithubTwin, client: Client) -> None:
    twin.faults.fail(502, times=2, path="/pulls")
    statuses = [(await client.get(path)).status for path in ("/user", "pulls", "pulls", "pulls")]
    assert statuses == [200, 502, 502, 200]


async def test_any_refusal_can_be_put_in_githubs_mouth(twin: GithubTwin, client: Client) -> None:
    twin.faults.say(405, "Base branch was modified.", method="PUT")
    await client.open("fix")
    got = await client.put("pulls/1/merge")
    assert (got.status, got.data["message"]) == (405, "Base branch was modified.")
    assert (await client.put("pulls/1/merge")).status == 200


async def test_a_connection_breaks_before_or_after_the_work(
    twin: GithubTwin, client: Client
) -> None:
    twin.push("fix", {"dice.py": "x\n"})
    body = {"title": "T", "head": "fix", "base": "main"}
    twin.faults.cut(method="POST")
    with pytest.raises(aiohttp.ClientError):
        await client.ask("POST", "pulls", body)
    assert (await client.get("pulls")).data == []
    twin.faults.cut(method="POST", after=True)
    with pytest.raises(aiohttp.ClientError):
        await client.ask("POST", "pulls", body)
    assert len((await client.get("pulls")).data) == 1
    assert [each.status for each in twin.requests if each.method == "POST"] == [0, 0]


async def test_a_held_request_waits_and_others_do_not(twin: GithubTwin, client: Client) -> None:
    async with (
        asyncio.timeout(20),
        asyncio.TaskGroup() as group,
        twin.faults.hold(path="/user$") as held,
    ):
        waiting = group.create_task(client.get("/user"))
        await held.reached.wait()
        assert (await client.get("pulls")).status == 200
        assert not waiting.done()
    assert waiting.result().status == 200


# ----------------------------------------------------------------------------- GitHub's description


async def test_an_unknown_field_is_reported_at_the_end(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"POST .*/pulls: branch: Extra inputs"):
        async with GithubTwin(tmp_path) as twin, Client(twin) as client:
            await client.post("pulls", title="T", head="a", base="main", branch="a")


async def test_an_unknown_parameter_is_reported_at_the_end(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"no query parameter branch"):
        async with GithubTwin(tmp_path) as twin, Client(twin) as client:
            await client.get("pulls?branch=a")


async def test_an_unknown_path_is_reported_at_the_end(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"GET .*/nowhere: the twin has no such operation"):
        async with GithubTwin(tmp_path) as twin, Client(twin) as client:
            assert (await client.get("nowhere")).status == 404


async def test_an_answer_unlike_githubs_is_reported_at_the_end(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"GET .*/pulls/1: .*title"):
        async with GithubTwin(tmp_path) as twin, Client(twin) as client:
            await client.open("fix")
            twin.pull(1).title = 7  # type: ignore[assignment]
            await client.get("pulls/1")


async def test_the_twins_own_trouble_does_not_hide_the_tests(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="mine") as raised:
        async with GithubTwin(tmp_path) as twin, Client(twin) as client:
            await client.get("nowhere")
            raise RuntimeError("mine")
    assert any("nowhere" in note for note in raised.value.__notes__)


async def test_by_default_it_lives_in_the_present(tmp_path: Path) -> None:
    async with GithubTwin(tmp_path) as twin, Client(twin) as client:
        got = await client.get("/rate_limit")
    assert abs(got.data["rate"]["reset"] - 3_600 - time.time()) < 60
