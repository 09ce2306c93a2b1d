"""Execute: an engine writes the change, which is committed together with the reproduction."""

from theseus_observe.redaction import redact

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
from bot.domain.run import Run
from bot.domain.run_state import Edge
from bot.domain.waits import pause_until
from bot.ports.agent import Assignment
from bot.ports.workspace import Workspace
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

_MOST_QUESTIONS = 5  # per stage

_TOO_MANY_QUESTIONS = "The engine keeps asking. It has received {count} answers and is not done."


class ExecuteStep:
    """Runs an engine for one round."""

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
        """Write the change. If the engine fails: pause, switch to the fallback, or raise."""
        context = self._context
        if run.goal == "change" and not history.is_agreed:
            raise AssertionError("a change without an agreement was about to be written")
        await self._say_what_was_asked(run, history)
        engine, fallback = self._choose_engine(run, history), self._get_fallback_engine(history)
        can_switch = fallback is not None and engine is not fallback
        try:
            return await self._run_if_allowed(engine, run, history)
        except (AgentError, BudgetSpent) as error:
            until = pause_until(error, run, context.services.clock.now(), has_fallback=can_switch)
            if until is not None:
                paid = context.cost_meter.settle(run)
                best = await context.candidates.propose_best(paid, history, redact(str(error)))
                return best or await context.transitions.await_limit(paid, until, error)
            if fallback is None or not can_switch:
                raise
            run = await self._switch_engine(run, history, error, fallback.engine)
            return await self._run_if_allowed(fallback, run, history)

    async def _run_if_allowed(self, engine: CodeAgentRunner, run: Run, history: History) -> Run:
        """Run the engine if the budget allows it, and when it is the run's turn."""
        services = self._context.services
        if engine.can_follow_instructions:
            await check_run_budget(services.budget, run, "execute")
        until = await turn_of(
            services.budget,
            run,
            engine.engine,
            services.clock.now(),
            paid=engine.can_follow_instructions,
        )
        if until is not None:
            reason = describe_turn_wait(services.budget, engine.engine, until)
            paid = self._context.cost_meter.settle(run)
            best = await self._context.candidates.propose_best(
                paid, history, "no other change may be started this hour"
            )
            return best or await self._context.transitions.await_turn(paid, until, reason)
        return await self._write(engine, run, history)

    def _choose_engine(self, run: Run, history: History) -> CodeAgentRunner:
        """Return the engine of this round; a fallback that wrote the last round continues.

        A fallback that asked a question in this round continues too.
        """
        fallback, change, asked = (
            self._get_fallback_engine(history),
            history.change_set,
            history.question,
        )
        if fallback is None:
            return self._runner
        goes_on = run.round > run.first_round and change and change.engine == fallback.engine
        here = asked and (asked.attempt, asked.round) == (run.attempt, run.round)
        answered = here and asked and asked.engine == fallback.engine
        return fallback if goes_on or answered else self._runner

    def _get_fallback_engine(self, history: History) -> CodeAgentRunner | None:
        """Return the fallback engine, if it can do the work.

        It cannot follow instructions in natural language, so it writes no requested change and no
        revision.
        """
        proven = history.plan is not None and bool(history.plan.judged_by)
        needs_instructions = history.brief is not None or history.revising is not None
        return self._fallback if proven and not needs_instructions else None

    async def _switch_engine(
        self, run: Run, history: History, error: TheseusError, name: str
    ) -> Run:
        """Say why another engine takes over, and save the cost of the first one."""
        context = self._context
        context.record(run, error)
        text = f"⚠️ {redact(str(error))} The {name} engine takes over."
        if history.instructions:
            text += " It works from tests alone, so its change does not follow instructions."
        saved = await context.transitions.save(context.cost_meter.settle(run))
        await context.notifier.say(saved, text, key=f"handed-over:{run.attempt}:{run.round}")
        return saved

    async def _write(self, engine: CodeAgentRunner, run: Run, history: History) -> Run:
        """Run the engine; it receives new instructions at once if it can follow them."""
        context = self._context
        if not engine.can_follow_instructions:
            return await self._write_with_inbox(engine, run, history, SteeringInbox())
        with context.steering.open_inbox(run.id) as steering_inbox:
            # Read after opening the inbox: earlier instructions are stored by now, and later ones
            # arrive in the inbox. So none is lost in between.
            instructions = (await context.services.store.get_history(run.id)).instructions
            history = history.replace(instructions=instructions)
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
            context.cost_meter.settle(run), Edge.NEXT_STEP, *records
        )

    async def _write_parts(
        self,
        engine: CodeAgentRunner,
        run: Run,
        history: History,
        assignment: Assignment,
        workspace: Workspace,
    ) -> ChangeSet | None:
        """Return the change written in parts; `None` if it is to be written in one piece.

        Only the first round without a question is written in parts.
        """
        begun = assignment.previous or assignment.question
        if not assignment.plan.parts or begun:
            return None
        work = PartsWork(self._context, self._gate, engine, run, history, assignment)
        try:
            return await work(workspace)
        except PartAskedError:
            text = "One part has a question, so I write the change in one piece."
            key = f"one-piece:{run.attempt}:{run.round}"
            await self._context.notifier.say(run, text, key=key)
            return None

    async def _handle_no_change(
        self, engine: CodeAgentRunner, run: Run, history: History, change: ChangeSet
    ) -> Run:
        """End a run whose engine changed nothing; an engine that claims to be done has failed."""
        context, first = self._context, run.round == run.first_round
        if not first and history.verdict is not None and history.verdict.is_blocked_by_answers_only:
            return await self._accept_as_is(run, change)
        if engine.can_follow_instructions and first and not change.cannot:
            raise AgentOutputInvalid(explain_empty_claim(change))
        reason, paid = explain_no_change(run, history, change), context.cost_meter.settle(run)
        so_far = context.candidates.get_candidates(run, history)
        if so_far is not None and not first:
            next_run = await context.candidates.drop(paid, so_far, reason)
            if next_run is not None:
                return next_run
        fallback = await context.failures.fall_back(paid, history, reason, change)
        return fallback or await context.transitions.end(paid, Edge.FAILED, reason, change)

    async def _accept_as_is(self, run: Run, change: ChangeSet) -> Run:
        """Continue with the unchanged change, whose only objection is changed output.

        The engine insists on it or knows nothing better. As this counts as the last round, people
        decide.
        """
        context = self._context
        text = f"The {change.engine} engine leaves the change as it is: {change.summary}"
        key = f"left:{run.attempt}:{run.round}"
        await context.notifier.say(run, redact(text), key=key)
        last = run.replace(round=max(run.round, run.first_round + context.limits.rounds - 1))
        return await context.transitions.advance(context.cost_meter.settle(last), Edge.NEXT_STEP)

    async def _ask(self, run: Run, paused: ExecutionPaused, engine: str) -> Run:
        """Ask in the thread, and wait for the answer without holding a worker."""
        if run.parks >= _MOST_QUESTIONS:
            raise AgentStuck(_TOO_MANY_QUESTIONS.format(count=run.parks))
        now, patience = self._context.services.clock.now(), self._context.limits.question
        question = build_question(
            run, paused.asked, paused.head, engine, asked_at=now, until=now + patience
        )
        return await self._context.transitions.ask(self._context.cost_meter.settle(run), question)

    async def _say_what_was_asked(self, run: Run, history: History) -> None:
        """Post the instructions, in case a crash prevented that. Can be repeated safely."""
        for item in history.instructions.items if history.instructions else ():
            text = format_instruction(item, at_once=True)
            await self._context.notifier.say(run, text, key=f"asked:{item.key}")
