"""A merge goes by the branch's rules, and says what it waits for."""

import asyncio
import json

import pytest

from bot.adapters.forges.forgejo import ForgejoForge
from bot.domain.errors import ForgeConflict, ForgePending, ForgeRejected
from bot.domain.proposal import ForgeProposal, ProposalDraft
from tests.twins.forgejo import ForgejoTwin


async def test_the_merge_is_bound_to_the_approved_head(
    twin: ForgejoTwin, forge: ForgejoForge, opened: ForgeProposal
) -> None:
    await forge.merge(opened.number, opened.head)
    (sent,) = (each for each in twin.requests if each.path.endswith("/merge"))
    assert json.loads(sent.body) == {"Do": "merge", "head_commit_id": opened.head}


async def test_a_push_while_the_merge_is_on_its_way_is_refused_by_the_server(
    twin: ForgejoTwin, forge: ForgejoForge, opened: ForgeProposal
) -> None:
    await forge.publish(opened.number)
    twin.pull(opened.number)
    async with twin.faults.hold(method="POST", path="/merge") as held:
        merging = asyncio.create_task(forge.merge(opened.number, opened.head))
        await held.reached.wait()
        twin.push(opened.branch, {"more.txt": "by hand\n"})
        held.released.set()
        with pytest.raises(ForgeConflict, match="not at the approved"):
            await merging
    assert twin.pull(opened.number).merged_at is None


async def test_required_checks_are_waited_for(
    twin: ForgejoTwin, forge: ForgejoForge, opened: ForgeProposal
) -> None:
    twin.protect(checks=["ci/*"])
    with pytest.raises(ForgePending, match=r"waiting for required checks: ci/\*"):
        await forge.merge(opened.number, opened.head)
    twin.set_status(opened.head, "ci/tests", "pending")
    assert (await forge.get_proposal(opened.number)).checks == "pending"
    with pytest.raises(ForgePending):
        await forge.merge(opened.number, opened.head)
    twin.set_status(opened.head, "ci/tests", "success")
    assert (await forge.get_proposal(opened.number)).checks == "passed"
    assert (await forge.merge(opened.number, opened.head)).state == "merged"


async def test_a_required_check_that_failed_ends_it(
    twin: ForgejoTwin, forge: ForgejoForge, opened: ForgeProposal
) -> None:
    twin.protect(checks=["tests"])
    twin.set_status(opened.head, "tests", "failure")
    with pytest.raises(ForgeRejected, match="required checks failed"):
        await forge.merge(opened.number, opened.head)
    assert not any(each.path.endswith("/merge") for each in twin.requests)


async def test_missing_and_refusing_reviews_are_named(
    twin: ForgejoTwin, forge: ForgejoForge, opened: ForgeProposal
) -> None:
    twin.protect(reviews=1)
    with pytest.raises(ForgeRejected, match="lacks approving reviews"):
        await forge.merge(opened.number, opened.head)
    twin.review(opened.number, "bob", "CHANGES_REQUESTED")
    twin.review(opened.number, "alice", "APPROVED")
    with pytest.raises(ForgeRejected, match="a reviewer requested changes"):
        await forge.merge(opened.number, opened.head)
    twin.review(opened.number, "bob", "APPROVED")
    assert (await forge.merge(opened.number, opened.head)).state == "merged"


async def test_a_branch_that_is_behind_is_named(
    twin: ForgejoTwin, forge: ForgejoForge, opened: ForgeProposal
) -> None:
    twin.protect(strict=True)
    twin.push("main", {"theirs.txt": "theirs\n"})
    with pytest.raises(ForgeRejected, match="brought up to date"):
        await forge.merge(opened.number, opened.head)


async def test_a_way_to_merge_that_is_not_allowed_names_the_setting(
    twin: ForgejoTwin, forge: ForgejoForge, opened: ForgeProposal
) -> None:
    twin.choose(methods=["squash"])
    with pytest.raises(ForgeRejected, match=r"forge\.forgejo\.merge_method"):
        await forge.merge(opened.number, opened.head)


async def test_a_merge_whose_answer_was_lost_counts(
    twin: ForgejoTwin, forge: ForgejoForge, opened: ForgeProposal
) -> None:
    await forge.publish(opened.number)
    twin.pull(opened.number)
    twin.world.look(twin.pull(opened.number))
    twin.faults.cut(after=True, method="POST", path="/merge")
    merged = await forge.merge(opened.number, opened.head)
    assert merged.merge_commit == twin.pull(opened.number).merge_commit


async def test_a_draft_is_one_by_its_title_alone(
    twin: ForgejoTwin, forge: ForgejoForge, opened: ForgeProposal, draft: ProposalDraft
) -> None:
    assert twin.pull(opened.number).title == "WIP: Mend the dice"
    assert (opened.draft, opened.title) == (True, "Mend the dice")
    await forge.publish(opened.number)
    assert twin.pull(opened.number).title == "Mend the dice"
    assert [each.name for each in twin.pull(opened.number).labels] == ["theseus"]


async def test_a_pull_request_from_a_fork_is_never_the_runs(
    twin: ForgejoTwin, forge: ForgejoForge
) -> None:
    twin.pull_from_fork("mallory", "theseus/k7m2xq-mend", {"x.txt": "x"}, "Mine")
    assert await forge.find("k7m2xq") is None


async def test_a_run_is_found_where_its_branch_was_deleted(
    twin: ForgejoTwin, forge: ForgejoForge, opened: ForgeProposal
) -> None:
    twin.delete_branch(opened.branch)
    found = await forge.find("k7m2xq")
    assert found is not None
    assert (found.number, found.branch, found.state) == (opened.number, opened.branch, "closed")
