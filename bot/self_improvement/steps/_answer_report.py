"""Handles reports of incorrect output during the diagnosis: asks which output is right."""

from dataclasses import dataclass

from theseus_observe.redaction import redact

from bot.domain.cogs import get_cog_name
from bot.domain.dialogue import Answer, Question
from bot.domain.evidence import Diagnosis, Evidence, Suspect
from bot.domain.history import History
from bot.domain.incorrect_output import AnswerExample, IncorrectOutput
from bot.domain.run import Run
from bot.domain.run_state import Edge
from bot.grammar.agreement import parse_agreement
from bot.grammar.incorrect_output import find_expected_output, find_wanted_output
from bot.presentation.cards import to_one_line
from bot.presentation.incorrect_output import (
    NEW_IS_RIGHT,
    OLD_IS_RIGHT,
    describe_since,
    format_current_output,
    format_request,
    list_choices,
    render_question,
)
from bot.self_improvement.checks.answer_inquiry import AnswerInquiry
from bot.self_improvement.runs.deadlines import Deadlines
from bot.self_improvement.runs.transitions import RunTransitions

_MOST_QUESTIONS = 3  # per report
_LEAVE_IT = "I leave it as it is."
_UNKNOWN = (
    "I could not find out which command you mean. Ask again with the command as you typed it, "
    "or reply to its answer."
)
_OLD = frozenset(
    {OLD_IS_RIGHT.casefold(), "old answer is right", "old is right", "the old one", "old"}
)
_NEW = frozenset({NEW_IS_RIGHT.casefold(), "today is right", "the new one", "today's", "new"})


@dataclass(frozen=True, eq=False)
class AnswerReports:
    """Handles reports in which nothing failed. Each question is saved before it is asked."""

    inquiry: AnswerInquiry
    transitions: RunTransitions
    deadlines: Deadlines

    async def perform(self, run: Run, history: History, evidence: Evidence) -> Run | None:
        """Return the run one step further; `None` if it is no report of incorrect output."""
        known = history.incorrect_output
        if known is None or known.attempt != run.attempt:
            found = await self.inquiry.examine_request(run.trigger, evidence.base, run.attempt)
            return None if found is None else await self._ask(run, found, evidence)
        question, answer = history.question, history.answer
        if question is None or answer is None or answer.question_id != question.id:
            return await self._ask(run, known, evidence)
        if known.since is not None and parse_agreement(answer.text) is not None:
            return await self._ask(
                run, known, evidence
            )  # a yes does not say which of both is right
        if answer.person is None:
            return await self._end(run, known, f"Nobody said which answer is right: {_LEAVE_IT}")
        if known.example is None:
            return await self._handle_named_command(run, known, evidence, answer)
        return await self._handle_judgement(run, known, evidence, answer)

    async def _ask(self, run: Run, wrong: IncorrectOutput, evidence: Evidence) -> Run:
        """Ask people what only they can know, and wait without holding a worker."""
        if run.parks >= _MOST_QUESTIONS:
            return await self._end(run, wrong, _UNKNOWN)
        now, until = self.deadlines.get_question_times()
        question = Question(
            id=f"{run.id}:{run.attempt}:answer:{run.parks}",
            attempt=run.attempt,
            round=run.round,
            text=render_question(wrong),
            choices=list_choices(wrong, redact(find_wanted_output(run.trigger.statement))),
            default=_LEAVE_IT,
            asked_at=now,
            until=until,
        )
        return await self.transitions.ask(run, question, wrong)

    async def _handle_named_command(
        self, run: Run, known: IncorrectOutput, evidence: Evidence, answer: Answer
    ) -> Run:
        """Examine the command that a person named; ask again if it is none."""
        found = await self.inquiry.examine_command(answer.text, evidence.base, run.attempt)
        return await self._ask(run, found or known, evidence)

    async def _handle_judgement(
        self, run: Run, wrong: IncorrectOutput, evidence: Evidence, answer: Answer
    ) -> Run:
        """Continue with what a person calls right: the old output, today's, or another text."""
        choice = answer.text.strip().rstrip(".!").casefold()
        name = answer.person.name if answer.person else ""
        if wrong.since is not None and choice in _NEW:
            why = f"{describe_since(wrong)}, and that is right, as {name} says: {_LEAVE_IT}"
            return await self._end(run, wrong, f"{why[0].upper()}{why[1:]}")
        if wrong.since is not None and choice in _OLD:
            return await self._go_on(run, wrong.replace(expected=wrong.since.old), evidence)
        expected = find_expected_output(answer.text)
        if not expected or any(expected in line for line in wrong.today):
            current = format_current_output(wrong)
            why = f"{format_request(wrong)} answers {current}, which already contains that"
            return await self._end(run, wrong, f"{why}: {_LEAVE_IT}")
        return await self._go_on(run, wrong.replace(expected=expected), evidence)

    async def _go_on(self, run: Run, wrong: IncorrectOutput, evidence: Evidence) -> Run:
        """Continue as a fix, with the commit that changed the output as the suspect."""
        suspect = await self.inquiry.change(wrong.since) if wrong.since else None
        diagnosis = build_diagnosis(wrong, suspect)
        evidence = evidence.replace(suspects=diagnosis.suspects)
        transitions = self.transitions
        if run.goal == "investigate":
            return await transitions.advance(run, Edge.FIX_CONFIRMED, evidence, diagnosis, wrong)
        return await transitions.advance(run, Edge.NEXT_STEP, evidence, diagnosis, wrong)

    async def _end(self, run: Run, wrong: IncorrectOutput, why: str) -> Run:
        diagnosis = Diagnosis(found=False, instead="right", headline=why, cause="")
        return await self.transitions.end(run, Edge.ANSWERED, why, diagnosis, wrong)


def build_diagnosis(wrong: IncorrectOutput, suspect: Suspect | None) -> Diagnosis:
    """Return the diagnosis of output that a person called wrong; the example has to be known."""
    if wrong.example is None:
        raise AssertionError("an answer is called wrong before it is known whose it is")
    file = _guess_file(wrong.example, suspect)
    description = describe_since(wrong, to_one_line)
    return Diagnosis(
        found=True,
        headline=f"{description[0].upper()}{description[1:]}",
        cause=f"{description[0].upper()}{description[1:]}; "
        f"“{wrong.expected}” has to be in the answer.",
        event=wrong.example.event,
        file=file,
        suspects=(suspect,) if suspect else (),
        confidence="high" if suspect else "medium",
    )


def _guess_file(example: AnswerExample, suspect: Suspect | None) -> str:
    """Return where the fault may be: a file that the suspect changed, or the cog's own."""
    touched = suspect.touched if suspect else ()
    changed = (file for file in touched if get_cog_name(file) == example.cog)
    return next(changed, example.file or f"cogs/{example.cog}.py")
