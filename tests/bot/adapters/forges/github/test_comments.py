"""Comments of listed people are read from all three places; other people's are ignored."""

from collections.abc import AsyncIterator

import pytest

from bot.adapters.forges.github import GithubForge
from bot.domain.proposal import ForgeProposal
from tests.bot.adapters.forges.github.room import Room


@pytest.fixture
async def forge(room: Room) -> AsyncIterator[GithubForge]:
    """Return a forge that reads two people, one of whom gave it their own account."""
    async with room.forge(reviewers=("Alice", "theseus-bot")) as forge:
        yield forge


@pytest.fixture
async def proposed(room: Room, forge: GithubForge) -> ForgeProposal:
    """Return a proposal to comment on."""
    return await forge.open_proposal(room.change())


async def test_comments_reviews_and_lines_come_with_their_places(
    room: Room, forge: GithubForge, proposed: ForgeProposal
) -> None:
    number = proposed.number
    room.twin.add_comment(number, "aLiCe", "first")
    room.twin.review(number, "alice", "CHANGES_REQUESTED", "second", lines=[
        ("dice.py", 2, "third"), ("readme.txt", None, "fourth"),
    ])  # fmt: skip
    said = {each.text: each for each in await forge.list_comments(number)}
    assert set(said) == {"first", "second", "third", "fourth"}
    assert (said["third"].file, said["third"].line) == ("dice.py", 2)
    assert (said["fourth"].file, said["fourth"].line) == ("readme.txt", None)
    kinds = {text: each.key.partition(":")[0] for text, each in said.items()}
    assert kinds == {
        "first": "issue_comment",
        "second": "review",
        "third": "review_comment",
        "fourth": "review_comment",
    }


async def test_nobody_else_is_heard(
    room: Room, forge: GithubForge, proposed: ForgeProposal
) -> None:
    number = proposed.number
    for login in ("mallory", "alice-2", "ali", "github-actions[bot]"):
        room.twin.add_comment(number, login, "ship it", association="OWNER")
        room.twin.review(number, login, "COMMENTED", "do this", lines=[("dice.py", 1, "and this")])
    assert await forge.list_comments(number) == ()


async def test_nobody_is_heard_where_nobody_is_listed(room: Room, proposed: ForgeProposal) -> None:
    room.twin.add_comment(proposed.number, "alice", "do this")
    async with room.forge() as forge:
        asked = len(room.twin.requests)
        assert await forge.list_comments(proposed.number) == ()
        assert len(room.twin.requests) == asked


async def test_our_own_words_are_not_heard_but_those_of_who_lent_us_the_account_are(
    room: Room, forge: GithubForge, proposed: ForgeProposal
) -> None:
    number = proposed.number
    await forge.close(number, "another way was found")
    ours = room.twin.world.comments[0]
    assert ours.author.login == "theseus-bot"
    room.twin.add_comment(number, "theseus-bot", f"> {ours.text}\n\nno, this way please")
    said = await forge.list_comments(number)
    assert [each.text.rpartition("\n")[2] for each in said] == ["no, this way please"]


async def test_an_edited_comment_keeps_its_key_and_a_deleted_one_is_gone(
    room: Room, forge: GithubForge, proposed: ForgeProposal
) -> None:
    number = proposed.number
    edited = room.twin.add_comment(number, "alice", "do thsi")
    deleted = room.twin.add_comment(number, "alice", "never mind")
    before = await forge.list_comments(number)
    edited.text = "do this"
    room.twin.world.comments.remove(deleted)
    (after,) = await forge.list_comments(number)
    assert (after.key, after.text) == (before[0].key, "do this")


async def test_reviews_without_words_and_dismissed_ones_say_nothing(
    room: Room, forge: GithubForge, proposed: ForgeProposal
) -> None:
    room.twin.review(proposed.number, "alice", "APPROVED")
    room.twin.review(proposed.number, "alice", "DISMISSED", "not like this")
    room.twin.add_comment(proposed.number, "alice", "  \n")
    assert await forge.list_comments(proposed.number) == ()


async def test_many_comments_are_all_read_oldest_first(
    room: Room, forge: GithubForge, proposed: ForgeProposal
) -> None:
    for number in range(130):
        room.twin.add_comment(proposed.number, "alice", f"{number}")
    said = await forge.list_comments(proposed.number)
    assert {each.text for each in said} == {f"{number}" for number in range(130)}
    assert [each.at for each in said] == sorted(each.at for each in said)
    assert len({each.key for each in said}) == 130
