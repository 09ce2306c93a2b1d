"""The cases of voting stories, and the tally of their results."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bot.domain.approval import ApprovalRules
from bot.grammar import Setting, Utterance, parse
from bot.ports.member_directory import MemberDirectory
from tests.fakes.fake_store import FakeStore

ACTS = (
    *("say",) * 9, *("speak",) * 9, *("press",) * 7, *("role",) * 3, *("leave", "list") * 2,
    "push", "push", "push back", "bad push", "time", "time", "step", "restart", "kill",
    "forge down", "chat down", "reject", "cancel", "revise",
)  # fmt: skip


@dataclass
class Tally:
    """The results of all sequences."""

    sequences: int = 0
    votes: int = 0
    asked_back: int = 0
    pressed: int = 0
    merges: int = 0
    wrong: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    collided: int = 0
    """Approved, but #2 was merged first and changed the same lines; the thread says so."""
    refused: Counter[str] = field(default_factory=Counter)
    acts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Faults:
    """Faulty replacements for parts of the bot, to check that the oracle finds them."""

    store: Callable[[], FakeStore] = FakeStore
    member_directory: Callable[[MemberDirectory], MemberDirectory] = lambda member_directory: (
        member_directory
    )
    listed: frozenset[int] = frozenset()
    acts: Sequence[str] = ACTS
    parse_text: Callable[[str, Setting], Utterance] = parse
    has_bound_buttons: bool = True  # buttons, to the card and the commit they were shown for


@dataclass(frozen=True)
class Case:
    """The setting of a sequence."""

    security: bool
    risk: Literal["low", "high"]
    rules: ApprovalRules


def list_cases() -> list[Case]:
    """Return every kind of change under every kind of rule."""
    plain = ApprovalRules()
    both = frozenset({"high", "security"})
    two = ApprovalRules(second_for=both)
    other = ApprovalRules(second_for=both, people=1, other_than_requester=True)
    three = ApprovalRules(second_for=both, people=2, other_than_requester=True)
    risks: tuple[Literal["low", "high"], ...] = ("low", "high")
    return [
        Case(security, risk, rules)
        for rules in (plain, two, other, three)
        for security in (False, True)
        for risk in risks
    ]
