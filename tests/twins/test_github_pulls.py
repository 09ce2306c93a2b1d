"""Pull requests at the twin: opening, following, mergeability, merging, reverting."""

import asyncio

import pytest

from tests.twins.github import GithubTwin
from tests.twins.github.client import Client


def list_parents(twin: GithubTwin, commit: str) -> list[str]:
    return twin.world.git.get_message(commit, "%P").split()


# ------------------------------------------------------------------------------------------ opening


async def test_a_new_pull_request_shows_its_branch(twin: GithubTwin, client: Client) -> None:
    pull = await client.open("fix", body="because", draft=True)
    assert (pull["number"], pull["state"], pull["draft"]) == (1, "open", True)
    assert (pull["title"], pull["body"]) == ("Mend fix", "because")
    assert (pull["head"]["ref"], pull["head"]["sha"]) == ("fix", twin.get_head("fix"))
    assert (pull["base"]["ref"], pull["base"]["sha"]) == ("main", twin.get_head())
    assert pull["html_url"] == f"{twin.url}/theseus/ship/pull/1"
    assert (pull["commits"], pull["additions"], pull["deletions"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"head": "fix"}, {"code": "custom", "message": "A pull request already exists for theseus:fix."}),  # noqa: E501
        ({"head": "theseus:fix"}, {"code": "custom", "message": "A pull request already exists for theseus:fix."}),  # noqa: E501
        ({"head": "same"}, {"code": "custom", "message": "No commits between main and same"}),
        ({"head": "absent"}, {"code": "invalid", "field": "head"}),
        ({"head": "fix", "base": "absent"}, {"code": "invalid", "field": "base"}),
        ({"head": "fix", "title": ""}, {"code": "missing_field", "field": "title"}),
    ],
)  # fmt: skip
async def test_an_invalid_pull_request_is_refused_with_githubs_message(
    twin: GithubTwin, client: Client, body: dict[str, str], error: dict[str, str]
) -> None:
    await client.open("fix")
    twin.world.git.move("refs/heads/same", str(twin.get_head()))
    got = await client.ask("POST", "pulls", {"title": "T", "base": "main", **body})
    assert (got.status, got.data["message"]) == (422, "Validation Failed")
    assert got.data["errors"] == [{"resource": "PullRequest", **error}]


async def test_drafts_are_refused_where_the_plan_has_none(twin: GithubTwin, client: Client) -> None:
    twin.choose(drafts=False)
    twin.push("fix", {"dice.py": "x\n"})
    got = await client.post("pulls", title="T", head="fix", base="main", draft=True)
    assert got.status == 422
    assert got.data["message"] == "Draft pull requests are not supported in this repository."


async def test_pull_requests_and_issues_share_their_numbers(
    twin: GithubTwin, client: Client
) -> None:
    assert twin.open_issue() == 1
    assert (await client.open())["number"] == 2
    assert (await client.get("pulls/1")).status == 404


async def test_lists_are_filtered_sorted_and_come_in_pages(
    twin: GithubTwin, client: Client
) -> None:
    for branch in ("a", "b", "c"):
        await client.open(branch)
    twin.close_by_hand(2)
    numbers = {
        query: [pull["number"] for pull in (await client.get(f"pulls{query}")).data]
        for query in (
            "", "?state=closed", "?state=all", "?state=all&head=theseus:b", "?head=mallory:a",
            "?direction=asc", "?sort=updated", "?base=other", "?head=a",
        )
    }  # fmt: skip
    assert numbers == {
        "": [3, 1],
        "?state=closed": [2],
        "?state=all": [3, 2, 1],
        "?state=all&head=theseus:b": [2],
        "?head=mallory:a": [],
        "?direction=asc": [1, 3],
        "?sort=updated": [1, 3],
        "?base=other": [],
        "?head=a": [3, 1],
    }
    first = await client.get("pulls?state=all&per_page=2")
    assert [pull["number"] for pull in first.data] == [3, 2]
    url = f"{twin.api_url}/repos/theseus/ship/pulls?state=all&per_page=2&page=2"
    assert first.headers["Link"] == f'<{url}>; rel="next", <{url}>; rel="last"'
    last = await client.request("GET", url)
    assert [pull["number"] for pull in last.data] == [1]
    assert 'rel="prev"' in last.headers["Link"]
    assert 'rel="next"' not in last.headers["Link"]


# ---------------------------------------------------------------------------------------- following


async def test_a_pull_request_follows_its_branch(twin: GithubTwin, client: Client) -> None:
    pull = await client.open("fix")
    pushed = twin.push("fix", {"more.txt": "more\n"})
    assert pushed != pull["head"]["sha"]
    assert (await client.get("pulls/1")).data["head"]["sha"] == pushed
    assert twin.world.git.list_refs("pull/1/head") == {"refs/pull/1/head": pushed}


async def test_deleting_its_branch_closes_it(twin: GithubTwin, client: Client) -> None:
    pull = await client.open("fix")
    assert (await client.ask("DELETE", "git/refs/heads/fix")).status == 204
    now = (await client.get("pulls/1")).data
    assert (now["state"], now["merged"]) == ("closed", False)
    assert now["head"]["sha"] == pull["head"]["sha"]
    reopened = await client.patch("pulls/1", state="open")
    assert reopened.status == 422
    assert "has been deleted" in reopened.data["errors"][0]["message"]


async def test_pushing_it_to_base_marks_it_merged(twin: GithubTwin, client: Client) -> None:
    await client.open("fix")
    git = twin.world.git
    commit = git.merge(str(twin.get_head()), str(twin.get_head("fix")), "By hand\n")
    git.move("refs/heads/main", commit)
    twin.push("main", {"later.txt": "later\n"})
    now = (await client.get("pulls/1")).data
    assert (now["merged"], now["merge_commit_sha"]) == (True, commit)


async def test_a_forks_pull_request_shows_whose_it_is(twin: GithubTwin, client: Client) -> None:
    number = twin.pull_from_fork("mallory", "theseus/run-fix", {"dice.py": "x\n"}, "Mine")
    (pull,) = (await client.get("pulls?head=mallory:theseus/run-fix")).data
    assert pull["number"] == number
    assert pull["head"]["repo"]["full_name"] == "mallory/ship"
    assert pull["user"]["login"] == "mallory"
    assert twin.get_head("theseus/run-fix") is None


# ------------------------------------------------------------------------------------ mergeability


async def test_mergeability_is_unknown_at_the_first_request(
    twin: GithubTwin, client: Client
) -> None:
    await client.open("fix")
    looks = [(await client.get("pulls/1")).data for _ in range(2)]
    assert [look["mergeable"] for look in looks] == [None, True]
    assert [look["mergeable_state"] for look in looks] == ["unknown", "clean"]
    assert looks[1]["merge_commit_sha"] not in (None, twin.get_head(), twin.get_head("fix"))
    assert list_parents(twin, looks[1]["merge_commit_sha"]) == [
        twin.get_head(),
        twin.get_head("fix"),
    ]
    twin.push("main", {"dice.py": "one\nelse\nthree\n"})
    looks = [(await client.get("pulls/1")).data for _ in range(2)]
    assert [look["mergeable"] for look in looks] == [None, False]
    assert looks[1]["mergeable_state"] == "dirty"


async def test_the_merge_state_states_what_blocks_the_merge(
    twin: GithubTwin, client: Client
) -> None:
    pull = await client.open("fix", draft=True)
    head = pull["head"]["sha"]

    async def get_state() -> str:
        await client.get("pulls/1")
        return str((await client.get("pulls/1")).data["mergeable_state"])

    assert await get_state() == "draft"
    twin.pull(1).draft = False
    twin.check(head, "lint", "failure")
    assert await get_state() == "unstable"
    twin.protect(checks=["tests"])
    assert await get_state() == "blocked"
    twin.check(head, "tests", "success")
    assert await get_state() == "unstable"
    twin.check(head, "lint", "success")
    assert await get_state() == "clean"
    twin.protect(checks=["tests"], strict=True)
    assert await get_state() == "clean"
    twin.push("main", {"more.txt": "more\n"})
    assert await get_state() == "behind"


# ------------------------------------------------------------------------------------------ merging


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
async def test_merging_is_done_by_git(twin: GithubTwin, client: Client, method: str) -> None:
    before = twin.get_head()
    twin.push("fix", {"dice.py": "one\nfix\nthree\n"})
    twin.push("fix", {"more.txt": "more\n"})
    pull = await client.open("fix")
    twin.push("main", {"base.txt": "meanwhile\n"})
    head, base = pull["head"]["sha"], str(twin.get_head())
    got = await client.put("pulls/1/merge", sha=head, merge_method=method)
    assert (got.status, got.data["merged"]) == (200, True)
    assert got.data["sha"] == twin.get_head()
    wanted = {"merge": [base, head], "squash": [base]}.get(method)
    assert wanted is None or list_parents(twin, got.data["sha"]) == wanted
    listed = twin.world.git.run_git("ls-tree", "--name-only", got.data["sha"]).split()
    assert listed == ["base.txt", "dice.py", "more.txt", "readme.txt"]
    count = twin.world.git.run_git("rev-list", "--count", f"{before}..main")
    assert count == {"merge": "4", "squash": "2", "rebase": "3"}[method]
    now = (await client.get("pulls/1")).data
    assert (now["merged"], now["state"], now["head"]["sha"]) == (True, "closed", head)
    assert (now["merge_commit_sha"], now["merged_by"]["login"]) == (twin.get_head(), "theseus-bot")
    assert (await client.get("pulls/1/merge")).status == 204


async def test_merging_twice_is_refused_the_second_time(twin: GithubTwin, client: Client) -> None:
    await client.open("fix")
    assert (await client.put("pulls/1/merge")).status == 200
    head = twin.get_head()
    again = await client.put("pulls/1/merge")
    assert (again.status, again.data["message"]) == (405, "Pull Request is not mergeable")
    assert twin.get_head() == head


async def test_merging_another_head_than_the_one_named_is_refused(
    twin: GithubTwin, client: Client
) -> None:
    pull = await client.open("fix")
    twin.push("fix", {"more.txt": "more\n"})
    before = twin.get_head()
    got = await client.put("pulls/1/merge", sha=pull["head"]["sha"])
    assert got.status == 409
    assert got.data["message"] == "Head branch was modified. Review and try the merge again."
    assert twin.get_head() == before


async def test_a_push_while_the_merge_is_on_its_way_is_seen(
    twin: GithubTwin, client: Client
) -> None:
    pull = await client.open("fix")
    async with (
        asyncio.timeout(20),
        asyncio.TaskGroup() as group,
        twin.faults.hold(method="PUT") as held,
    ):
        merge = group.create_task(client.put("pulls/1/merge", sha=pull["head"]["sha"]))
        await held.reached.wait()
        twin.push("fix", {"more.txt": "more\n"})
    assert merge.result().status == 409


async def test_drafts_conflicts_and_forbidden_methods_are_not_merged(
    twin: GithubTwin, client: Client
) -> None:
    await client.open("fix", draft=True)
    before = twin.push("main", {"dice.py": "one\nelse\nthree\n"})
    draft = await client.put("pulls/1/merge")
    assert (draft.status, draft.data["message"]) == (405, "Pull Request is still a draft")
    twin.pull(1).draft = False
    clash = await client.put("pulls/1/merge")
    assert (clash.status, clash.data["message"]) == (405, "Pull Request is not mergeable")
    twin.choose(methods=["squash"])
    way = await client.put("pulls/1/merge")
    assert (way.status, way.data["message"]) == (
        405,
        "Merge commits are not allowed on this repository.",
    )
    twin.choose(methods=["merge", "squash"])
    twin.protect(linear=True)
    way = await client.put("pulls/1/merge")
    assert way.data["message"] == "This branch must not contain merge commits."
    assert twin.get_head() == before


@pytest.mark.parametrize("ruleset", [False, True])
async def test_required_checks_and_reviews_hold_up_a_merge(
    twin: GithubTwin, client: Client, ruleset: bool
) -> None:
    pull = await client.open("fix")
    head, before = pull["head"]["sha"], twin.get_head()
    twin.protect(checks=["tests", "lint"], reviews=1, ruleset=ruleset)

    async def get_refusal() -> str:
        got = await client.put("pulls/1/merge", sha=head)
        assert got.status == 405
        said = str(got.data["message"])
        assert said.startswith("Repository rule violations found\n\n") is ruleset
        return said.removeprefix("Repository rule violations found\n\n").split("\n")[0]

    assert await get_refusal() == "2 of 2 required status checks are expected."
    twin.check(head, "tests")
    assert await get_refusal() == (
        "2 of 2 required status checks have not succeeded: 1 expected and 1 pending."
    )
    twin.check(head, "tests", "success")
    twin.set_status(head, "lint", "failure")
    assert await get_refusal() == 'Required status check "lint" is failing.'
    twin.set_status(head, "lint", "success")
    needed = "At least 1 approving review is required by reviewers with write access."
    assert await get_refusal() == needed
    twin.review(1, "bob", "CHANGES_REQUESTED", "no")
    twin.review(1, "alice", "APPROVED")
    assert await get_refusal() == "Changes have been requested."
    twin.review(1, "bob", "APPROVED")
    assert twin.get_head() == before
    assert (await client.put("pulls/1/merge", sha=head)).status == 200


async def test_strict_checks_count_only_on_top_of_base(twin: GithubTwin, client: Client) -> None:
    pull = await client.open("fix")
    twin.check(pull["head"]["sha"], "tests", "success")
    twin.protect(checks=["tests"], strict=True)
    twin.push("main", {"more.txt": "more\n"})
    got = await client.put("pulls/1/merge")
    assert got.data["message"] == 'Required status check "tests" is expected.'


async def test_the_branch_is_deleted_after_a_merge_where_the_owner_wants_that(
    twin: GithubTwin, client: Client
) -> None:
    twin.choose(deletes_branches=True)
    await client.open("fix")
    assert (await client.put("pulls/1/merge")).status == 200
    assert twin.get_head("fix") is None
    assert (await client.get("pulls/1")).data["merged"] is True


async def test_what_people_do_by_hand_is_seen(twin: GithubTwin, client: Client) -> None:
    await client.open("one")
    twin.push("two", {"two.txt": "two\n"})
    await client.open("two")
    commit = twin.merge_by_hand(1, "alice")
    twin.close_by_hand(2)
    first, second = [(await client.get(f"pulls/{number}")).data for number in (1, 2)]
    assert (first["merge_commit_sha"], first["merged_by"]["login"]) == (commit, "alice")
    assert (second["state"], second["merged"]) == ("closed", False)
    assert (await client.patch("pulls/2", state="open")).data["state"] == "open"
    assert (await client.patch("pulls/1", state="open")).status == 422


async def test_title_and_text_can_be_changed(twin: GithubTwin, client: Client) -> None:
    await client.open("fix")
    got = await client.patch("pulls/1", title="Better", body="text", state="closed")
    assert (got.data["title"], got.data["body"], got.data["state"]) == ("Better", "text", "closed")
    assert (await client.patch("pulls/1", title="")).status == 422
