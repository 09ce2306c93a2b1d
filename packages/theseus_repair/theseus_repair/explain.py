"""Describes the result of a search in plain sentences for a chat thread."""

from theseus_repair.model import (
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
    "the tests end their process before they report which of them failed, as `os._exit` or a crash "
    "of the interpreter does."
)
NO_OUTPUT = (
    "the command's output names no file of the project, no test here imports one, and no suspect "
    "commit changed one."
)
WAY_OUT = (
    "I only saw the command's output and exit code, not the tests it runs. If it runs pytest, give "
    'the pytest command itself, as in --test "pytest tests/test_cart.py".'
)


def explain(report: SearchReport, *, command: bool = False) -> str:
    """Return the sentences, one per line: the fix, the evidence for it, and the doubts about it.

    `command` says that a shell command was judged only by its exit code.
    """
    if report.fix is not None:
        lines = [_describe_fix(report), *_describe_reverted(report), _describe_confidence(report)]
        lines += [*list_doubts(report), *_describe_stated(report)]
        return "\n".join([*lines, *_describe_skipped_tests(report), _describe_effort(report)])
    parts = [
        _describe_no_fix(report, command=command),
        *_describe_unverified(report),
        _describe_timeout(report),
        *_describe_stated(report),
        *_describe_skipped_tests(report),
        *map(_describe_late_fix, report.unconfirmed[:NEAR]),
        _describe_effort(report),
        _describe_suspects(report),
        *map(_describe_refusal, _list_other_refused(report)[:NEAR]),
        *map(_describe_near_miss, report.near[:NEAR]),
        WAY_OUT if command else "",
    ]
    return "\n".join(part for part in parts if part)


def list_doubts(report: SearchReport) -> list[str]:
    """Return the doubts about the fix: calls with a worse outcome, other edits that also pass."""
    lines = [*map(_describe_rival, report.rivals), *map(_describe_loss, report.losses[:NEAR])]
    if report.indistinguishable:
        others = "; ".join(
            f"{edit.why} (`{edit.path}:{edit.line}`)" for edit in report.indistinguishable[:NEAR]
        )
        lines.append(
            f"Another edit passes the tests too, and no call distinguishes the two: {others}."
        )
    return list(dict.fromkeys(lines))


def list_evidence(report: SearchReport) -> list[str]:
    """Return the evidence for the unproven edit."""
    passed = len(report.confirmed) + len(report.refused)
    only = f"Of the {report.attempts} edits I tried, only this one passes the tests."
    return [_describe_tests(report), *([only] if passed == 1 and report.attempts > 1 else [])]


def answer_line(call: ChangedCall) -> str:
    """Return how a call that failed ends with an edit."""
    return f"`{call.call}` answers {call.after} with this edit (before: {call.before})."


def _describe_unverified(report: SearchReport) -> list[str]:
    """Return the edit that people may judge, with the evidence and the objections."""
    found = report.unverified
    if found is None:
        return []
    where = f"`{found.candidate.path}:{found.candidate.line}`"
    lines = [f"Found, not proven: {found.candidate.why} ({where}).", *list_evidence(report)]
    lines += [f"Against it: {found.reason}.", *(f"Against it: {text}" for text in found.against)]
    return [*lines, *map(answer_line, found.answers)]


def _list_other_refused(report: SearchReport) -> list[RefusedCandidate]:
    shown = report.unverified.candidate if report.unverified else None
    return [entry for entry in report.refused if entry.candidate != shown]


def _describe_stated(report: SearchReport) -> list[str]:
    """Return the answers that people stated, and where these are stored."""
    tests = "".join(f" I added a test for it: `{path}`." for path in report.tests)
    answers = [answer.description for answer in report.stated]
    return [*answers[:-1], f"{answers[-1]}{tests}"] if answers else []


def _describe_fix(report: SearchReport) -> str:
    fix = report.fix
    if fix is None:
        return ""
    files = ", ".join(f"`{path}`" for path in dict.fromkeys(edit.path for edit in fix.edits))
    at = f", line {fix.line}" if fix.line else ""
    what = fix.why[:1].upper() + fix.why[1:]
    return f"{what} in {files}{at}. {_describe_tests(report)}"


def _describe_skipped_tests(report: SearchReport) -> list[str]:
    """Return the sentence about test files that could not be run."""
    if not report.left_out:
        return []
    files = "; ".join(f"`{file}` {why}" for file, why in report.left_out[:NEAR])
    return [f"These test files were left out: {files}."]


def _describe_reverted(report: SearchReport) -> list[str]:
    """Return the sentence about the purpose of the reverted commit, which is lost."""
    if not report.reverted_subject:
        return []
    return [
        f"This reverts commit {report.reverted_commit[:10]}, so its purpose is lost: "
        f"“{report.reverted_subject}”."
    ]


def _describe_tests(report: SearchReport) -> str:
    """Return the sentence about the tests' results, with their numbers if known."""
    fixed = _count(report.failing, "failing test passes now", "failing tests pass now")
    others = _count(report.passing, "passing test still passes", "passing tests still pass")
    text = f"{fixed}, and {others}." if report.passing else f"{fixed}."
    return text[:1].upper() + text[1:]


def _count(number: int, one: str, more: str) -> str:
    return f"the {one}" if number <= 1 else f"{number} {more}"


def _describe_confidence(report: SearchReport) -> str:
    """Return the sentence about how reliable the fix is."""
    if report.doubt:
        return f"Plausible: {report.doubt}."
    if report.label == "proven":
        alone = len(report.confirmed) < 2
        others = "that I tried passes" if alone else "that passes behaves differently"
        return (
            "Proven: the tests fail with similar wrong edits, no call got worse, and no other edit "
            f"{others}. Code that no test calls is not proven."
        )
    if report.rivals:
        return "Plausible: other edits pass as well, and no one has said which answer is right."
    if report.losses:
        return "Plausible: the tests pass, but some other calls answer differently now."
    return "Plausible: only the failing call confirms it."


def _describe_rival(rival: Rival) -> str:
    other = rival.candidate
    where = f"`{other.path}:{other.line}`"
    if rival.theirs.endswith(LEFT_OTHERWISE):
        effect = _describe_side_effect(rival.call, rival.ours)
        return f"{effect} with another edit that passes: {other.why} ({where})."
    return f"`{rival.call}`: {rival.ours} with this, {rival.theirs} with {other.why} ({where})."


def _describe_side_effect(call: str, answer: str) -> str:
    return f"`{call}` answers {answer} either way, but changes its arguments differently"


def _describe_loss(call: ChangedCall) -> str:
    if call.after.endswith(LEFT_OTHERWISE):
        return f"{_describe_side_effect(call.call, call.before)} than before."
    return f"`{call.call}`: {call.before} before, {call.after} with this edit."


def _describe_no_fix(report: SearchReport, *, command: bool) -> str:
    if report.stopped == "passing":
        return "The reproduction passes here already, so there is nothing to fix."
    if report.stopped == "time" and not report.proposed:
        return (
            f"Time was up after {report.seconds:.0f} s, before the tests showed which code to look "
            "at. Please allow more time."
        )
    if report.stopped == "time":
        left = max(0, report.proposed - report.attempts)
        return (
            f"I found no edit that fixes it within {report.seconds:.0f} s; "
            f"about {left} of {report.proposed} edits were not tried."
        )
    if not report.proposed:
        ended = report.crash is not None and report.crash.error == PROGRAM_EXIT
        where = NO_OUTPUT if command else NO_REPORT if ended else NO_CODE
        return f"I found no line to edit: {where}"
    if report.refused:
        return f"None of the {report.attempts} small edits I tried is proven to fix it."
    return f"None of the {report.attempts} small edits I tried fixes it."


def _describe_late_fix(candidate: Candidate) -> str:
    where = f"`{candidate.path}:{candidate.line}`"
    return (
        f"Found too late: {candidate.why} ({where}) passes the failing tests, but there was no "
        "time to confirm it. Please allow more time."
    )


def _describe_timeout(report: SearchReport) -> str:
    if report.crash is None or report.crash.error != "OutOfTime":
        return ""
    return (
        "The failing test was stopped at its time limit. If it is slow rather than endless, please "
        "allow more time."
    )


def _describe_refusal(refusal: RefusedCandidate) -> str:
    candidate = refusal.candidate
    where = f"`{candidate.path}:{candidate.line}`"
    does = "passes" if refusal.stated else "stops the failure"
    return f"Not proposed: {candidate.why} ({where}) {does}, but {refusal.reason}."


def _describe_effort(report: SearchReport) -> str:
    if not report.attempts:
        return ""
    counts = sorted(report.tried.items(), key=lambda item: -item[1])
    kinds = ", ".join(f"{kind} {count}" for kind, count in counts[:KINDS])
    more = sum(count for _, count in counts[KINDS:])
    rest = f", others {more}" if more else ""
    passed = len(report.confirmed) + len(report.refused)
    passing = f"; {passed} made the tests pass" if passed else ""
    some = report.considered < report.proposed
    tried = f"{report.attempts} of {report.proposed}" if some else f"all {report.attempts}"
    return f"Tried {tried} edits in {report.seconds:.1f} s{passing}. By kind: {kinds}{rest}."


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
        return f"Close: {candidate.why} ({where}) fixes the failure but breaks{broke}."
    return (
        f"Close: {candidate.why} ({where}) fixes {judgement.passed} of "
        f"{judgement.total} failing tests."
    )
