"""Requests that nothing serves are stored, grouped and ranked; small talk is not."""

from pathlib import Path

import pytest

from bot.domain.gaps import CapabilityGap
from bot.domain.people import ITSELF
from bot.domain.personal_data import DataSubject
from bot.grammar.unserved_requests import find_gap_kind
from bot.presentation.gaps import describe_noted_gap, list_gap_lines
from bot.self_improvement.requests.feature_requests import FeatureRequestService
from bot.self_improvement.requests.gaps import MOST_GAPS, GapService
from tests.support.agent_harness import ALICE, BOB, DORA, AgentHarness

JIRA = "connect the mcp server for jira"


@pytest.fixture
def wishes(tmp_path: Path) -> FeatureRequestService:
    return AgentHarness(tmp_path).create_agent().wishes


@pytest.fixture
def gaps(wishes: FeatureRequestService) -> GapService:
    return GapService(wishes._key_values, wishes._clock, wishes)


async def note(gaps: GapService, person: object, text: str) -> CapabilityGap:
    gap = await gaps.note(person, text)  # type: ignore[arg-type]
    assert gap is not None
    return gap


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (JIRA, "server"),
        ("please hook up our calendar", "server"),
        ("research how discord handles rate limits and cite sources", "research"),
        ("look it up on the web", "research"),
        ("work on the repository example/music-bot", "repository"),
        ("can you translate the rules into French?", "skill"),
        ("hey theseus, summarise the last hundred messages", "skill"),
        ("good morning everybody", None),
        ("I like turtles a lot", None),
        ("can you hear me?", None),
        ("thanks", None),
    ],
)
def test_only_requests_are_gaps(text: str, kind: str | None) -> None:
    assert find_gap_kind(text) == kind


async def test_similar_requests_are_one_gap_and_most_people_come_first(gaps: GapService) -> None:
    await note(gaps, ALICE, "research how discord handles rate limits and cite sources")
    for person in (ALICE, BOB, DORA):
        await note(gaps, person, JIRA)
    await note(gaps, DORA, "can you connect to the jira mcp server?")
    first, second = await gaps.list_gaps()
    assert (first.kind, len(first.requesters), first.times) == ("server", 3, 4)
    assert second.kind == "research"
    [_, line, _] = list_gap_lines((first, second))
    assert line.startswith(f"- 3 people, 4 times: “{JIRA}” · it takes an MCP server")
    assert "`tools:`" in describe_noted_gap(first)


async def test_cost_and_risk_count_against_a_gap(gaps: GapService) -> None:
    for person in (ALICE, BOB):
        await note(gaps, person, "work on the repository example/music-bot")
        await note(gaps, person, "can you translate the rules into French?")
    assert [each.kind for each in await gaps.list_gaps()] == ["skill", "repository"]


async def test_a_skill_that_several_people_miss_becomes_a_wish_once(
    gaps: GapService, wishes: FeatureRequestService
) -> None:
    text = "can you translate the rules into French?"
    await note(gaps, ALICE, text)
    assert await wishes.list_requests() == ()
    for person in (BOB, DORA):
        await note(gaps, person, text)
    [wish] = await wishes.list_requests()
    assert text in wish.text
    assert wish.votes == 0
    assert wish.reason == "asked 2 times by 2 people; it cannot be done yet"


async def test_nobody_fills_the_store_and_no_secret_gets_in(gaps: GapService) -> None:
    token = "ghp_" + "a1B2" * 9
    assert token not in (await note(gaps, ALICE, f"connect to jira with {token}")).text
    for number in range(30):
        await gaps.note(BOB, f"connect the mcp server number{number} thing{number} part{number}")
    assert len(await gaps.list_gaps()) <= 21 < MOST_GAPS
    stranger = DORA.replace(outsider=True)
    for person in (stranger, DORA.replace(bot=True)):
        assert await gaps.note(person, JIRA) is None
    assert await gaps.note(DORA, "can you translate this text?", with_model=True) is None
    assert ITSELF.id == 0


async def test_a_person_is_erased_from_all_gaps(gaps: GapService) -> None:
    for person in (ALICE, BOB):
        await note(gaps, person, JIRA)
    bob = DataSubject(id=BOB.id, pseudonym="b")
    assert await gaps.count_records(bob) == 1
    assert await gaps.erase(bob) == 1
    [gap] = await gaps.list_gaps()
    assert [each.id for each in gap.requesters] == [ALICE.id]
    await gaps.erase(DataSubject(id=ALICE.id, pseudonym="a"))
    assert await gaps.list_gaps() == ()
