"""How many approvals a change needs, and how the bot says so."""

from typing import cast

import pytest
from theseus_guard.records import Finding

from bot.authority.approval_policy import (
    VoteStatus,
    count_votes,
    describe_votes,
    find_need,
    find_weights,
)
from bot.domain.approval import ApprovalRules, ApprovalVotes, Need, Shapers
from bot.domain.people import Person
from bot.domain.plan import Plan, Risk, Step
from bot.domain.proposal import Approval
from tests.fakes.fake_clock import START

ADA, BEN, CARL = (Person(id=n, name=name) for n, name in enumerate(("Ada", "Ben", "Carl"), 1))
GUARDED = (Finding(rule="protected_path", path="bot/x.py", message="guarded", blocking=False),)
EITHER = ApprovalRules(second_for=frozenset({"high", "security"}))


def plan(risk: str) -> Plan:
    return Plan(
        problem="p", solution="s", risk=cast("Risk", risk),
        steps=(Step(summary="s", owned_files=("a.py",)),),
    )  # fmt: skip


def word(person: Person) -> Approval:
    return Approval(run_id="r", proposal=1, head="f00d", person=person, at=START, how="text")


@pytest.mark.parametrize(
    ("risk", "findings", "weighs"),
    [
        ("low", (), set()),
        ("medium", (), set()),
        ("high", (), {"high"}),
        ("security", (), {"high", "security"}),
        ("low", GUARDED, {"security"}),
    ],
)
def test_a_change_weighs_by_its_plans_risk_and_by_what_it_touches(
    risk: str, findings: tuple[Finding, ...], weighs: set[str]
) -> None:
    assert find_weights(plan(risk), findings) == {"any", *weighs}
    assert find_weights(None, findings) == ({"any", "security"} if findings else {"any"})


def test_only_what_weighs_as_configured_takes_more() -> None:
    by_ada = Shapers(ids=frozenset({ADA.id}))
    assert find_need(ApprovalRules(), by_ada, plan("security"), GUARDED) == Need()
    only_high = ApprovalRules(second_for=frozenset({"high"}), people=3)
    assert find_need(only_high, by_ada, plan("low"), GUARDED) == Need()
    assert find_need(only_high, by_ada, plan("high"), ()) == Need(people=3)
    others = EITHER.replace(other_than_requester=True)
    always = ApprovalRules(second_for=frozenset({"any"}))
    assert find_need(always, by_ada, plan("low"), ()) == Need(people=2)
    both = by_ada.add(BEN.id)
    assert find_need(others, both, plan("high"), ()) == Need(people=2, not_by={ADA.id, BEN.id})


def test_who_does_not_count_is_read_as_it_was_kept_when_it_was_one_person() -> None:
    kept = '{"people": 2, "not_by": %s}'
    assert Need.model_validate_json(kept % ADA.id).not_by == {ADA.id}
    assert Need.model_validate_json(kept % "null").not_by == set()


def test_words_are_told_as_people_need_it() -> None:
    two = ApprovalVotes(head="f00d", need=Need(people=2))
    assert describe_votes(ApprovalVotes(head="f00d")) == ""
    assert describe_votes(two) == "0 of 2 approvals; 2 approvers are needed."
    one = two.add(word(ADA), two.need)
    assert describe_votes(one) == "1 of 2 approvals: Ada; one more approver is needed."
    assert describe_votes(one.add(word(ADA), two.need)) == describe_votes(one)
    assert describe_votes(one.add(word(BEN), two.need)) == "2 of 2 approvals: Ada, Ben."
    need = Need(people=1, not_by=frozenset({ADA.id}))
    other = ApprovalVotes(head="f00d", need=need).add(word(ADA), need)
    assert describe_votes(other) == (
        "0 of 1 approvals; an approver is needed, other than the people who asked for it."
    )


def test_an_approval_names_as_many_as_it_takes() -> None:
    found = VoteStatus(need=Need(people=2), counted=(word(ADA), word(BEN), word(CARL)))
    assert found.enough
    assert (found.as_one().person, found.as_one().others) == (ADA, (BEN,))


def test_only_words_of_those_who_may_still_approve_count_and_not_of_who_asked() -> None:
    need = Need(people=2, not_by=frozenset({CARL.id}))
    words = ApprovalVotes(head="f00d", need=need)
    for person in (ADA, BEN, CARL):
        words = words.add(word(person), need)
    everybody = {ADA.id, BEN.id, CARL.id}
    assert [each.person for each in count_votes(words, need, everybody).counted] == [ADA, BEN]
    assert [each.person for each in count_votes(words, need, {BEN.id, CARL.id}).counted] == [BEN]
    assert not count_votes(words, need, {BEN.id, CARL.id}).enough
    assert count_votes(words, need, ()).counted == ()


def test_who_is_still_missing_is_told_in_numbers() -> None:
    three = Need(people=3)
    found = VoteStatus(need=three, counted=(word(ADA),))
    assert found.summary == "1 of 3 approvals: Ada; 2 approvers are needed."


def test_a_review_by_one_of_two_is_no_review() -> None:
    reviewed = word(ADA).replace(security_reviewed=True)
    two = Need(people=2)
    assert not VoteStatus(need=two, counted=(reviewed, word(BEN))).as_one().security_reviewed
    both = VoteStatus(need=two, counted=(reviewed, word(BEN).replace(security_reviewed=True)))
    assert both.as_one().security_reviewed
