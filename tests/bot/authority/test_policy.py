"""Deny by default: who may do what, and what an approval is bound to."""

import pytest
from theseus_guard.records import Finding

from bot.authority.policy import Act, authorize, check_binding, check_review
from bot.domain.errors import NotAuthorized, OutOfBounds, StaleApproval
from bot.domain.people import ITSELF, AllowList, PeopleList, Person
from bot.domain.proposal import Proposal
from tests.fakes.fake_clock import START

PEOPLE = AllowList(
    developers=PeopleList(users=frozenset({1}), roles=frozenset({10})),
    approvers=PeopleList(users=frozenset({2}), roles=frozenset({20})),
)
FOR_APPROVERS = {Act.SHIP, Act.REJECT, Act.ENDORSE, Act.ROLL_BACK, Act.LIFT, Act.TRUST}
PROPOSAL = Proposal(
    run_id="k3m9tq",
    number=3,
    url="http://forge/3",
    head="a" * 40,
    base="b" * 40,
    branch="theseus/k3m9tq-dice",
    card_id=9,
    at=START,
)


def _may(people: AllowList, person: Person, act: Act) -> bool:
    try:
        authorize(people, person, act)
    except NotAuthorized as refusal:
        assert str(refusal).startswith(f"Sorry {person.name}, you are not on the list")
        return False
    return True


@pytest.mark.parametrize("act", Act)
def test_empty_lists_deny_everyone_every_act(act: Act) -> None:
    assert not _may(AllowList(), Person(id=2, name="bob", role_ids=frozenset({20})), act)


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize(
    ("person", "developer", "approver"),
    [
        (Person(id=1, name="by id"), True, False),
        (Person(id=5, name="by role", role_ids=frozenset({10, 99})), True, False),
        (Person(id=2, name="by id"), True, True),
        (Person(id=6, name="by role", role_ids=frozenset({20})), True, True),
        (Person(id=7, name="nobody", role_ids=frozenset({99})), False, False),
        (Person(id=20, name="has a role's number"), False, False),
    ],
)
def test_developers_may_ask_and_approvers_may_ship_by_id_or_role(
    act: Act, person: Person, developer: bool, approver: bool
) -> None:
    assert _may(PEOPLE, person, act) is (approver if act in FOR_APPROVERS else developer)


def test_a_refusal_says_what_the_person_may_not_and_names_no_setting() -> None:
    mallory = Person(id=9, name="mallory")
    for act, told in ((Act.SHIP, "who may ship a change."), (Act.ASK, "work on the code.")):
        with pytest.raises(NotAuthorized, match=f"^Sorry mallory, .*{told}$") as refused:
            authorize(PEOPLE, mallory, act)
        assert refused.value.member


def test_the_newest_card_and_head_bind() -> None:
    check_binding(PROPOSAL, card_id=9, head="a" * 40, forge_head="a" * 40)
    check_binding(PROPOSAL, card_id=None, head=None, forge_head=None)


@pytest.mark.parametrize(
    ("card_id", "head", "forge_head", "said"),
    [
        (8, None, None, "not the newest"),
        (9, "c" * 40, None, "That was for `ccccccc`"),
        (9, "a" * 40, "c" * 40, "The branch has moved"),
    ],
)
def test_anything_else_is_stale(
    card_id: int | None, head: str | None, forge_head: str | None, said: str
) -> None:
    with pytest.raises(StaleApproval, match=said):
        check_binding(PROPOSAL, card_id=card_id, head=head, forge_head=forge_head)


def test_sensitive_code_ships_only_with_the_explicit_word() -> None:
    finding = Finding(rule="protected_path", path="uv.lock", message="", blocking=False)
    check_review((), reviewed=False)
    check_review((finding,), reviewed=True)
    with pytest.raises(OutOfBounds, match=r"`uv\.lock`.*ship it, security reviewed"):
        check_review((finding,), reviewed=False)


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize(
    "person",
    [
        Person(id=2, name="another program", bot=True),
        ITSELF.replace(role_ids=frozenset({20})),
        Person(id=2, name="from elsewhere", outsider=True),
    ],
)
def test_programs_and_strangers_may_nothing_though_they_are_listed(
    act: Act, person: Person
) -> None:
    with pytest.raises(NotAuthorized):
        authorize(PEOPLE, person, act)
