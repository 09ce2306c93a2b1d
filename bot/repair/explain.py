"""What was tried, in plain sentences for a chat thread."""

from bot.repair.model import (
    ENDED,
    LEFT_OTHERWISE,
    Candidate,
    ChangedCall,
    RefusedCandidate,
    RepairAttempt,
    Rival,
    SearchReport,
)

NEAR = 3
KINDS = 6  # of edits, by name
NO_CODE = "no project code was reached by the failing test, its traceback or a suspect commit."
NO_REPORT = (
    "the tests end the process they run in before they can say which of them failed, as `os._exit` "
    "and a crash of the interpreter do."
)
NO_OUTPUT = (
    "the command's output names no file of the project, no test here imports one, and no suspect "
    "commit changed one."
)
WAY_OUT = (
    "What this command runs was not looked into, only its output and how it ended: where it runs "
    'pytest, give that command itself, as in --test "pytest tests/test_cart.py".'
)


def explain(report: SearchReport, *, command: bool = False) -> str:
    """Return a few sentences, a line each: what mends it, what speaks for it, and what does not.

    `command` says that a shell command was judged by its exit code, not looked into.
    """
    if report.fix is not None:
        lines = [_found(report), *_undone(report), _belief(report), *doubts(report),
                 *_stated(report)]  # fmt: skip
        return "\n".join([*lines, *_left_out(report), _effort(report)])
    parts = [_nothing(report, command=command), *_unproven(report), _slow(report),
             *_stated(report), *_left_out(report),
             *map(_too_late, report.unconfirmed[:NEAR]), _effort(report), _suspects(report),
             *map(_refused, _others_refused(report)[:NEAR]), *map(_near, report.near[:NEAR]),
             WAY_OUT if command else ""]  # fmt: skip
    return "\n".join(part for part in parts if part)


def doubts(report: SearchReport) -> list[str]:
    """Return what speaks against the fix: calls it ends worse, other edits that pass as well."""
    lines = [*map(_rival, report.rivals), *map(_lost, report.losses[:NEAR])]
    if report.alike:
        others = "; ".join(
            f"{each.why} (`{each.path}:{each.line}`)" for each in report.alike[:NEAR]
        )
        lines.append(f"With another edit the tests pass too, and no call tells it apart: {others}.")
    return list(dict.fromkeys(lines))


def evidence(report: SearchReport) -> list[str]:
    """Return what speaks for the unproven edit."""
    passed = len(report.confirmed) + len(report.refused)
    only = f"Of {report.attempts} edits that were tried, it is the only one that passes the tests."
    return [_turned(report), *([only] if passed == 1 and report.attempts > 1 else [])]


def answer_line(call: ChangedCall) -> str:
    """Return how a call that failed ends with an edit."""
    return f"`{call.call}` answers {call.after} with it ({call.before} until now)."


def _unproven(report: SearchReport) -> list[str]:
    """Return the edit that people may judge: what it is, what speaks for it and against it."""
    found = report.unproven
    if found is None:
        return []
    where = f"`{found.candidate.path}:{found.candidate.line}`"
    lines = [f"Found, not proven: {found.candidate.why} ({where}).", *evidence(report)]
    lines += [f"Against it: {found.reason}.", *(f"Against it: {each}" for each in found.against)]
    return [*lines, *map(answer_line, found.answers)]


def _others_refused(report: SearchReport) -> list[RefusedCandidate]:
    shown = report.unproven.candidate if report.unproven else None
    return [each for each in report.refused if each.candidate != shown]


def _stated(report: SearchReport) -> list[str]:
    """Return what people said, and where that stays."""
    kept = "".join(f" It comes with a test: `{path}`." for path in report.tests)
    told = [each.told for each in report.stated]
    return [*told[:-1], f"{told[-1]}{kept}"] if told else []


def _found(report: SearchReport) -> str:
    fix = report.fix
    if fix is None:
        return ""
    files = ", ".join(f"`{path}`" for path in dict.fromkeys(edit.path for edit in fix.edits))
    at = f", line {fix.line}" if fix.line else ""
    what = fix.why[:1].upper() + fix.why[1:]
    return f"{what} in {files}{at}. {_turned(report)}"


def _left_out(report: SearchReport) -> list[str]:
    """Name the test files that nobody could ask."""
    if not report.left_out:
        return []
    files = "; ".join(f"`{file}` {why}" for file, why in report.left_out[:NEAR])
    return [f"Left out of the tests beside it: {files}."]


def _undone(report: SearchReport) -> list[str]:
    """Say what the commit that is taken back was for: that is lost with it."""
    if not report.undone:
        return []
    return [f"What commit {report.undoes[:10]} was for is lost with it: “{report.undone}”."]


def _turned(report: SearchReport) -> str:
    """Say what the tests say, with their numbers where these are known."""
    turned = _count(report.failing, "test that failed passes", "tests that failed pass")
    kept = _count(report.passing, "one that passed still does", "that passed still do")
    return f"With it {turned}{f', and {kept}' if report.passing else ''}."


def _count(number: int, one: str, more: str) -> str:
    return f"the {one}" if number <= 1 else f"{number} {more}"


def _belief(report: SearchReport) -> str:
    """Say how far the fix can be believed."""
    if report.doubt:
        return f"Plausible: {report.doubt}."
    if report.label == "proven":
        alone = len(report.confirmed) < 2
        others = "was found that passes" if alone else "I found answers otherwise"
        return (
            "Proven: tests tell it from its wrong neighbours, nothing that answered answers worse, "
            f"and no other edit {others}. What no test calls is not proven."
        )
    if report.rivals:
        return "Plausible: other edits pass as well, and which answer is right nobody has said."
    if report.losses:
        return "Plausible: the tests pass, but not everything that answered answers as it did."
    return "Plausible: only the failing call speaks for it."


def _rival(rival: Rival) -> str:
    other = rival.candidate
    where = f"`{other.path}:{other.line}`"
    if rival.theirs.endswith(LEFT_OTHERWISE):
        return (
            f"{_left(rival.call, rival.ours)} with another edit that passes: {other.why} ({where})."
        )
    return f"`{rival.call}`: {rival.ours} with this, {rival.theirs} with {other.why} ({where})."


def _left(call: str, answer: str) -> str:
    return f"`{call}` answers {answer} either way, but leaves other values in what it was given"


def _lost(call: ChangedCall) -> str:
    if call.after.endswith(LEFT_OTHERWISE):
        return f"{_left(call.call, call.before)} than until now."
    return f"`{call.call}`: {call.before} until now, with this: {call.after}."


def _nothing(report: SearchReport, *, command: bool) -> str:
    if report.stopped == "passing":
        return "The reproduction passes here already, so there is nothing to mend."
    if report.stopped == "time" and not report.proposed:
        return (
            f"Time was up after {report.seconds:.0f} s, before the tests had told what to look at: "
            "give more of it."
        )
    if report.stopped == "time":
        left = max(0, report.proposed - report.attempts)
        return (
            f"I found no edit that mends it within {report.seconds:.0f} s; "
            f"about {left} of {report.proposed} ideas were left untried."
        )
    if not report.proposed:
        ended = report.crash is not None and report.crash.error == ENDED
        where = NO_OUTPUT if command else NO_REPORT if ended else NO_CODE
        return f"I found no line to try: {where}"
    if report.refused:
        return f"None of the {report.attempts} small edits I could think of is proven to mend it."
    return f"None of the {report.attempts} small edits I could think of mends it."


def _too_late(candidate: Candidate) -> str:
    where = f"`{candidate.path}:{candidate.line}`"
    return (
        f"Found too late: with {candidate.why} ({where}) what failed passes, and there was no time "
        "to look at it once more: give more of it."
    )


def _slow(report: SearchReport) -> str:
    if report.crash is None or report.crash.error != "OutOfTime":
        return ""
    return (
        "The failing test was stopped for its time: where it is slow, not endless, search longer."
    )


def _refused(refusal: RefusedCandidate) -> str:
    candidate = refusal.candidate
    where = f"`{candidate.path}:{candidate.line}`"
    does = "passes" if refusal.stated else "quiets the failure"
    return f"Not proposed: {candidate.why} ({where}) {does}, but {refusal.reason}."


def _effort(report: SearchReport) -> str:
    if not report.attempts:
        return ""
    counts = sorted(report.tried.items(), key=lambda item: -item[1])
    kinds = ", ".join(f"{kind} {count}" for kind, count in counts[:KINDS])
    more = sum(count for _, count in counts[KINDS:])
    rest = f", others {more}" if more else ""
    passed = len(report.confirmed) + len(report.refused)
    told = f"; {passed} made the tests pass" if passed else ""
    some = report.considered < report.proposed
    tried = f"{report.attempts} of {report.proposed}" if some else f"all {report.attempts}"
    return f"Tried {tried} edits in {report.seconds:.1f} s{told}. By kind: {kinds}{rest}."


def _suspects(report: SearchReport) -> str:
    if not report.suspects:
        return ""
    lines = ", ".join(f"`{path}:{line}`" for path, line, _ in report.suspects[:3])
    error = f" The failure is {report.crash.error}." if report.crash and report.crash.error else ""
    return f"Most suspicious lines: {lines}.{error}"


def _near(attempt: RepairAttempt) -> str:
    candidate, judgement = attempt.candidate, attempt.judgement
    where = f"`{candidate.path}:{candidate.line}`"
    if judgement.stage == "affected":
        broke = f" `{judgement.failed[0]}`" if judgement.failed else " another test"
        return f"Close: {candidate.why} ({where}) mends the failure but breaks{broke}."
    return (
        f"Close: {candidate.why} ({where}) mends {judgement.passed} of "
        f"{judgement.total} failing tests."
    )
