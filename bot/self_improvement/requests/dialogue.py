"""Handles people's messages to a run: answers to its questions, and instructions."""

from collections.abc import Sequence
from dataclasses import dataclass

from theseus_guard.record import Record
from theseus_observe.redaction import redact

from bot.domain.brief import Agreement
from bot.domain.dialogue import Answer, Instruction, Instructions, Question
from bot.domain.errors import WrongStage
from bot.domain.history import History
from bot.domain.people import Person
from bot.domain.revision import Revision
from bot.domain.run import Run, Stage, Status, Waiting
from bot.domain.run_state import Edge
from bot.grammar.agreement import parse_agreement
from bot.grammar.choices import find_choice, parse_literal
from bot.ports.clock import Clock
from bot.ports.store import Store
from bot.presentation.cards import format_status
from bot.self_improvement.reporting.messages import format_instruction
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.requests.steering import Steering
from bot.self_improvement.runs.engine_choice import WritingEngines
from bot.self_improvement.runs.run_records import need
from bot.self_improvement.runs.transitions import RunTransitions, open_question
from bot.self_improvement.runs.worker import Workers

_YES_OR_NO = "Please answer yes or no, or press a button: {}. Until then I change nothing."
_CHOICES = (
    "Please answer with one of these, or press a button: {}. Until then the question stays open."
)
_VALUES = ", or a value as Python writes it (`3`, `'none'`, `[]`)"
_NO_INSTRUCTIONS = "The offline engine works from tests alone and cannot follow an instruction."


@dataclass(frozen=True, eq=False)
class RunDialogue:
    """Records people's messages and lets the run continue. The caller holds the run's lock."""

    store: Store
    clock: Clock
    notifier: RunNotifier
    transitions: RunTransitions
    workers: Workers
    engines: WritingEngines
    steering: Steering

    @property
    def can_follow_instructions(self) -> bool:
        """True if there is an engine that follows instructions in natural language."""
        return self.engines.can_follow_instructions

    # Questions

    async def answer(self, run: Run, person: Person, text: str) -> Run:
        """Accept a person's answer; the first one counts. Raises `WrongStage`."""
        history = await self.store.get_history(run.id)
        question = open_question(run, history)
        if question is None:
            raise WrongStage(_explain_no_question(run, history))
        if question.yes_or_no and parse_agreement(text) is None:
            raise WrongStage(
                _YES_OR_NO.format(" or ".join(f"“{each}”" for each in question.choices))
            )
        choice = ""
        if question.only_choices:
            text = _parse_choice(question, text)
            choice = f": {redact(text)}"
        answer = Answer(
            question_id=question.id,
            text=redact(text),
            person=person,
            at=self.clock.now(),
        )
        message = f"💬 I go on with the answer of **{person.name}**{choice}."
        return await self._save_answer(run, message, answer, history.add_shaper(person))

    async def resume_overdue(self, run: Run) -> Run:
        """Continue a parked run whose time has come; an open question gets its default answer."""
        history = await self.store.get_history(run.id)
        now = self.clock.now()
        if run.waiting is Waiting.AGREEMENT:
            agreement = Agreement(digest=need(history.brief).digest, at=now, how="time")
            return await self.accept_agreement(
                run, agreement, "Nobody objected in time, so I go ahead."
            )
        question = open_question(run, history)
        if question is None:
            return await self.go_on(run)
        answer = Answer(question_id=question.id, text=question.default, at=now)
        message = f"💬 Nobody answered in time. I go on with: {question.default}"
        return await self._save_answer(run, message, answer)

    async def go_on(self, run: Run, *records: Record) -> Run:
        """Queue a parked run, with the records it waited for."""
        saved = await self.transitions.requeue(run, Edge.GOES_ON, *records)
        self.workers.wake()
        return saved

    async def switch_engine(self, run: Run, person: Person) -> Run:
        """Let the fallback engine continue a parked run, and say who wants that."""
        saved = await self.go_on(run.replace(fallback="chosen"))
        text = f"▶️ **{person.name}** lets the offline engine try instead of waiting."
        await self.notifier.say(saved, text, key=f"switched:{run.attempt}:{run.version}")
        return saved

    async def accept_agreement(
        self, run: Run, agreement: Agreement, message: str, *records: Record
    ) -> Run:
        """Let a run write what was agreed, and announce this."""
        saved = await self.go_on(run, agreement, *records)
        key = f"agreed:{run.attempt}:{agreement.digest[:12]}"
        await self.notifier.say(saved, f"👍 {message}", key=key)
        return saved

    async def _save_answer(self, run: Run, message: str, answer: Answer, *records: Record) -> Run:
        saved = await self.go_on(run, answer, *records)
        await self.notifier.say(saved, message, key=f"answer:{answer.question_id}")
        return saved

    # Instructions

    async def tell(
        self, run: Run, instructions: Sequence[Instruction], person: Person | None = None
    ) -> Run:
        """Add people's instructions for a change, each once: at once, or in the next round.

        An engine at work receives them at once; otherwise the next round does. `person` is `None`
        for a comment at the forge. Raises `WrongStage` if there is no change to revise, or if no
        engine follows instructions.
        """
        history = await self.store.get_history(run.id)
        known = history.instructions or Instructions()
        new = known.find_new(instructions)
        if not new:
            return run
        self._check(run, history)
        all_instructions = Instructions(items=(*known.items, *new))
        shaper_records = () if person is None else (history.add_shaper(person),)
        revises, is_received = run.stage is Stage.SHIP, False
        if run.waiting is Waiting.AGREEMENT:
            run = await self.transitions.requeue(
                run, Edge.MEANT_OTHERWISE, all_instructions, *shaper_records
            )
            self.workers.wake()
        elif revises:
            run = await self._begin(run, history, all_instructions, *shaper_records)
        else:
            await self.store.append(run.id, all_instructions, *shaper_records)
            is_received = self.steering.tell(run.id, all_instructions.items)
        for item in new:
            text = format_instruction(
                item, at_once=revises, is_received=is_received, understood=_is_briefed(run)
            )
            await self.notifier.say(run, text, key=f"asked:{item.key}")
        return run

    async def catch_up(self, run: Run, history: History) -> bool:
        """Start a revision if instructions are pending; return whether one was started."""
        if not history.pending_instructions or not self.can_follow_instructions:
            return False
        await self._begin(run, history, need(history.instructions))
        return True

    def _check(self, run: Run, history: History) -> None:
        if run.goal not in ("fix", "change") or run.has_ended:
            raise WrongStage(f"Run `{run.id}` has no open proposal to revise.")
        if not self.can_follow_instructions:
            branch = history.proposal.branch if history.proposal else ""
            by_hand = f" You can push a commit to `{branch}`: I check it and post a new card."
            raise WrongStage(_NO_INSTRUCTIONS + (by_hand if branch else ""))
        if run.stage is Stage.SHIP and run.status is not Status.WAITING:
            raise WrongStage(
                f"Run `{run.id}` is approved and is being shipped right now. It is too late to "
                "revise it."
            )

    async def _begin(
        self, run: Run, history: History, instructions: Instructions, *records: Record
    ) -> Run:
        """Queue the run for another round, and store the current state as a fallback."""
        revision = history.revising or Revision(
            change_set=need(history.change_set),
            verdict=need(history.verdict),
            instruction_count=len(instructions.items),
        )
        next_round = run.replace(round=run.round + 1, first_round=run.round + 1)
        saved = await self.transitions.requeue(
            next_round, Edge.REVISED, instructions, revision, *records
        )
        self.workers.wake()
        return saved


def _parse_choice(question: Question, text: str) -> str:
    """Return the choice or value that was typed. Raises `WrongStage` if it is none."""
    number = find_choice(text, question.choices)
    if number is not None:
        return question.choices[number]
    value = parse_literal(text) if question.values else None
    if value is None:
        choices = " or ".join(f"“{each}”" for each in question.choices)
        raise WrongStage(_CHOICES.format(choices + (_VALUES if question.values else "")))
    return value


def _is_briefed(run: Run) -> bool:
    """Return whether the run is still finding out what is wanted."""
    return run.goal == "change" and run.stage in (Stage.OBSERVE, Stage.BRIEF)


def _explain_no_question(run: Run, history: History) -> str:
    """Return why an answer comes too late or answers no question."""
    answer = history.answer
    if run.has_ended:
        return f"Run `{run.id}` has already ended: {run.reason or format_status(run)}"
    if answer is None:
        return f"Run `{run.id}` has not asked a question."
    if answer.person is None:
        return f"It is too late: nobody answered in time, so I went on with: {answer.text}"
    return f"{answer.person.name} has already answered this."
