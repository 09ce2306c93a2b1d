"""An edit is offered at all places that read as its own does, and no other."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from theseus_repair.behaviour import Behaviour
from theseus_repair.calls import CallOutcome, RecordedCall
from theseus_repair.candidate_gate import Ruling
from theseus_repair.model import Candidate, SourceEdit, Texts
from theseus_repair.selection import ConfirmedCandidate, FixSelection, is_wider
from theseus_repair.twins import widen

COPIED = """\
def held(value, low, high):
    if value > high:
        return low
    return value


class Pager:
    def number(self, value, low, high):
        if value > high:
            return low
        return value + 1
"""
GUARDED = """\
def first(order):
    if order is None:
        return 0
    return order.items[0].price


def last(order):
    if order:
        return order.items[0].price
    return 0
"""
MISSPELT = """\
def names(people, team):
    for person in people.itmes:
        yield person["nmae"]  # nmae
    yield from (each.get("nmae") for each in team.itmes if each.itmes_of)
"""


def edited(text: str, old: str, new: str, kind: str = "name") -> Candidate:
    start = text.index(old)
    return Candidate((SourceEdit("m.py", start, start + len(old), new),), kind, "a change", 1.0, 3)


@pytest.mark.parametrize(
    ("text", "old", "new", "error", "lines"),
    [
        (COPIED, "return low", "return high", "", (10,)),
        (COPIED, ">", ">=", "", (9,)),
        (MISSPELT, "people.itmes", "people.items", "AttributeError", (4,)),
        (MISSPELT, '"nmae"', '"name"', "KeyError", (4,)),
        (GUARDED, "order.items[0]", "order.items[-1]", "", (9,)),
    ],
)
def test_what_was_copied_is_changed_in_every_copy(
    text: str, old: str, new: str, error: str, lines: tuple[int, ...]
) -> None:
    both = widen(edited(text, old, new), {"m.py": text}, error)

    assert both is not None
    assert both.also == lines
    assert str(lines[0]) in both.why
    assert is_wider(both, edited(text, old, new))
    assert not is_wider(edited(text, old, new), both)
    after = both.apply({"m.py": text})["m.py"]
    assert len(after.splitlines()) == len(text.splitlines())
    changed = zip(text.splitlines(), after.splitlines(), strict=True)
    assert sum(before != now for before, now in changed) == 1 + len(lines)


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("order is None", "order is not None", ""),  # occurs once
        ("return 0", "return 1", ""),  # another block
        ("price", "cost", "KeyError"),  # two of them, and none is in quotes
    ],
)
def test_what_reads_otherwise_is_left_alone(old: str, new: str, error: str) -> None:
    text = GUARDED.replace("order.items[0].price\n    return 0", "0")

    assert widen(edited(text, old, new), {"m.py": text}, error) is None


def test_what_stands_everywhere_is_no_copy() -> None:
    text = "def f(a, b):\n" + "    print(a, b)\n" * 12

    assert widen(edited(text, "a, b)\n    print", "b, a)\n    print"), {"m.py": text}) is None
    assert widen(edited(text, "print(a", "print(b"), {"m.py": text}) is None


def test_a_guard_is_put_before_every_copy_at_its_own_depth() -> None:
    at = GUARDED.index("    return order.items")
    guard = "    if not order.items:\n        return None\n"
    one = Candidate((SourceEdit("m.py", at, at, guard),), "guard", "a guard", 1.0, 4)

    both = widen(one, {"m.py": GUARDED})

    assert both is not None
    after = both.apply({"m.py": GUARDED})["m.py"]
    assert (
        after.count("        if not order.items:\n            return None\n        return o") == 1
    )
    assert after.count("\n    if not order.items:\n        return None\n    return order") == 1


class SaidBehaviours:
    """Replaces `BehaviourComparison` with scripted results of one call per candidate."""

    def __init__(self, *ends: CallOutcome) -> None:
        self.calls = (RecordedCall("m.py", "g", "g(1)", ""),)
        self._ends = ends

    async def compare(self, candidates: Sequence[Texts]) -> list[Behaviour]:
        assert len(candidates) == len(self._ends)
        return [Behaviour(outcomes=(end,)) for end in self._ends]


RAISES = CallOutcome("raise", "KeyError", "k")
ONE, TWO = CallOutcome("answer", "1", "1"), CallOutcome("answer", "2", "2")
UNKNOWN = CallOutcome("unknown")


@pytest.mark.parametrize(
    ("single", "twin", "chosen", "rivals"),
    [(RAISES, ONE, True, 0), (ONE, TWO, False, 1), (ONE, ONE, False, 0), (ONE, RAISES, False, 1)],
)
async def test_the_copies_are_changed_too_where_calls_that_raised_answer_then(
    single: CallOutcome, twin: CallOutcome, chosen: bool, rivals: int
) -> None:
    one = edited(COPIED, "return low", "return high")
    both = widen(one, {"m.py": COPIED})
    assert both is not None
    texts = {"m.py": COPIED}
    rows = [ConfirmedCandidate(each, each.apply(texts), Ruling(True)) for each in (one, both)]
    comparison = SaidBehaviours(single, twin)

    selected = await FixSelection(texts, comparison, crashed=False).select(rows)

    assert (selected.chosen.candidate == both) == chosen
    assert len(selected.rivals) == rivals


@pytest.mark.parametrize(
    ("ours", "theirs", "unlike", "alike"),
    [(ONE, ONE, 0, 1), (ONE, TWO, 0, 0), (UNKNOWN, UNKNOWN, 1, 0), (ONE, UNKNOWN, 1, 0)],
)
async def test_what_no_call_compares_may_mean_anything(
    ours: CallOutcome, theirs: CallOutcome, unlike: int, alike: int
) -> None:
    """As where all that is called asks a database, which a call made again may not."""
    texts = {"m.py": COPIED}
    edits = (edited(COPIED, "return low", "return high"), edited(COPIED, "value > high", "low"))
    rows = [ConfirmedCandidate(each, each.apply(texts), Ruling(True)) for each in edits]

    selected = await FixSelection(texts, SaidBehaviours(ours, theirs), crashed=False).select(rows)

    assert len(selected.unlike) == unlike
    assert len(selected.indistinguishable) == alike


async def test_of_new_edits_that_no_call_tells_apart_the_likeliest_is_taken_not_the_shortest() -> (
    None
):
    texts = {"m.py": COPIED}
    short = replace(edited(COPIED, "return low", "return 1"), rank=0.2)
    likely = replace(edited(COPIED, "value > high", "value >= low + high"), rank=0.9)
    rows = [ConfirmedCandidate(each, each.apply(texts), Ruling(True)) for each in (short, likely)]

    selected = await FixSelection(texts, SaidBehaviours(ONE, ONE), crashed=False).select(rows)

    assert selected.chosen.candidate == likely
    assert selected.indistinguishable == (short,)
