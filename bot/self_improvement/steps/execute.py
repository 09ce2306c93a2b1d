"""Execute: an engine writes the change; we commit it together with the reproduction."""

from bot.budget.allowance import check_run_budget, describe_turn_wait, turn_of
from bot.domain.change import ChangeSet
from bot.domain.errors import (
    AgentError,
    AgentOutputInvalid,
    AgentStuck,
    BudgetSpent,
    TheseusError,
)
from bot.domain.history import History
from bot.domain.run import Run, Stage, Status
from bot.domain.waits import pause_until
from bot.ports.agent import Assignment
from bot.ports.workspace import Workspace
from bot.redaction import redact
from bot.self_improvement.code_agent_runner import CodeAgentRunner, ExecutionPaused
from bot.self_improvement.messages import explain_empty_claim, explain_no_change, format_instruction
from bot.self_improvement.quality_gate import QualityGate
from bot.self_improvement.steering import SteeringInbox
from bot.self_improvement.step_context import StepContext
from bot.self_improvement.steps._assignment import (
    add_granted_files,
    build_assignment,
    build_question,
)
from bot.self_improvement.steps._parts import PartAskedError, PartsWork

_MOST_QUESTIONS = 5  # in one stage

_TOO_MANY_QUESTIONS = "The engine asks again and again; it has had {count} answers and is not done."


class ExecuteStep:
    """Lets an engine work on one round."""

    def __init__(
        self,
        context: StepContext,
        runner: CodeAgentRunner,
        stand_in: CodeAgentRunner | None,
        gate: QualityGate,
    ) -> None:
        self._context = context
        self._gate = gate
        self._runner = runner
        self._fallback = stand_in

    async def perform(self, run: Run, history: History) -> Run:
        """Write the change. Where the engine fails: pause, let another take over, or raise."""
        context = self._context
        if run.goal == "change" and not history.is_agreed:
            raise AssertionError("what nobody agreed to was about to be written")
        await self._say_what_was_asked(run, history)
        engine, stand_in = self._choose_engine(run, history), self._get_fallback_engine(history)
        takes_over = stand_in is not None and engine is not stand_in
        try:
            return await self._run_if_allowed(engine, run, history)
        except (AgentError, BudgetSpent) as error:
            until = pause_until(
                error, run, context.services.clock.get_time(), has_fallback=takes_over
            )
            if until is not None:
                paid = context.cost_meter.settle(run)
                best = await context.candidates.propose_best(paid, history, redact(str(error)))
                return best or await context.transitions.await_limit(paid, until, error)
            if stand_in is None or not takes_over:
                raise
            run = await self._switch_engine(run, history, error, stand_in.engine)
            return await self._run_if_allowed(stand_in, run, history)

    async def _run_if_allowed(self, engine: CodeAgentRunner, run: Run, history: History) -> Run:
        """Let the engine write if there is money for it, once it may begin another change."""
        services = self._context.services
        if engine.can_follow_instructions:
            await check_run_budget(services.budget, run, "execute")
        until = await turn_of(
            services.budget,
            run,
            engine.engine,
            services.clock.get_time(),
            paid=engine.can_follow_instructions,
        )
        if until is not None:
            reason = describe_turn_wait(services.budget, engine.engine, until)
            paid = self._context.cost_meter.settle(run)
            best = await self._context.candidates.propose_best(
                paid, history, "no other change may be begun this hour"
            )
            return best or await self._context.transitions.await_turn(paid, until, reason)
        return await self._write(engine, run, history)

    def _choose_engine(self, run: Run, history: History) -> CodeAgentRunner:
        """Return who works on this round: whoever stood in for the last one goes on.

        So does whoever stood in and asked something.
        """
        stand_in, change, asked = (
            self._get_fallback_engine(history),
            history.change_set,
            history.question,
        )
        if stand_in is None:
            return self._runner
        goes_on = run.round > run.first_round and change and change.engine == stand_in.engine
        here = asked and (asked.attempt, asked.round) == (run.attempt, run.round)
        answered = here and asked and asked.engine == stand_in.engine
        return stand_in if goes_on or answered else self._runner

    def _get_fallback_engine(self, history: History) -> CodeAgentRunner | None:
        """Return the engine that may take over; none follows words, so none writes what is wanted.

        Neither does it take a revision.
        """
        proven = history.plan is not None and bool(history.plan.judged_by)
        in_words = history.brief is not None or history.revising is not None
        return self._fallback if proven and not in_words else None

    async def _switch_engine(
        self, run: Run, history: History, error: TheseusError, name: str
    ) -> Run:
        """Say why another engine takes over; what the first one spent is saved."""
        context = self._context
        context.record(run, error)
        text = f"⚠️ {redact(str(error))} The {name} engine takes over."
        if history.instructions:
            text += " It works from tests alone: what was asked in words is not in its change."
        saved = await context.transitions.save(context.cost_meter.settle(run))
        await context.notifier.say(saved, text, key=f"handed-over:{run.attempt}:{run.round}")
        return saved

    async def _write(self, engine: CodeAgentRunner, run: Run, history: History) -> Run:
        """Let the engine write; what people ask meanwhile it hears at once, if it follows words."""
        context = self._context
        if not engine.can_follow_instructions:
            return await self._write_with_inbox(engine, run, history, SteeringInbox())
        with context.steering.open_inbox(run.id) as steering_inbox:
            # what was asked before anybody listened is noted by now, and all after it is heard
            asked = (await context.services.store.get_history(run.id)).instructions
            history = history.replace(instructions=asked)
            return await self._write_with_inbox(engine, run, history, steering_inbox)

    async def _write_with_inbox(
        self, engine: CodeAgentRunner, run: Run, history: History, steering_inbox: SteeringInbox
    ) -> Run:
        context = self._context
        assignment = build_assignment(run, history)
        steering_inbox.instruction_count = len(assignment.steering)

        async def run_engine(workspace: Workspace) -> ChangeSet | ExecutionPaused:
            if engine.can_follow_instructions and (
                parts := await self._write_parts(engine, run, history, assignment, workspace)
            ):
                return parts
            done = await engine(
                assignment,
                workspace,
                context.build_progress_handler(run, history),
                steering_inbox.take_news,
            )
            context.cost_meter.note(
                run.id, done.asked if isinstance(done, ExecutionPaused) else done
            )
            return done

        async with context.open_workspace(run, assignment.evidence) as workspace:
            call = run_engine(workspace)
            model = engine.can_follow_instructions
            change = await (
                context.record_call(run, "execute", engine.engine, call) if model else call
            )
        if isinstance(change, ExecutionPaused):
            return await self._ask(run, change, engine.engine)
        if not change.files:
            return await self._handle_no_change(engine, run, history, change)
        change = change.replace(instruction_count=steering_inbox.instruction_count)
        plan = add_granted_files(assignment.plan, change.granted)
        records = (change,) if plan == assignment.plan else (change, plan)
        return await context.transitions.advance(
            context.cost_meter.settle(run), Stage.VERIFY, *records
        )

    async def _write_parts(
        self,
        engine: CodeAgentRunner,
        run: Run,
        history: History,
        assignment: Assignment,
        workspace: Workspace,
    ) -> ChangeSet | None:
        """Return the change as its parts come to; `None` where it is written in one piece.

        So is what comes after the first round, and what a question to people was asked of.
        """
        begun = assignment.previous or assignment.question
        if not assignment.plan.parts or begun:
            return None
        work = PartsWork(self._context, self._gate, engine, run, history, assignment)
        try:
            return await work(workspace)
        except PartAskedError:
            text = "One part of it has a question, so I write all of it in one piece."
            key = f"one-piece:{run.attempt}:{run.round}"
            await self._context.notifier.say(run, text, key=key)
            return None

    async def _handle_no_change(
        self, engine: CodeAgentRunner, run: Run, history: History, change: ChangeSet
    ) -> Run:
        """End a run whose engine found nothing; one that claims to be done has failed."""
        context, first = self._context, run.round == run.first_round
        if not first and history.verdict is not None and history.verdict.is_blocked_by_answers_only:
            return await self._accept_as_is(run, change)
        if engine.can_follow_instructions and first and not change.cannot:
            raise AgentOutputInvalid(explain_empty_claim(change))
        reason, paid = explain_no_change(run, history, change), context.cost_meter.settle(run)
        so_far = context.candidates.get_candidates(run, history)
        if so_far is not None and not first:
            after = await context.candidates.drop(paid, so_far, reason)
            if after is not None:
                return after
        instead = await context.failures.fall_back(paid, history, reason, change)
        return instead or await context.transitions.end(paid, Status.FAILED, reason, change)

    async def _accept_as_is(self, run: Run, change: ChangeSet) -> Run:
        """Go on with the change as it stands: only what it changes for people was against it.

        The engine holds to it, or knows nothing else; in the last round that is left to people.
        """
        context = self._context
        text = f"The {change.engine} engine leaves the change as it is: {change.summary}"
        key = f"left:{run.attempt}:{run.round}"
        await context.notifier.say(run, redact(text), key=key)
        last = run.replace(round=max(run.round, run.first_round + context.limits.rounds - 1))
        return await context.transitions.advance(context.cost_meter.settle(last), Stage.VERIFY)

    async def _ask(self, run: Run, paused: ExecutionPaused, engine: str) -> Run:
        """Ask in the thread, and wait for the answer without holding a worker."""
        if run.parks >= _MOST_QUESTIONS:
            raise AgentStuck(_TOO_MANY_QUESTIONS.format(count=run.parks))
        now, patience = self._context.services.clock.get_time(), self._context.limits.question
        question = build_question(
            run, paused.asked, paused.head, engine, asked_at=now, until=now + patience
        )
        return await self._context.transitions.ask(self._context.cost_meter.settle(run), question)

    async def _say_what_was_asked(self, run: Run, history: History) -> None:
        """Say what people asked, in case a crash came before it was said; again is harmless."""
        for item in history.instructions.items if history.instructions else ():
            text = format_instruction(item, at_once=True)
            await self._context.notifier.say(run, text, key=f"asked:{item.key}")
