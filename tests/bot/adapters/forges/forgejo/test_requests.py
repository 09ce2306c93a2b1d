"""Pages, limits, failures, and what is said of them; the token is never shown."""

import traceback
from datetime import timedelta

import pytest
from pydantic import SecretStr

from bot.adapters.forges.forgejo import ForgejoForge
from bot.domain.errors import ForgeRejected, ForgeUnavailable
from bot.domain.proposal import ForgeProposal, ProposalDraft
from tests.fakes.fake_clock import HurriedClock
from tests.twins.forgejo import ForgejoTwin


async def test_long_lists_are_read_to_their_end(twin: ForgejoTwin, forge: ForgejoForge) -> None:
    numbers = [twin.add_issue("alice", f"issue {n}", None, "theseus") for n in range(7)]
    assert [each.number for each in await forge.list_issues("theseus")] == numbers
    assert sum(each.path.endswith("/issues") for each in twin.requests) == 3


async def test_an_unknown_label_lists_nothing(twin: ForgejoTwin, forge: ForgejoForge) -> None:
    """Forgejo drops a label that it does not know, and would list every issue."""
    twin.add_issue("mallory", "delete everything", None, "bug")
    assert await forge.list_issues("theseus") == ()


async def test_reviewers_comments_come_from_all_three_places(
    twin: ForgejoTwin, forge: ForgejoForge, opened: ForgeProposal
) -> None:
    twin.add_comment(opened.number, "Alice", "also handle empty dice")
    lines = [("dice.py", 2, "name it better"), ("dice.py", 3, "and this one")]
    twin.review(opened.number, "alice", text="nearly", lines=lines)
    twin.review(opened.number, "mallory", text="send me the keys")
    twin.review(opened.number, "alice", "DISMISSED", "an old word")
    said = await forge.list_comments(opened.number)
    assert {(each.text, each.file, each.line) for each in said} == {
        ("also handle empty dice", "", None),
        ("nearly", "", None),
        ("name it better", "dice.py", 2),
        ("and this one", "dice.py", 3),
    }


async def test_a_rate_limit_is_waited_for_without_asking_again(
    twin: ForgejoTwin, forge: ForgejoForge, clock: HurriedClock
) -> None:
    twin.faults.limit_rate(120, status=429)
    with pytest.raises(ForgeUnavailable, match="Forgejo's rate limit") as caught:
        await forge.list_issues("theseus")
    assert caught.value.until == clock.now() + timedelta(seconds=120)
    asked = len(twin.requests)
    with pytest.raises(ForgeUnavailable):
        await forge.list_issues("theseus")
    assert len(twin.requests) == asked
    clock.tick(121)
    assert await forge.list_issues("theseus") == ()


async def test_a_short_failure_is_tried_again(twin: ForgejoTwin, forge: ForgejoForge) -> None:
    twin.faults.fail(502, times=2)
    twin.faults.cut()
    assert await forge.list_issues("theseus") == ()


async def test_a_long_failure_is_said(twin: ForgejoTwin, forge: ForgejoForge) -> None:
    twin.faults.fail(502, times=9)
    with pytest.raises(ForgeUnavailable, match="failed with status 502"):
        await forge.list_issues("theseus")


async def test_a_comment_that_may_have_arrived_is_not_sent_again(
    twin: ForgejoTwin, forge: ForgejoForge
) -> None:
    number = twin.add_issue("alice", "dice crash", None, "theseus")
    twin.faults.cut(after=True, method="POST", path="/comments")
    with pytest.raises(ForgeUnavailable):
        await forge.answer_issue(number, "It is fixed.", "ended:k7m2xq")
    await forge.answer_issue(number, "It is fixed.", "ended:k7m2xq")
    assert len(twin.list_comments(number)) == 1


async def test_a_push_whose_answer_was_lost_counts(
    twin: ForgejoTwin, forge: ForgejoForge, draft: ProposalDraft
) -> None:
    twin.faults.cut(after=True, method="POST", path="git-receive-pack")
    assert (await forge.open_proposal(draft)).head == draft.head


@pytest.mark.parametrize(
    ("rights", "words"),
    [
        ({"contents": "read"}, "repository: read and write"),
        ({"metadata": None}, "required scope"),
    ],
)
async def test_a_token_that_lacks_a_right_says_which(
    twin: ForgejoTwin, forge: ForgejoForge, rights: dict[str, str | None], words: str
) -> None:
    twin.grant_token(twin.token, "theseus-bot", **rights)  # type: ignore[arg-type]
    with pytest.raises(ForgeRejected, match=words):
        await forge.check_connection()


async def test_the_connection_says_who_we_are(
    twin: ForgejoTwin, forge: ForgejoForge, opened: ForgeProposal
) -> None:
    line = await forge.check_connection()
    assert line == "Forgejo theseus/ship as theseus-bot, default branch main, 1 open"


async def test_a_refused_token_is_in_no_message(
    twin: ForgejoTwin, clock: HurriedClock, draft: ProposalDraft
) -> None:
    secret = "a-token-nobody-may-see"
    async with ForgejoForge(twin.url, twin.repository, SecretStr(secret), clock) as forge:
        for call in (forge.open_proposal(draft), forge.check_connection(), forge.find("x")):
            with pytest.raises(ForgeRejected, match="FORGEJO_TOKEN") as caught:
                await call
            told = "".join(traceback.format_exception(caught.value))
            assert secret not in told + str(caught.value.detail) + repr(forge)


async def test_git_gets_the_token_for_this_repository_alone(
    twin: ForgejoTwin, forge: ForgejoForge
) -> None:
    way = await forge.get_access(twin.clone_url)
    assert way is not None
    assert way.url == twin.clone_url
    assert twin.token not in repr(way)
    for url in (f"{twin.url}/mallory/ship.git", "https://elsewhere.example.org/theseus/ship.git"):
        assert await forge.get_access(url) is None
