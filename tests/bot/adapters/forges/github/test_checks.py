"""GitHub's own checks of a head, in whichever way the credentials may see them."""

import pytest

from bot.adapters.forges.github import GithubForge, Token
from bot.domain.errors import ForgePending, ForgeRejected
from tests.bot.adapters.forges.github.room import Room, opened


@pytest.mark.parametrize("checks", [None, "read"])
async def test_a_token_without_a_right_to_checks_sees_those_of_actions(
    room: Room, checks: str | None
) -> None:
    room.twin.grant_token("t", "theseus-bot", checks="read" if checks else None)
    async with room.forge(Token("t")) as forge:
        number = (await forge.open_proposal(draft := room.change())).number
        assert (await forge.get_proposal(number)).checks == "none"
        room.twin.check(draft.head, "tests")
        assert (await forge.get_proposal(number)).checks == "pending"
        room.twin.check(draft.head, "tests", "success")
        assert (await forge.get_proposal(number)).checks == "passed"
        room.twin.check(draft.head, "lint", "timed_out")
        assert (await forge.get_proposal(number)).checks == "failed"


async def test_what_was_refused_once_is_not_asked_for_again(room: Room, forge: GithubForge) -> None:
    number = (await forge.open_proposal(room.change())).number
    for _ in range(3):
        await forge.get_proposal(number)
    assert room.asked("GET", "/check-runs") == 1


@pytest.mark.parametrize("conclusion", ["success", "neutral", "skipped"])
async def test_what_github_counts_as_passed_counts(
    room: Room, forge: GithubForge, conclusion: str
) -> None:
    number = (await forge.open_proposal(draft := room.change())).number
    room.twin.check(draft.head, "tests", conclusion)
    assert (await forge.get_proposal(number)).checks == "passed"


@pytest.mark.parametrize("state", ["failure", "error"])
async def test_statuses_count_as_checks_do(room: Room, forge: GithubForge, state: str) -> None:
    number = (await forge.open_proposal(draft := room.change())).number
    room.twin.set_status(draft.head, "ci/circle", "pending")
    assert (await forge.get_proposal(number)).checks == "pending"
    room.twin.set_status(draft.head, "ci/circle", "success")
    assert (await forge.get_proposal(number)).checks == "passed"
    room.twin.set_status(draft.head, "ci/circle", state)
    assert (await forge.get_proposal(number)).checks == "failed"


async def test_a_new_head_has_no_checks_yet(room: Room, forge: GithubForge) -> None:
    number = (await forge.open_proposal(draft := room.change())).number
    room.twin.check(draft.head, "tests", "success")
    newer = room.change(text="better")
    assert (await forge.open_proposal(newer)).checks == "none"
    assert (await forge.get_proposal(number)).checks == "none"


async def test_credentials_that_see_no_checks_say_so_where_some_are_required(room: Room) -> None:
    room.twin.choose(private=True)
    room.twin.grant_token("blind", "theseus-bot", checks=None, actions=None, statuses=None)
    room.twin.protect(checks=["tests"])
    async with room.forge(Token("blind")) as forge:
        proposed = await opened(forge, room.change())
        with pytest.raises(ForgeRejected, match="Actions: read"):
            await forge.merge(proposed.number, proposed.head)


async def test_a_required_check_of_another_app_is_waited_for_and_why_is_said(
    room: Room, forge: GithubForge
) -> None:
    room.twin.choose(private=True)
    room.twin.protect(checks=["by another app"])
    proposed = await opened(forge, room.change())
    with pytest.raises(ForgePending, match="my token can read only checks of GitHub Actions"):
        await forge.merge(proposed.number, proposed.head)
