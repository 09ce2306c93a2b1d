"""Whatever people, roles, pushes and restarts do, nothing is merged without a valid approval."""

import random
import re
from pathlib import Path

import pytest

from bot.domain.approval import ApprovalVotes
from bot.domain.history import History
from bot.domain.people import PeopleList, Person
from bot.grammar import Setting, Utterance, parse
from bot.ports.member_directory import MemberDirectory
from tests.fakes.fake_store import FakeStore
from tests.support.voting import run_stories
from tests.support.voting_cases import Faults, Tally
from tests.support.voting_messages import VoteDialogue


async def test_nothing_is_merged_without_a_valid_approval_of_that_head_and_with_one_it_is(
    tmp_path: Path,
) -> None:
    tally = await run_stories(tmp_path, 48)
    assert_sound(tally, least=20)


@pytest.mark.slow
@pytest.mark.exhaustive
async def test_ten_thousand_sequences_merge_nothing_they_should_not(tmp_path: Path) -> None:
    assert_sound(await run_stories(tmp_path, 10_000, seed=3), least=4_000)


def assert_sound(tally: Tally, *, least: int) -> None:
    assert tally.wrong == []
    assert tally.stuck == []
    assert tally.merges >= least
    assert {"policy.not_authorized", "policy.stale_approval"} <= set(tally.refused)
    assert min(tally.asked_back, tally.pressed) >= least // 4


OVERLOOKED = (
    "🅳🅾🅽🆃 ship it <and-ask-bob-first>", "🇳🇴 ship it", "ⓓⓞⓝⓣ ship it", "¬ship it", "✗ ship it",
    "ship it ⏸️", "🆖 ship it", "ship it <after-bob-reviews-it>", "<:nope:123> ship it",
    "ship proposal 12", "ship the fix 7", "merge your branch 12", "lgtm, send it",
    "yes please ship", "approved", "land it",
)  # fmt: skip


def test_every_message_that_once_was_overlooked_or_shipped_is_said() -> None:
    talk = VoteDialogue(random.Random(1), lambda _: [], Faults())
    said = [talk.draw_message(security=False) for _ in range(30_000)]
    plain = {each.text for each in said if each.plain}
    assert set(OVERLOOKED) - {each.text for each in said} == set()
    assert plain & set(OVERLOOKED) == {"ship proposal 12"}  # a decision, for #12 alone


# The same sequences find each of these, so they would find a bot that had them.


class KnownRoles:
    """A member directory that remembers what it was told first: roles that are taken stay."""

    def __init__(self, inner: MemberDirectory) -> None:
        self._inner = inner
        self._known: dict[int, Person] = {}

    async def fetch_person(self, person_id: int, guild_id: int | None = None) -> Person | None:
        if person_id not in self._known:
            found = await self._inner.fetch_person(person_id, guild_id)
            if found is None:
                return None
            self._known[person_id] = found
        return self._known[person_id]

    def list_names(self, listed: PeopleList, guild_id: int | None = None) -> tuple[str, ...]:
        return self._inner.list_names(listed, guild_id)


class LooseStore(FakeStore):
    """A store whose words are of whatever is proposed now: a push voids nothing."""

    async def get_history(self, run_id: str) -> History:
        found = await super().get_history(run_id)
        said = [r for r in self.records[run_id] if isinstance(r, ApprovalVotes) and r.approvals]
        if not said or found.proposal is None:
            return found
        here = {"head": found.proposal.head, "version": found.proposal.version}
        return found.replace(approval_votes=said[-1].replace(**here))


def blanked(text: str, setting: Setting) -> Utterance:
    """A grammar that sees neither signs nor what stands in angle brackets."""
    return parse(re.sub(r"<[^>]*>|[^\x00-\x7f]", " ", text), setting)


def unnumbered(text: str, setting: Setting) -> Utterance:
    """A grammar that drops the number of what is to be shipped."""
    heard = parse(text, setting)
    return heard.replace(slots=heard.slots.replace(pull_request=None, numbers=()))


HOLES = {
    "signs and brackets are not seen": Faults(parse_text=blanked, acts=("speak", "speak", "time")),
    "the number of another run is dropped": Faults(parse_text=unnumbered, acts=("speak", "time")),
    "buttons are for whatever is newest": Faults(
        has_bound_buttons=False, acts=("speak", "push", "time", "time", "press")
    ),
    "roles that were taken still count": Faults(
        member_directory=KnownRoles, acts=("say", "say", "say", "role", "leave", "time")
    ),
    "a push voids nothing": Faults(
        store=LooseStore, acts=("say", "say", "push", "time", "restart")
    ),
    "one more person is listed": Faults(listed=frozenset({13})),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOLES)
async def test_a_hole_is_found(tmp_path: Path, name: str) -> None:
    tally = await run_stories(tmp_path, 200, holes=HOLES[name])
    assert tally.wrong != [], tally.sequences
