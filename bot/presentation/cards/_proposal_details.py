"""What a proposal's card says in fields: what to look at first, and nothing left out unsaid."""

from collections.abc import Sequence
from typing import NamedTuple

from bot.domain.change import ChangeSet, FileChange, Finding, Verdict
from bot.domain.history import History
from bot.domain.plan import Plan
from bot.domain.posts import CardField
from bot.guards import diff_hash, is_test_file
from bot.memory.ranking import failed_approaches, told
from bot.presentation.cards._diff import diff_fields
from bot.presentation.cards._outcome import taken_back_line
from bot.presentation.cards._plain_text import plain
from bot.presentation.cards._text import check_line, file_line, granted_lines, reproduction_line
from bot.presentation.markdown import words
from bot.proof import label, risk_of

_ROOM = 3_300  # characters of all fields together: Discord's cards hold 6,000 in all
_WIDEST = 1_000  # characters of one field
_MOST_NOTES, _MOST_FILES, _MOST_LINES = 5, 10, 12
_NOTE = 180
_GRAVEST_FIRST = (
    "secret", "unsafe_file", "shadowing", "test_deleted", "test_weakened", "test_changed",
    "unproven", "ownership", "size",
)  # fmt: skip
_TOLD_APART = ("protected_path", "new_dependency")


class Detail(NamedTuple):
    """A field as lines, the gravest first, and how many of them it shows."""

    name: str
    lines: tuple[str, ...]
    most: int = _MOST_LINES


def details_of(history: History, diff_name: str) -> tuple[Detail, ...]:
    """Return the fields, what matters most first; the whole diff is attached as `diff_name`."""
    change, verdict, plan = history.change_set, history.verdict, history.plan
    if change is None or verdict is None:
        return ()
    reproduced = plan and plan.reproduction
    found = [
        Detail("Please note", _notes(history, verdict), _MOST_NOTES),
        Detail("Files", _files(change, verdict), _MOST_FILES),
        Detail("Checks", tuple(check_line(check) for check in verdict.checks)),
        Detail(
            "Reproduction",
            (reproduction_line(verdict, reproduced.calls),) if reproduced else (),
        ),
        *(Detail(each.name, (each.value,)) for each in diff_fields(change.diff, diff_name)),
        *_background(history, change, verdict, plan),
    ]
    return tuple(detail for detail in found if detail.lines)


def _background(
    history: History, change: ChangeSet, verdict: Verdict, plan: Plan | None
) -> tuple[Detail, ...]:
    seen = history.diagnosis.seen_before if history.diagnosis else ""
    return (
        Detail("Seen before", (plain(seen, 400),) if seen else ()),
        Detail("Taken back", (taken_back_line(verdict.undone),) if verdict.undone else ()),
        Detail("Granted on the way", granted_lines(change)),
        Detail("Risk", (_risk(plan, verdict),) if plan else ()),
        Detail("Review", (words(change.review, 600),) if change.review else ()),
    )


def fitted(details: Sequence[Detail], notes_name: str) -> tuple[tuple[CardField, ...], str]:
    """Return the fields that fit on a card, and all of them as a text where some do not.

    Whatever is not on the card is counted or named there, with the file to read it in.
    """
    fields: list[CardField] = []
    left: list[str] = []
    cut, room = False, _ROOM
    for detail in details:
        value, short = _value(detail, notes_name)
        if len(detail.name) + len(value) > room:
            left.append(detail.name)
            continue
        fields.append(CardField(name=detail.name, value=value))
        room -= len(detail.name) + len(value)
        cut = cut or short
    if left:
        value = f"{', '.join(left)[:200]}: in the attached `{notes_name}`."
        fields.append(CardField(name="Left out for length", value=value))
    whole = "\n\n".join(f"# {each.name}\n\n" + "\n".join(each.lines) for each in details)
    return tuple(fields), f"{whole}\n" if left or cut else ""


def _value(detail: Detail, notes_name: str) -> tuple[str, bool]:
    """Return a field's text, and whether it is short of lines."""
    shown = list(detail.lines[: detail.most])
    while len(shown) > 1 and sum(len(line) + 1 for line in shown) > _WIDEST - 80:
        shown.pop()
    missing = len(detail.lines) - len(shown)
    if missing:
        shown.append(f"and {missing} more, in the attached `{notes_name}`")
    return "\n".join(shown), bool(missing)


def _files(change: ChangeSet, verdict: Verdict) -> tuple[str, ...]:
    """Return a line a file: guarded ones first, tests last, the larger change before."""
    guarded = {each.path for each in verdict.findings if each.rule == "protected_path"}

    def order(each: FileChange) -> tuple[bool, bool, int]:
        return each.path not in guarded, is_test_file(each.path), -(each.added + each.removed)

    return tuple(file_line(each) for each in sorted(change.files, key=order)) or ("—",)


def _notes(history: History, verdict: Verdict) -> tuple[str, ...]:
    found = [
        each for each in verdict.findings if not each.blocking and each.rule not in _TOLD_APART
    ]
    notes = [
        *_tried_before(history),
        *(words(each.told, _NOTE) for each in sorted(found, key=_rank)),
    ]
    return tuple(f"• {note}" for note in notes)


def _rank(finding: Finding) -> int:
    """Return how far down a finding stands; what the guard says first comes first within a rule."""
    known = finding.rule in _GRAVEST_FIRST
    return _GRAVEST_FIRST.index(finding.rule) if known else len(_GRAVEST_FIRST)


def _tried_before(history: History) -> tuple[str, ...]:
    """Return a warning where this very change was shipped for this failure and did not hold."""
    evidence, change, diagnosis = history.evidence, history.change_set, history.diagnosis
    if evidence is None or change is None or diagnosis is None:
        return ()
    this = diff_hash(change.diff)
    known = failed_approaches(evidence.memories, diagnosis.fingerprint)
    return tuple(
        f"⚠️ This very change was tried before: {words(told(fix), 300)}"
        for fix in known
        if this and fix.diff_hash == this
    )


def _risk(plan: Plan, verdict: Verdict) -> str:
    """Return the risk, with what the reproduction does not say of this head."""
    told = (f"{risk_of(plan, verdict).capitalize()}.", label(verdict), plan.impact)
    return words(" ".join(filter(None, told)), 400)
