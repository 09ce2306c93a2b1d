"""Equal feature requests of several people are one; each person counts once; the list is
bounded.
"""

from pathlib import Path

import pytest

from bot.adapters.sqlite_store import SqliteKeyValueStore
from bot.domain.errors import NotAuthorized, OutOfBounds, TooMany
from bot.domain.feature_request import LONGEST, MOST_NAMED
from bot.domain.people import Person
from bot.grammar.feature_requests import normalise_request
from bot.self_improvement.requests.feature_requests import MOST, MOST_OF_ONE, FeatureRequestService
from tests.support.agent_harness import ALICE, AgentHarness

MALLORY = Person(id=66, name="mallory")


@pytest.fixture
def world(tmp_path: Path) -> AgentHarness:
    return AgentHarness(tmp_path)


@pytest.fixture
def wishes(world: AgentHarness) -> FeatureRequestService:
    return world.create_agent().wishes


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("add a /coinflip command", "could we please have a coinflip command?"),
        ("make /roll support advantage", "Add advantage to /roll"),
        ("I'd love an option to hide the votes", "allow hiding votes"),
        ("<@42> add a `/coinflip` command!", "Please ADD a coinflip command"),
    ],
)
def test_the_same_wish_in_other_words_is_the_same(first: str, second: str) -> None:
    assert normalise_request(first) == normalise_request(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("add a /coinflip command", "remove the /coinflip command"),
        ("be more chatty", "be less chatty"),
        ("raise the limit to 10", "raise the limit to 20"),
        ("add it", "add a command"),
        ("add a /coinflip command", "add a /coinflip command in German"),
    ],
)
def test_another_wish_is_another(first: str, second: str) -> None:
    assert normalise_request(first) != normalise_request(second)


async def test_several_people_who_wish_the_same_join_and_each_counts_once(
    wishes: FeatureRequestService,
) -> None:
    await wishes.keep(ALICE, "add a /coinflip command")
    await wishes.keep(MALLORY, "can we have coinflip?")
    wish = await wishes.keep(ALICE, "please add coinflip")
    assert (wish.votes, wish.text) == (2, "add a /coinflip command")
    assert [(each.name, each.times) for each in wish.requesters] == [
        (ALICE.name, 2),
        ("mallory", 1),
    ]
    assert await wishes.list_requests() == (wish,)


async def test_wishes_come_with_the_most_wanted_first(
    world: AgentHarness, wishes: FeatureRequestService
) -> None:
    for text in ("add dark mode", "add a /coinflip command", "add a footer"):
        await wishes.keep(ALICE, text)
        world.clock.tick(1)
    await wishes.keep(MALLORY, "add dark mode")
    told = [(each.text, each.votes) for each in await wishes.list_requests()]
    assert told == [("add dark mode", 2), ("add a footer", 1), ("add a /coinflip command", 1)]


async def test_a_wish_is_kept_without_secrets_and_not_without_end(
    wishes: FeatureRequestService,
) -> None:
    wish = await wishes.keep(ALICE, "add the key ghp_" + "a1B2" * 9 + "\n" + "very " * 200)
    assert "ghp_" not in wish.text
    assert len(wish.text) <= LONGEST
    with pytest.raises(OutOfBounds, match="Tell me what to change"):
        await wishes.keep(ALICE, " \n ")


async def test_programs_and_who_is_not_in_the_server_have_no_wish(
    wishes: FeatureRequestService,
) -> None:
    for person in (MALLORY.replace(bot=True), MALLORY.replace(outsider=True)):
        with pytest.raises(NotAuthorized, match="Sorry mallory"):
            await wishes.keep(person, "add a /coinflip command")
    assert await wishes.list_requests() == ()


async def test_one_person_has_so_many_wishes_and_no_more(wishes: FeatureRequestService) -> None:
    for number in range(MOST_OF_ONE):
        await wishes.keep(MALLORY, f"add command{number}")
    with pytest.raises(TooMany, match="my limit for one person"):
        await wishes.keep(MALLORY, "add one more thing")
    assert (await wishes.keep(MALLORY, "add command3")).requesters[0].times == 2
    assert (await wishes.keep(ALICE, "add one more thing")).votes == 1


async def test_the_wish_of_fewest_people_makes_room(
    world: AgentHarness, wishes: FeatureRequestService
) -> None:
    await wishes.keep(ALICE, "wanted0 by two")
    await wishes.keep(MALLORY, "wanted0 by two")
    for number in range(1, MOST + 1):
        world.clock.tick(1)
        await wishes.keep(Person(id=100 + number, name="someone"), f"wanted{number}")
    kept = {wish.text for wish in await wishes.list_requests()}
    assert len(kept) == MOST
    assert "wanted0 by two" in kept
    assert "wanted1" not in kept


async def test_beyond_so_many_names_people_are_only_counted(wishes: FeatureRequestService) -> None:
    for number in range(MOST_NAMED + 3):
        wish = await wishes.keep(Person(id=100 + number, name="someone"), "add dark mode")
    assert (len(wish.requesters), wish.votes) == (MOST_NAMED, MOST_NAMED + 3)


async def test_only_who_is_listed_has_a_wish_forgotten(wishes: FeatureRequestService) -> None:
    wish = await wishes.keep(MALLORY, "add a /coinflip command")
    with pytest.raises(NotAuthorized):
        await wishes.forget(MALLORY, wish.id)
    assert await wishes.forget(ALICE, f"`wish:{wish.id.upper()}`") == wish
    assert await wishes.forget(ALICE, wish.id) is None
    assert await wishes.list_requests() == ()


async def test_wishes_outlive_a_restart(world: AgentHarness, tmp_path: Path) -> None:
    async with SqliteKeyValueStore(tmp_path / "store.db") as kept:
        wish = await wishes_in(world, kept).keep(ALICE, "add a /coinflip command")
    async with SqliteKeyValueStore(tmp_path / "store.db") as kept:
        assert await wishes_in(world, kept).list_requests() == (wish,)


def wishes_in(world: AgentHarness, kept: SqliteKeyValueStore) -> FeatureRequestService:
    """Return the feature requests in that file."""
    world.key_values = kept  # type: ignore[assignment]
    return world.create_agent().wishes
