"""What was tried, in plain sentences for a chat thread."""

from bot.repair.model import (
    LEFT_OTHERWISE,
    PROGRAM_EXIT,
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
        lines = [_describe_fix(report), *_describe_reverted(report), _describe_confidence(report), *list_doubts(report),
                 *_describe_stated(report)]  # fmt: skip
        return "\n".join([*lines, *_describe_skipped_tests(report), _describe_effort(report)])
    parts = [_describe_no_fix(report, command=command), *_describe_unverified(report), _describe_timeout(report),
             *_describe_stated(report), *_describe_skipped_tests(report),
             *map(_describe_late_fix, report.unconfirmed[:NEAR]), _describe_effort(report), _describe_suspects(report),
             *map(_describe_refusal, _list_other_refused(report)[:NEAR]), *map(_describe_near_miss, report.near[:NEAR]),
             WAY_OUT if command else ""]  # fmt: skip
    return "\n".join(part for part in parts if part)


def list_doubts(report: SearchReport) -> list[str]:
    """Return what speaks against the fix: calls it ends worse, other edits that pass as well."""
    lines = [*map(_describe_rival, report.rivals), *map(_describe_loss, report.losses[:NEAR])]
    if report.indistinguishable:
        others = "; ".join(
            f"{each.why} (`{each.path}:{each.line}`)" for each in report.indistinguishable[:NEAR]
        )
        lines.append(f"With another edit the tests pass too, and no call tells it apart: {others}.")
    return list(dict.fromkeys(lines))


def list_evidence(report: SearchReport) -> list[str]:
    """Return what speaks for the unproven edit."""
    passed = len(report.confirmed) + len(report.refused)
    only = f"Of {report.attempts} edits that were tried, it is the only one that passes the tests."
    return [_describe_tests(report), *([only] if passed == 1 and report.attempts > 1 else [])]


def answer_line(call: ChangedCall) -> str:
    """Return how a call that failed ends with an edit."""
    return f"`{call.call}` answers {call.after} with it ({call.before} until now)."


def _describe_unverified(report: SearchReport) -> list[str]:
    """Return the edit that people may judge: what it is, what speaks for it and against it."""
    found = report.unverified
    if found is None:
        return []
    where = f"`{found.candidate.path}:{found.candidate.line}`"
    lines = [f"Found, not proven: {found.candidate.why} ({where}).", *list_evidence(report)]
    lines += [f"Against it: {found.reason}.", *(f"Against it: {each}" for each in found.against)]
    return [*lines, *map(answer_line, found.answers)]


def _list_other_refused(report: SearchReport) -> list[RefusedCandidate]:
    shown = report.unverified.candidate if report.unverified else None
    return [each for each in report.refused if each.candidate != shown]


def _describe_stated(report: SearchReport) -> list[str]:
    """Return what people said, and where that stays."""
    kept = "".join(f" It comes with a test: `{path}`." for path in report.tests)
    told = [each.description for each in report.stated]
    return [*told[:-1], f"{told[-1]}{kept}"] if told else []


def _describe_fix(report: SearchReport) -> str:
    fix = report.fix
    if fix is None:
        return ""
    files = ", ".join(f"`{path}`" for path in dict.fromkeys(edit.path for edit in fix.edits))
    at = f", line {fix.line}" if fix.line else ""
    what = fix.why[:1].upper() + fix.why[1:]
    return f"{what} in {files}{at}. {_describe_tests(report)}"


def _describe_skipped_tests(report: SearchReport) -> list[str]:
    """Name the test files that nobody could ask."""
    if not report.left_out:
        return []
    files = "; ".join(f"`{file}` {why}" for file, why in report.left_out[:NEAR])
    return [f"Left out of the tests beside it: {files}."]


def _describe_reverted(report: SearchReport) -> list[str]:
    """Say what the commit that is taken back was for: that is lost with it."""
    if not report.reverted_subject:
        return []
    return [
        f"What commit {report.reverted_commit[:10]} was for is lost with it: “{report.reverted_subject}”."
    ]


def _describe_tests(report: SearchReport) -> str:
    """Say what the tests say, with their numbers where these are known."""
    turned = _count(report.failing, "test that failed passes", "tests that failed pass")
    kept = _count(report.passing, "one that passed still does", "that passed still do")
    return f"With it {turned}{f', and {kept}' if report.passing else ''}."


def _count(number: int, one: str, more: str) -> str:
    return f"the {one}" if number <= 1 else f"{number} {more}"


def _describe_confidence(report: SearchReport) -> str:
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


def _describe_rival(rival: Rival) -> str:
    other = rival.candidate
    where = f"`{other.path}:{other.line}`"
    if rival.theirs.endswith(LEFT_OTHERWISE):
        return f"{_describe_side_effect(rival.call, rival.ours)} with another edit that passes: {other.why} ({where})."
    return f"`{rival.call}`: {rival.ours} with this, {rival.theirs} with {other.why} ({where})."


def _describe_side_effect(call: str, answer: str) -> str:
    return f"`{call}` answers {answer} either way, but leaves other values in what it was given"


def _describe_loss(call: ChangedCall) -> str:
    if call.after.endswith(LEFT_OTHERWISE):
        return f"{_describe_side_effect(call.call, call.before)} than until now."
    return f"`{call.call}`: {call.before} until now, with this: {call.after}."


def _describe_no_fix(report: SearchReport, *, command: bool) -> str:
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
        ended = report.crash is not None and report.crash.error == PROGRAM_EXIT
        where = NO_OUTPUT if command else NO_REPORT if ended else NO_CODE
        return f"I found no line to try: {where}"
    if report.refused:
        return f"None of the {report.attempts} small edits I could think of is proven to mend it."
    return f"None of the {report.attempts} small edits I could think of mends it."


def _describe_late_fix(candidate: Candidate) -> str:
    where = f"`{candidate.path}:{candidate.line}`"
    return (
        f"Found too late: with {candidate.why} ({where}) what failed passes, and there was no time "
        "to look at it once more: give more of it."
    )


def _describe_timeout(report: SearchReport) -> str:
    if report.crash is None or report.crash.error != "OutOfTime":
        return ""
    return (
        "The failing test was stopped for its time: where it is slow, not endless, search longer."
    )


def _describe_refusal(refusal: RefusedCandidate) -> str:
    candidate = refusal.candidate
    where = f"`{candidate.path}:{candidate.line}`"
    does = "passes" if refusal.stated else "quiets the failure"
    return f"Not proposed: {candidate.why} ({where}) {does}, but {refusal.reason}."


def _describe_effort(report: SearchReport) -> str:
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


def _describe_suspects(report: SearchReport) -> str:
    if not report.suspects:
        return ""
    lines = ", ".join(f"`{path}:{line}`" for path, line, _ in report.suspects[:3])
    error = f" The failure is {report.crash.error}." if report.crash and report.crash.error else ""
    return f"Most suspicious lines: {lines}.{error}"


def _describe_near_miss(attempt: RepairAttempt) -> str:
    candidate, judgement = attempt.candidate, attempt.judgement
    where = f"`{candidate.path}:{candidate.line}`"
    if judgement.stage == "affected":
        broke = f" `{judgement.failed[0]}`" if judgement.failed else " another test"
        return f"Close: {candidate.why} ({where}) mends the failure but breaks{broke}."
    return (
        f"Close: {candidate.why} ({where}) mends {judgement.passed} of "
        f"{judgement.total} failing tests."
    )
