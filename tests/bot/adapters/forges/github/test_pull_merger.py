"""Merging respects GitHub's rules and reports which rule prevents a merge."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.adapters.forges.github import GithubForge
from bot.domain.errors import ForgeConflict, ForgePending, ForgeRejected, ForgeUnavailable
from bot.domain.proposal import ForgeProposal, ProposalDraft
from tests.bot.adapters.forges.github.room import Room, opened
from tests.fakes.repositories import run_git

pytestmark = pytest.mark.slow


@pytest.fixture
async def draft(room: Room) -> ProposalDraft:
    """Return a draft that is not proposed yet."""
    return room.change()


@pytest.fixture
async def waiting(draft: ProposalDraft, forge: GithubForge) -> AsyncIterator[ForgeProposal]:
    """Return a proposal that could be merged."""
    yield await opened(forge, draft)


def merges(room: Room) -> int:
    return len(run_git(room.twin.bare, "rev-list", "--merges", "main").split())


@pytest.mark.parametrize("ruleset", [False, True])
async def test_a_required_check_that_runs_is_waited_for(
    room: Room, forge: GithubForge, waiting: ForgeProposal, ruleset: bool
) -> None:
    room.twin.protect(checks=["tests"], ruleset=ruleset)
    with pytest.raises(ForgePending, match="tests"):  # no check has reported it yet
        await forge.merge(waiting.number, waiting.head)
    room.twin.check(waiting.head, "tests")
    with pytest.raises(ForgePending, match="tests"):
        await forge.merge(waiting.number, waiting.head)
    assert (await forge.get_proposal(waiting.number)).checks == "pending"
    room.twin.check(waiting.head, "tests", "success")
    assert (await forge.merge(waiting.number, waiting.head)).state == "merged"


async def test_a_required_check_that_failed_is_named(
    room: Room, forge: GithubForge, waiting: ForgeProposal
) -> None:
    room.twin.protect(checks=["tests", "lint"])
    room.twin.check(waiting.head, "tests", "failure")
    room.twin.set_status(waiting.head, "lint", "pending")
    with pytest.raises(ForgeRejected, match=r"failed.*tests") as refused:
        await forge.merge(waiting.number, waiting.head)
    assert waiting.url in str(refused.value)
    assert (await forge.get_proposal(waiting.number)).checks == "failed"
    assert merges(room) == 0


async def test_checks_that_are_not_required_stand_in_nobodys_way(
    room: Room, forge: GithubForge, waiting: ForgeProposal
) -> None:
    room.twin.protect(checks=["tests"])
    room.twin.check(waiting.head, "tests", "success")
    room.twin.check(waiting.head, "flaky", "failure")
    assert (await forge.get_proposal(waiting.number)).checks == "passed"
    assert (await forge.merge(waiting.number, waiting.head)).state == "merged"


@pytest.mark.parametrize("ruleset", [False, True])
async def test_a_missing_review_is_said(
    room: Room, forge: GithubForge, waiting: ForgeProposal, ruleset: bool
) -> None:
    room.twin.protect(reviews=1, ruleset=ruleset)
    with pytest.raises(ForgeRejected, match="review") as refused:
        await forge.merge(waiting.number, waiting.head)
    assert waiting.url in str(refused.value)
    room.twin.review(waiting.number, "alice", "APPROVED")
    assert (await forge.merge(waiting.number, waiting.head)).state == "merged"


async def test_who_asked_for_changes_is_named(
    room: Room, forge: GithubForge, waiting: ForgeProposal
) -> None:
    room.twin.protect(reviews=1)
    room.twin.review(waiting.number, "alice", "CHANGES_REQUESTED", "not like this")
    with pytest.raises(ForgeRejected, match="alice"):
        await forge.merge(waiting.number, waiting.head)


async def test_a_branch_that_has_to_be_up_to_date_is_said(
    room: Room, forge: GithubForge, waiting: ForgeProposal
) -> None:
    room.twin.protect(checks=["tests"], strict=True)
    room.twin.check(waiting.head, "tests", "success")
    room.twin.push("main", {"other.txt": "meanwhile\n"})
    with pytest.raises(ForgeRejected, match="up to date"):
        await forge.merge(waiting.number, waiting.head)
    assert merges(room) == 0


async def test_a_merge_queue_is_left_to_people_and_its_merge_is_taken_over(
    room: Room, forge: GithubForge, waiting: ForgeProposal
) -> None:
    room.twin.protect(ruleset=True, queue=True)
    with pytest.raises(ForgePending, match=f"add #{waiting.number} to it at {waiting.url}"):
        await forge.merge(waiting.number, waiting.head)
    assert merges(room) == 0
    commit = room.twin.merge_by_hand(waiting.number)
    assert (await forge.merge(waiting.number, waiting.head)).merge_commit == commit
    assert merges(room) == 1


async def test_a_draft_is_published_before_it_is_merged(
    room: Room, forge: GithubForge, draft: ProposalDraft
) -> None:
    proposed = await forge.open_proposal(draft)
    assert proposed.draft
    merged = await forge.merge(proposed.number, draft.head)
    assert (merged.state, merged.draft) == ("merged", False)


async def test_a_draft_that_moved_is_not_published(
    room: Room, forge: GithubForge, draft: ProposalDraft
) -> None:
    proposed = await forge.open_proposal(draft)
    room.twin.push(draft.branch, {"more.txt": "by hand\n"})
    with pytest.raises(ForgeConflict):
        await forge.merge(proposed.number, draft.head)
    assert room.twin.pull(proposed.number).draft


@pytest.mark.parametrize("method", ["squash", "rebase"])
async def test_other_ways_to_merge_tell_the_commit_on_the_base_branch(
    room: Room, draft: ProposalDraft, method: str
) -> None:
    async with room.forge(merge_method=method) as forge:
        proposed = await forge.open_proposal(draft)
        merged = await forge.merge(proposed.number, draft.head)
        assert merged.merge_commit == room.twin.get_head()
        assert await forge.merge(proposed.number, draft.head) == merged
        assert await forge.get_proposal(proposed.number) == merged


async def test_a_way_to_merge_that_is_not_allowed_names_the_setting(
    room: Room, forge: GithubForge, waiting: ForgeProposal
) -> None:
    room.twin.choose(methods=["squash"])
    with pytest.raises(ForgeRejected, match="merge_method"):
        await forge.merge(waiting.number, waiting.head)


async def test_a_push_at_the_very_moment_is_a_conflict(
    room: Room, forge: GithubForge, waiting: ForgeProposal
) -> None:
    async with room.twin.faults.hold(method="PUT", path="/merge$") as held:
        merging = asyncio.ensure_future(forge.merge(waiting.number, waiting.head))
        async with asyncio.timeout(20):
            await held.reached.wait()
        pushed = room.twin.push(waiting.branch, {"more.txt": "by hand\n"})
    with pytest.raises(ForgeConflict, match=pushed[:12]):
        await merging
    assert merges(room) == 0


async def test_somebody_pressing_the_button_at_the_very_moment_is_the_same_merge(
    room: Room, forge: GithubForge, waiting: ForgeProposal
) -> None:
    async with room.twin.faults.hold(method="PUT", path="/merge$") as held:
        merging = asyncio.ensure_future(forge.merge(waiting.number, waiting.head))
        async with asyncio.timeout(20):
            await held.reached.wait()
        commit = room.twin.merge_by_hand(waiting.number)
    assert (await merging).merge_commit == commit
    assert merges(room) == 1


async def test_two_forges_merging_at_once_are_one_merge(room: Room, draft: ProposalDraft) -> None:
    async with room.forge() as one, room.forge() as other:
        proposed = await opened(one, draft)
        both = await asyncio.gather(
            one.merge(proposed.number, draft.head), other.merge(proposed.number, draft.head)
        )
    assert both[0] == both[1]
    assert merges(room) == 1


async def test_a_merge_whose_answer_was_lost_is_the_same_merge(
    room: Room, forge: GithubForge, waiting: ForgeProposal
) -> None:
    room.twin.faults.cut(after=True, method="PUT", path="/merge$")
    merged = await forge.merge(waiting.number, waiting.head)
    assert merged.merge_commit == room.twin.get_head()
    assert merges(room) == 1


async def test_a_base_branch_that_changes_the_same_lines_is_a_conflict(
    room: Room, forge: GithubForge, waiting: ForgeProposal
) -> None:
    room.twin.push("main", {"dice.py": "one\nsomething else\nthree\n"})
    with pytest.raises(ForgeConflict, match="do not merge cleanly"):
        await forge.merge(waiting.number, waiting.head)


async def test_merged_and_closed_by_hand_are_noticed(room: Room, forge: GithubForge) -> None:
    first, second = room.change("run1"), room.change("run2", "another way")
    one, two = await opened(forge, first), await opened(forge, second)
    commit = room.twin.merge_by_hand(one.number)
    room.twin.close_by_hand(two.number)
    assert await forge.get_proposal(one.number) == one.replace(state="merged", merge_commit=commit)
    assert (await forge.merge(one.number, one.head)).merge_commit == commit
    assert (await forge.get_proposal(two.number)).state == "closed"


async def test_closing_says_why_once(
    room: Room, forge: GithubForge, waiting: ForgeProposal
) -> None:
    await forge.close(waiting.number, "another way was found")
    await forge.close(waiting.number, "again")
    said = [each.text for each in room.twin.world.comments]
    assert len(said) == 1
    assert said[0].startswith("another way was found")


async def test_closing_stands_without_its_comment_and_no_comment_is_said_twice(
    room: Room, forge: GithubForge, waiting: ForgeProposal
) -> None:
    room.twin.faults.cut(after=True, method="POST", path="/comments$")
    assert (await forge.close(waiting.number, "another way")).state == "closed"
    assert len(room.twin.world.comments) == 1


async def test_trouble_at_github_merges_nothing_and_may_be_tried_again(
    room: Room, forge: GithubForge, waiting: ForgeProposal
) -> None:
    room.twin.faults.fail(502, 4, method="PUT", path="/merge$")
    with pytest.raises(ForgeUnavailable, match="502"):
        await forge.merge(waiting.number, waiting.head)
    assert (await forge.merge(waiting.number, waiting.head)).state == "merged"
