"""What the search found, as the run takes it."""

from bot.domain.change import Attempt, Grant
from bot.domain.evidence import Suspect
from bot.domain.plausible_edit import PlausibleEdit
from bot.ports.agent import Finished, QuestionAsked
from bot.redaction import redact
from bot.repair.answer_memo import AnswerMemo
from bot.repair.calls import CallQuestion
from bot.repair.explain import answer_line, explain, list_doubts, list_evidence
from bot.repair.model import Candidate, SearchReport, UnverifiedFix
from bot.repair.questions import QUESTIONS
from bot.repair.search import SearchProgress

UNANSWERED = "proposing no edit, for nobody has said what is right"


def format_progress(progress: SearchProgress) -> str:
    """Return one line for the card."""
    verdict = "holds" if progress.latest.judgement.is_passing else "does not hold"
    return (
        f"edit {progress.tried} of {progress.proposed}: {progress.latest.candidate.why} ({verdict})"
    )


def _format_fix(fix: Candidate) -> str:
    where = f"{fix.path}:{fix.line}" if fix.line else fix.path
    return f"{fix.why} in {where}"


def build_question(report: SearchReport, memo: AnswerMemo) -> QuestionAsked | None:
    """Return what to ask people, if they can be asked: what has to be redacted is not."""
    question = report.question
    if question is None or len(memo.stated) >= QUESTIONS:
        return None
    kept = AnswerMemo(memo.stated, question).to_text()
    shown = (question.text, *question.choices, *question.call.arguments.values())
    if any(redact(each) != each for each in shown):
        return None
    text, default = (
        _format_failure_question(question) if question.now else _format_rival_question(question)
    )
    default = UNANSWERED if report.fix is None else default
    return QuestionAsked(
        text=f"{text} What you say picks the edit and is kept as a test.",
        default=default,
        choices=question.choices,
        values=bool(question.now),
        memo=kept,
    )


def _format_failure_question(question: CallQuestion) -> tuple[str, str]:
    """Return what is asked where nothing says what a call should answer, and what counts else."""
    call = f"`{question.call.text}`"
    return (
        f"{call} {question.now}, and nothing says what it should answer instead. What should "
        f"{call} answer: {', or '.join(question.choices)}? Another value is written as in "
        "Python: `3`, `'none'`, `[]`.",
        UNANSWERED,
    )


def _format_rival_question(question: CallQuestion) -> tuple[str, str]:
    """Return what is asked where edits answer differently, and what counts else."""
    told = [answer.text for answer in question.answers]
    return (
        "Several edits mend it, and no test says which is right. What should "
        f"`{question.call.text}` answer: {' or '.join(told)}, or {question.choices[-1]}?",
        f"{told[0]}, which the likeliest edit answers; the proposal says what others answer",
    )


def build_finished(report: SearchReport) -> Finished:
    """Return the last word of a search: the fix, or what was tried in vain."""
    attempts = [
        Attempt(summary=f"{count} of kind “{kind}”", result="judged by the tests")
        for kind, count in report.tried.items()
    ]
    attempts += [
        Attempt(
            summary=near.candidate.why,
            result=near.judgement.detail or f"fell at {near.judgement.stage}",
        )
        for near in report.near[:3]
    ]
    last = Finished(
        changed=False,
        summary=explain(report),
        attempts=tuple(attempts),
        stated=tuple(each.description for each in report.stated),
        memo=AnswerMemo(report.stated).to_text() if report.stated else "",
    )
    if report.fix is None:
        return (
            last if report.unverified is None else _build_unproven(last, report, report.unverified)
        )
    reason = "Holds what a person said is right."
    return last.replace(
        changed=True,
        summary=_format_fix(report.fix),
        proven=report.proof,
        doubts=tuple(list_doubts(report)),
        granted=tuple(Grant(file=path, reason=reason) for path in report.tests),
    )


def _build_unproven(last: Finished, report: SearchReport, found: UnverifiedFix) -> Finished:
    """Return the last word with an edit for people to judge."""
    return last.replace(
        changed=True,
        summary=_format_fix(found.candidate),
        plausible_edit=PlausibleEdit(
            reason=redact(found.reason),
            evidence=tuple(map(redact, list_evidence(report))),
            against=tuple(map(redact, found.against)),
            answers=tuple(redact(answer_line(each)) for each in found.answers),
        ),
    )


def build_reverted(suspect: Suspect, searched: Finished | None = None) -> Finished:
    """Return the last word where a commit was taken back as a whole, after a search or without."""
    commit = suspect.commit
    summary = f"take back all of commit {commit.sha[:7]} ({commit.summary})"
    last = searched or Finished(changed=True, summary=summary)
    return last.replace(
        changed=True,
        summary=summary,
        proven="undo",
        reverted_commit=commit.sha,
        plausible_edit=None,
    )
