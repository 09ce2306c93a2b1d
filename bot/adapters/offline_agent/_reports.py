"""Converts reports of the search to results of the run."""

from theseus_observe.redaction import redact
from theseus_repair.answer_memo import AnswerMemo
from theseus_repair.calls import CallQuestion
from theseus_repair.explain import answer_line, explain, list_doubts, list_evidence
from theseus_repair.model import Candidate, SearchReport, UnverifiedFix
from theseus_repair.questions import QUESTIONS
from theseus_repair.search import SearchProgress

from bot.domain.change import Attempt, Grant
from bot.domain.evidence import Suspect
from bot.domain.plausible_edit import PlausibleEdit
from bot.domain.progress import Todo
from bot.ports.agent import Finished, Progress, QuestionAsked

_PHASES = (
    "Try edits near the failure until its tests pass",
    "Revert a suspect commit, if no edit helps",
    "Write the edit and its tests",
)
_ACTIVITIES = ("looks for edits to try", "reverts a suspect commit", "writes the edit")
UNANSWERED = "proposing no edit, for nobody has said what is right"


def format_progress(progress: SearchProgress) -> str:
    """Return one progress line for the card."""
    verdict = "passed" if progress.latest.judgement.is_passing else "failed"
    return (
        f"edit {progress.tried} of {progress.proposed}: {progress.latest.candidate.why} ({verdict})"
    )


def build_phase(current: int) -> Progress:
    """Return the start of a phase of the search, with all phases as a to-do list."""
    statuses = ("done",) * current + ("active",) + ("pending",) * len(_PHASES)
    todos = tuple(
        Todo.model_validate({"text": text, "status": status})
        for text, status in zip(_PHASES, statuses, strict=False)
    )
    return Progress(text=_ACTIVITIES[current], todos=todos)


def _format_fix(fix: Candidate) -> str:
    location = f"{fix.path}:{fix.line}" if fix.line else fix.path
    return f"{fix.why} in {location}"


def build_question(report: SearchReport, memo: AnswerMemo) -> QuestionAsked | None:
    """Return a question for people, or `None`; a question with secrets is never asked."""
    question = report.question
    if question is None or len(memo.stated) >= QUESTIONS:
        return None
    memo_text = AnswerMemo(memo.stated, question).to_text()
    texts = (question.text, *question.choices, *question.call.arguments.values())
    if any(redact(text_shown) != text_shown for text_shown in texts):
        return None
    text, default = (
        _format_failure_question(question) if question.now else _format_rival_question(question)
    )
    default = UNANSWERED if report.fix is None else default
    return QuestionAsked(
        text=f"{text} Your answer selects the edit and becomes a test.",
        default=default,
        choices=question.choices,
        values=bool(question.now),
        memo=memo_text,
    )


def _format_failure_question(question: CallQuestion) -> tuple[str, str]:
    """Return the question about the result of a failing call, and the default without an answer."""
    call = f"`{question.call.text}`"
    return (
        f"{call} {question.now}, and the expected result is not known. What should {call} "
        f"return: {', or '.join(question.choices)}? Write another value as in Python: `3`, "
        "`'none'`, `[]`.",
        UNANSWERED,
    )


def _format_rival_question(question: CallQuestion) -> tuple[str, str]:
    """Return the question about edits with different results, and the default without an answer."""
    results = [answer.text for answer in question.answers]
    return (
        "Several edits fix it, and no test shows which one is right. What should "
        f"`{question.call.text}` return: {' or '.join(results)}, or {question.choices[-1]}?",
        f"{results[0]}, the result of the likeliest edit; the proposal lists the other results",
    )


def build_finished(report: SearchReport) -> Finished:
    """Return the result of a search: the fix, or the attempts."""
    attempts = [
        Attempt(summary=f"{count} of kind “{kind}”", result="checked by the tests")
        for kind, count in report.tried.items()
    ]
    attempts += [
        Attempt(
            summary=attempt.candidate.why,
            result=attempt.judgement.detail or f"failed at {attempt.judgement.stage}",
        )
        for attempt in report.near[:3]
    ]
    finished = Finished(
        changed=False,
        summary=explain(report),
        attempts=tuple(attempts),
        stated=tuple(answer.description for answer in report.stated),
        memo=AnswerMemo(report.stated).to_text() if report.stated else "",
    )
    if report.fix is None:
        return (
            finished
            if report.unverified is None
            else _build_unproven(finished, report, report.unverified)
        )
    reason = "Contains the result that a person confirmed."
    return finished.replace(
        changed=True,
        summary=_format_fix(report.fix),
        proven=report.proof,
        doubts=tuple(list_doubts(report)),
        granted=tuple(Grant(file=path, reason=reason) for path in report.tests),
    )


def _build_unproven(last: Finished, report: SearchReport, found: UnverifiedFix) -> Finished:
    """Return the result with an unproven edit for people to judge."""
    return last.replace(
        changed=True,
        summary=_format_fix(found.candidate),
        plausible_edit=PlausibleEdit(
            reason=redact(found.reason),
            evidence=tuple(map(redact, list_evidence(report))),
            against=tuple(map(redact, found.against)),
            answers=tuple(redact(answer_line(answer)) for answer in found.answers),
        ),
    )


def build_reverted(suspect: Suspect, searched: Finished | None = None) -> Finished:
    """Return the result for a reverted commit, with or without an earlier search."""
    commit = suspect.commit
    summary = f"revert commit {commit.sha[:7]} ({commit.summary})"
    finished = searched or Finished(changed=True, summary=summary)
    return finished.replace(
        changed=True,
        summary=summary,
        proven="undo",
        reverted_commit=commit.sha,
        plausible_edit=None,
    )
