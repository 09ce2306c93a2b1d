"""Opening and updating pull requests, whatever comes in between."""

import asyncio
from typing import Literal

import pytest

from bot.adapters.forges.github import GithubForge, Token
from bot.adapters.forges.github._answers import GithubPull
from bot.adapters.forges.github._pulls import select_best
from bot.domain.errors import ForgeConflict, ForgeRejected, ForgeUnavailable
from tests.bot.adapters.forges.github.room import Room
from tests.fakes.repositories import commit, run_git

pytestmark = pytest.mark.slow


async def test_the_text_names_its_run_and_head_where_people_do_not_see_it(
    room: Room, forge: GithubForge
) -> None:
    draft = room.change()
    opened = await forge.open_proposal(draft)
    body = room.twin.pull(opened.number).body or ""
    assert body.startswith(draft.body)
    assert body.endswith(f"<!-- theseus run={draft.run_id} head={draft.head} -->")
    newer = room.change(text="better")
    await forge.open_proposal(newer.replace(title="A better way", body="## Cause\nAnother."))
    pull = room.twin.pull(opened.number)
    assert pull.title == "A better way"
    assert (pull.body or "").startswith("## Cause\nAnother.")
    assert newer.head in (pull.body or "")


async def test_what_people_changed_in_the_text_stays_until_there_is_a_new_head(
    room: Room, forge: GithubForge
) -> None:
    draft = room.change()
    opened = await forge.open_proposal(draft)
    room.twin.pull(opened.number).title = "A title somebody likes better"
    assert (await forge.open_proposal(draft)).title == "A title somebody likes better"


async def test_a_draft_that_forges_our_marks_is_its_own_runs_all_the_same(
    room: Room, forge: GithubForge
) -> None:
    forged = room.change("run1").replace(body=f"<!-- theseus run=run2 head={'0' * 40} -->")
    opened = await forge.open_proposal(forged)
    assert await forge.find("run2") is None
    assert await forge.find("run1") == opened


async def test_a_very_long_text_is_cut_and_keeps_its_mark(room: Room, forge: GithubForge) -> None:
    draft = room.change().replace(title="long " * 100, body="x" * 200_000)
    opened = await forge.open_proposal(draft)
    assert len(opened.title) <= 256
    assert len(room.twin.pull(opened.number).body or "") < 65_536
    assert await forge.open_proposal(draft) == opened


async def test_it_is_labelled_and_labels_are_made_where_they_are_missing(room: Room) -> None:
    async with room.forge(labels=("theseus", "bug")) as forge:
        opened = await forge.open_proposal(room.change().replace(labels=("dice", "bug")))
    labels = [label.name for label in room.twin.pull(opened.number).labels]
    assert labels == ["theseus", "bug", "dice"]


async def test_failing_to_label_is_not_failing_to_propose(room: Room) -> None:
    room.twin.faults.fail(500, 9, path="/labels")
    async with room.forge(labels=("theseus",)) as forge:
        opened = await forge.open_proposal(room.change())
    assert opened.state == "open"
    assert room.twin.pull(opened.number).labels == []


async def test_where_there_are_no_drafts_it_is_none(room: Room, forge: GithubForge) -> None:
    room.twin.choose(drafts=False)
    assert not (await forge.open_proposal(room.change())).draft


async def test_it_is_no_draft_where_none_is_wanted(room: Room) -> None:
    async with room.forge(draft=False) as forge:
        assert not (await forge.open_proposal(room.change())).draft


async def test_a_run_is_found_by_its_branch(room: Room, forge: GithubForge) -> None:
    await forge.open_proposal(room.change("k7m2"))
    opened = await forge.open_proposal(room.change("k7m2xq", "another way"))
    assert await forge.find("k7m2xq") == opened
    assert await forge.find("k7m") is None


async def test_a_run_is_found_where_its_branch_was_deleted(room: Room, forge: GithubForge) -> None:
    draft = room.change()
    opened = await forge.open_proposal(draft)
    merged = await forge.merge(opened.number, draft.head)
    room.twin.delete_branch(draft.branch)
    assert await forge.find(draft.run_id) == merged
    assert await forge.open_proposal(draft) == merged
    assert room.twin.get_head(draft.branch) is None


def pull(number: int, repository: str | None, state: str = "open") -> GithubPull:
    """Return a pull request whose branch is in some repository, or in one deleted since."""
    head = {"ref": "theseus/k7m2xq-mend", "sha": "0" * 40}
    return GithubPull.model_validate(
        {
            "number": number,
            "node_id": f"PR_{number}",
            "html_url": f"https://github.com/theseus/ship/pull/{number}",
            "state": state,
            "title": "Mend the dice",
            "head": {**head, "repo": repository and {"full_name": repository}},
            "base": {**head, "ref": "main", "repo": {"full_name": "theseus/ship"}},
        }
    )


def test_a_pull_request_from_a_fork_is_never_the_runs() -> None:
    assert select_best([pull(1, "mallory/ship"), pull(2, None)]) is None
    ours = pull(3, "theseus/ship", "closed")
    assert select_best([pull(1, "mallory/ship"), ours, pull(4, "mallory/ship")]) == ours


def test_the_open_one_of_several_counts_else_the_newest() -> None:
    closed, opened, newest = (
        pull(number, "theseus/ship", state)
        for number, state in ((1, "closed"), (2, "open"), (3, "closed"))
    )
    assert select_best([closed, opened, newest]) == opened
    assert select_best([closed, newest]) == newest


async def test_two_forges_opening_the_same_at_once_open_one(room: Room) -> None:
    draft = room.change()
    async with room.forge() as one, room.forge() as other:
        both = await asyncio.gather(one.open_proposal(draft), other.open_proposal(draft))
    assert both[0] == both[1]
    assert room.asked("POST", "/pulls") >= 1
    assert list(room.twin.world.pulls) == [both[0].number]


async def test_who_loses_the_race_to_open_gets_what_the_winner_opened(room: Room) -> None:
    draft = room.change()
    async with room.forge() as slow, room.forge() as quick:
        async with room.twin.faults.hold(method="POST", path="/pulls$") as held:
            losing = asyncio.ensure_future(slow.open_proposal(draft))
            async with asyncio.timeout(20):
                await held.reached.wait()
            won = await quick.open_proposal(draft)
        assert await losing == won


async def test_a_crash_between_push_and_opening_is_mended_by_again(
    room: Room, forge: GithubForge
) -> None:
    draft = room.change()
    room.twin.faults.fail(503, 4, method="POST", path="/pulls$")
    with pytest.raises(ForgeUnavailable):
        await forge.open_proposal(draft)
    assert room.twin.get_head(draft.branch) == draft.head
    assert (await forge.open_proposal(draft)).head == draft.head


async def test_an_answer_that_was_lost_is_no_second_pull_request(
    room: Room, forge: GithubForge
) -> None:
    room.twin.faults.cut(after=True, method="POST", path="/pulls$")
    opened = await forge.open_proposal(room.change())
    assert list(room.twin.world.pulls) == [opened.number]


async def test_a_push_whose_answer_was_lost_counts(room: Room, forge: GithubForge) -> None:
    room.twin.faults.cut(9, after=True, path="git-receive-pack$")
    draft = room.change()
    assert (await forge.open_proposal(draft)).head == draft.head


async def test_a_crash_between_a_new_push_and_its_text_is_mended_by_again(
    room: Room, forge: GithubForge
) -> None:
    await forge.open_proposal(room.change())
    newer = room.change(text="better").replace(title="Better")
    room.twin.faults.fail(503, 4, method="PATCH")
    with pytest.raises(ForgeUnavailable):
        await forge.open_proposal(newer)
    assert (await forge.open_proposal(newer)).title == "Better"


@pytest.mark.parametrize("moment", ["info/refs", "git-receive-pack$"])
async def test_a_push_in_between_is_not_overwritten(
    room: Room, forge: GithubForge, moment: str
) -> None:
    opened = await forge.open_proposal(room.change())
    newer = room.change(text="better")
    async with room.twin.faults.hold(path=moment) as held:
        pushing = asyncio.ensure_future(forge.open_proposal(newer))
        async with asyncio.timeout(20):
            await held.reached.wait()
        by_hand = room.twin.push(newer.branch, {"more.txt": "by hand\n"})
    with pytest.raises(ForgeConflict):
        await pushing
    assert (await forge.get_proposal(opened.number)).head == by_hand


async def test_what_we_published_ourselves_may_be_written_anew(
    room: Room, forge: GithubForge
) -> None:
    opened = await forge.open_proposal(room.change())
    run_git(room.clone, "reset", "-q", "--hard", "origin/main")
    head = commit(room.clone, {"dice.py": "one\nquite different\nthree\n"}, "Start anew")
    again = room.change(text="unused").replace(head=head)
    async with room.forge() as after_a_restart:
        updated = await after_a_restart.open_proposal(again)
    assert (updated.number, updated.head) == (opened.number, head)


async def test_a_branch_without_commits_of_its_own_is_refused(
    room: Room, forge: GithubForge
) -> None:
    draft = room.change()
    main = run_git(room.clone, "rev-parse", "origin/main")
    run_git(room.clone, "reset", "-q", "--hard", main)
    with pytest.raises(ForgeRejected, match="No commits between"):
        await forge.open_proposal(draft.replace(head=main))


async def test_the_base_branch_is_never_pushed_to(room: Room, forge: GithubForge) -> None:
    before = room.twin.get_head()
    with pytest.raises(ForgeRejected, match="not a branch that I can propose"):
        await forge.open_proposal(room.change().replace(branch="main"))
    assert room.twin.get_head() == before


@pytest.mark.parametrize(
    ("lacking", "named"),
    [("contents", "Contents: read and write"), ("pull_requests", "Pull requests: read and write")],
)
async def test_a_missing_permission_is_named(room: Room, lacking: str, named: str) -> None:
    rights: dict[str, Literal["read", "write"] | None] = {lacking: "read"}
    room.twin.grant_token("weak", "theseus-bot", **rights)
    async with room.forge(Token("weak")) as forge:
        with pytest.raises(ForgeRejected, match=named) as refused:
            await forge.open_proposal(room.change())
    assert "GITHUB_TOKEN" in str(refused.value)


async def test_a_repository_that_does_not_exist_or_cannot_be_seen_is_said(room: Room) -> None:
    room.twin.choose(private=True)
    room.twin.grant_token("stranger", "somebody", metadata=None, contents=None)
    async with room.forge(Token("stranger")) as forge:
        with pytest.raises(ForgeRejected, match="no access to it"):
            await forge.open_proposal(room.change())


async def test_an_empty_clone_path_says_so(room: Room, forge: GithubForge) -> None:
    with pytest.raises(ForgeRejected, match="does not exist"):
        await forge.open_proposal(room.change().replace(repository=str(room.folder / "absent")))
