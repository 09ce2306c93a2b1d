"""What is said and checked at the twin: comments, reviews, labels, refs, rules, checks, GraphQL."""

import pytest

from tests.fakes.fake_clock import FakeClock
from tests.twins.github import GithubTwin
from tests.twins.github.client import Client

READY = """mutation Ready($id: ID!) {
  done: markPullRequestReadyForReview(input: {pullRequestId: $id}) {
    pullRequest { number isDraft }
  }
}"""
DRAFT = """mutation { convertPullRequestToDraft(input: {pullRequestId: "%s"}) {
  pullRequest { isDraft } } }"""
REVERT = """mutation($id: ID!, $title: String) {
  revertPullRequest(input: {pullRequestId: $id, title: $title}) {
    pullRequest { state }
    revertPullRequest { number url headRefName title body }
  }
}"""


# ---------------------------------------------------------------------------------- texts, labels


async def test_comments_stay_in_order(twin: GithubTwin, client: Client, clock: FakeClock) -> None:
    await client.open("fix")
    twin.add_comment(1, "alice", "please also handle zero", association="MEMBER")
    await clock.advance(60)
    mine = await client.post("issues/1/comments", body="I will")
    assert mine.status == 201
    told = (await client.get("issues/1/comments")).data
    assert [(each["user"]["login"], each["body"]) for each in told] == [
        ("alice", "please also handle zero"),
        ("theseus-bot", "I will"),
    ]
    assert told[0]["author_association"] == "MEMBER"
    later = await client.get(f"issues/1/comments?since={told[1]['created_at']}")
    assert [each["id"] for each in later.data] == [told[1]["id"]]
    assert (await client.post("issues/1/comments", body="")).status == 422
    assert (await client.get("issues/9/comments")).status == 404


async def test_writers_edit_comments_of_everybody(
    twin: GithubTwin, client: Client, clock: FakeClock
) -> None:
    await client.open("fix")
    written = twin.add_comment(1, "alice", "first")
    await clock.advance(60)
    edited = (await client.patch(f"issues/comments/{written.id}", body="second")).data
    assert (edited["body"], edited["user"]["login"]) == ("second", "alice")
    assert edited["updated_at"] > edited["created_at"]
    assert twin.list_comments(1) == ["second"]
    assert (await client.patch(f"issues/comments/{written.id}", body="")).status == 422
    assert (await client.patch("issues/comments/12345", body="x")).status == 404
    twin.grant_token("reader", "bob", issues="read", pull_requests="read")
    async with Client(twin, "reader") as reader:
        assert (await reader.patch(f"issues/comments/{written.id}", body="x")).status == 403


async def test_a_review_brings_its_comments_on_lines(twin: GithubTwin, client: Client) -> None:
    pull = await client.open("fix")
    lines = [("dice.py", 2, "off by one?"), ("dice.py", None, "split this")]
    written = twin.review(1, "bob", "CHANGES_REQUESTED", "two things", lines=lines)
    (review,) = (await client.get("pulls/1/reviews")).data
    assert (review["state"], review["body"]) == ("CHANGES_REQUESTED", "two things")
    assert review["commit_id"] == pull["head"]["sha"]
    first, second = (await client.get("pulls/1/comments")).data
    assert (first["path"], first["line"], first["body"]) == ("dice.py", 2, "off by one?")
    assert first["pull_request_review_id"] == written.id
    assert (second["subject_type"], "line" in second) == ("file", False)


async def test_authors_cannot_approve_their_own_pull_request(
    twin: GithubTwin, client: Client
) -> None:
    await client.open("fix")
    got = await client.post("pulls/1/reviews", event="APPROVE")
    assert got.data["errors"] == ["Can not approve your own pull request"]
    twin.grant_token("other", "carol")
    async with Client(twin, "other") as other:
        assert (await other.post("pulls/1/reviews", event="APPROVE")).data["state"] == "APPROVED"


async def test_labels_are_made_when_they_are_missing(twin: GithubTwin, client: Client) -> None:
    await client.open("fix")
    assert (await client.get("labels/theseus")).status == 404
    made = await client.post("labels", name="theseus", color="5319e7", description="by the bot")
    assert (made.status, made.data["color"]) == (201, "5319e7")
    again = await client.post("labels", name="Theseus")
    assert again.data["errors"] == [
        {"resource": "Label", "code": "already_exists", "field": "name"}
    ]
    put = await client.post("issues/1/labels", labels=["theseus", "risk"])
    assert [each["name"] for each in put.data] == ["theseus", "risk"]
    shown = (await client.get("pulls/1")).data["labels"]
    assert [each["color"] for each in shown] == ["5319e7", "ededed"]


# ------------------------------------------------------------------------------ refs, rules, checks


async def test_refs_are_found_by_their_beginning(twin: GithubTwin, client: Client) -> None:
    for branch in ("theseus/run1-a", "theseus/run1-b", "theseus/run2-a"):
        twin.push(branch, {"x.txt": branch})
    found = (await client.get("git/matching-refs/heads/theseus/run1-")).data
    names = [each["ref"] for each in found]
    assert names == ["refs/heads/theseus/run1-a", "refs/heads/theseus/run1-b"]
    one = await client.get("git/ref/heads/theseus/run2-a")
    assert one.data["object"]["sha"] == twin.get_head("theseus/run2-a")
    assert (await client.get("git/ref/heads/theseus/run1")).status == 404
    made = await client.post("git/refs", ref="refs/heads/copy", sha=one.data["object"]["sha"])
    assert (made.status, twin.get_head("copy")) == (201, twin.get_head("theseus/run2-a"))
    assert (await client.post("git/refs", ref="refs/heads/copy", sha="0" * 40)).status == 422


async def test_only_owners_see_the_full_protection(twin: GithubTwin, client: Client) -> None:
    assert (await client.get("branches/main")).data["protected"] is False
    twin.protect(checks=["tests"], reviews=2)
    shown = (await client.get("branches/main")).data
    assert shown["protection"]["required_status_checks"]["contexts"] == ["tests"]
    assert (await client.get("rules/branches/main")).data == []
    twin.grant_token("owner", "alice", administration="read")
    async with Client(twin, "owner") as owner:
        whole = (await owner.get("branches/main/protection")).data
        assert whole["required_pull_request_reviews"]["required_approving_review_count"] == 2
        assert (await owner.get("branches/absent/protection")).status == 404


async def test_a_ruleset_is_seen_among_the_rules(twin: GithubTwin, client: Client) -> None:
    twin.protect(checks=["tests"], reviews=1, linear=True, ruleset=True)
    rules = {each["type"]: each for each in (await client.get("rules/branches/main")).data}
    assert sorted(rules) == ["pull_request", "required_linear_history", "required_status_checks"]
    checks = rules["required_status_checks"]["parameters"]["required_status_checks"]
    assert checks == [{"context": "tests"}]
    shown = (await client.get("branches/main")).data
    assert shown["protection"]["required_status_checks"]["contexts"] == []


async def test_checks_are_seen_by_apps_and_as_jobs_by_people(
    twin: GithubTwin, client: Client
) -> None:
    head = str(twin.get_head())
    twin.check(head, "tests")
    twin.check(head, "other", "success", app=99)
    twin.grant_token("app", "theseus[bot]", checks="read")
    async with Client(twin, "app") as app:
        runs = (await app.get(f"commits/{head}/check-runs")).data
    assert [(each["name"], each["status"]) for each in runs["check_runs"]] == [
        ("other", "completed"),
        ("tests", "in_progress"),
    ]
    twin.check(head, "tests", "failure")
    (run,) = (await client.get(f"actions/runs?head_sha={head}")).data["workflow_runs"]
    assert run["conclusion"] == "failure"
    (job,) = (await client.get(f"actions/runs/{run['id']}/jobs?filter=latest")).data["jobs"]
    assert (job["name"], job["conclusion"]) == ("tests", "failure")


async def test_statuses_come_to_one_state(twin: GithubTwin, client: Client) -> None:
    head = str(twin.get_head())

    async def get_state() -> str:
        return str((await client.get(f"commits/{head}/status")).data["state"])

    assert await get_state() == "pending"
    twin.grant_token("ci", "ci", statuses="write")
    async with Client(twin, "ci") as ci:
        made = await ci.post(f"statuses/{head}", state="success", context="tests")
        assert (made.status, made.data["creator"]["login"]) == (201, "ci")
    assert await get_state() == "success"
    twin.set_status(head, "lint", "error", "crashed")
    assert await get_state() == "failure"
    twin.set_status(head, "lint", "success")
    assert await get_state() == "success"
    listed = (await client.get("commits/main/statuses")).data
    assert [each["state"] for each in listed] == ["success", "error", "success"]


# ------------------------------------------------------------------------------------------ GraphQL


async def test_a_draft_becomes_ready_and_back(twin: GithubTwin, client: Client) -> None:
    pull = await client.open("fix", draft=True)
    got = await client.run_graphql(READY, id=pull["node_id"])
    assert got.data == {"data": {"done": {"pullRequest": {"number": 1, "isDraft": False}}}}
    assert (await client.get("pulls/1")).data["draft"] is False
    await client.run_graphql(DRAFT % pull["node_id"])
    assert (await client.get("pulls/1")).data["draft"] is True


async def test_a_merged_pull_request_is_reverted_by_another(
    twin: GithubTwin, client: Client
) -> None:
    pull = await client.open("fix")
    refused = await client.run_graphql(REVERT, id=pull["node_id"])
    assert refused.data["errors"][0]["type"] == "UNPROCESSABLE"
    await client.put("pulls/1/merge")
    twin.push("main", {"later.txt": "later\n"})
    got = await client.run_graphql(REVERT, id=pull["node_id"])
    undo = got.data["data"]["revertPullRequest"]["revertPullRequest"]
    assert undo["headRefName"] == "revert-1-fix"
    assert (undo["title"], undo["body"]) == ('Revert "Mend fix"', "Reverts theseus/ship#1")
    assert (await client.put(f"pulls/{undo['number']}/merge")).status == 200
    assert twin.world.git.run_git("show", "main:dice.py") == "one\ntwo\nthree"
    assert twin.world.git.run_git("show", "main:later.txt") == "later"


@pytest.mark.parametrize("method", ["squash", "rebase"])
async def test_every_merge_method_can_be_reverted(
    twin: GithubTwin, client: Client, method: str
) -> None:
    pull = await client.open("fix")
    await client.put("pulls/1/merge", merge_method=method)
    await client.run_graphql(REVERT, id=pull["node_id"], title="Undo")
    assert (await client.put("pulls/2/merge")).status == 200
    assert twin.world.git.run_git("show", "main:dice.py") == "one\ntwo\nthree"


async def test_a_conflicting_revert_is_refused(twin: GithubTwin, client: Client) -> None:
    pull = await client.open("fix")
    await client.put("pulls/1/merge")
    twin.push("main", {"dice.py": "one\nagain\nthree\n"})
    got = await client.run_graphql(REVERT, id=pull["node_id"])
    assert got.data["data"] == {"revertPullRequest": None}
    assert got.data["errors"][0]["path"] == ["revertPullRequest"]
    assert len((await client.get("pulls?state=all")).data) == 1


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("mutation { mergePullRequests { x } }", "doesn't exist on type 'Mutation'"),
        (DRAFT.replace("isDraft", "draft") % "PR_1", "Could not resolve"),
        ("mutation { convertPullRequestToDraft { pullRequest { id } } }", "is required"),
        ("mutation { convertPullRequestToDraft(input: {pullRequestId: $id}) }", "not declared"),
        (DRAFT.replace('"%s"', '"PR_1", force: true'), "doesn't accept argument 'force'"),
        ("{ viewer }", "must have selections"),
        ("{ viewer { login }", "Unexpected end"),
        ("{ viewer { ; } }", "Parse error"),
    ],
)
async def test_a_wrong_document_is_an_error_in_a_good_answer(
    client: Client, query: str, message: str
) -> None:
    got = await client.run_graphql(query)
    assert got.status == 200
    assert message in got.data["errors"][0]["message"]


async def test_an_unknown_field_is_an_error(twin: GithubTwin, client: Client) -> None:
    pull = await client.open("fix")
    got = await client.run_graphql(DRAFT.replace("isDraft", "draft") % pull["node_id"])
    assert "Field 'draft' doesn't exist" in got.data["errors"][0]["message"]


async def test_graphql_asks_for_tokens_and_permissions(twin: GithubTwin, client: Client) -> None:
    pull = await client.open("fix", draft=True)
    twin.grant_token("reader", "bob", pull_requests="read")
    async with Client(twin, "wrong") as nobody, Client(twin, "reader") as reader:
        assert (await nobody.run_graphql("{ viewer { login } }")).status == 401
        assert (await reader.run_graphql("{ viewer { login } }")).data["data"]["viewer"] == {
            "login": "bob"
        }
        got = await reader.run_graphql(READY, id=pull["node_id"])
    assert got.data["errors"][0]["type"] == "FORBIDDEN"
    assert twin.pull(1).draft is True
