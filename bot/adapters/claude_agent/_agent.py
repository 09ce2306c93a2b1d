"""The claude engine as a code agent: an executor edits, a reviewer reads the diff."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from bot.adapters.claude_agent._collaborators import EngineServices
from bot.adapters.claude_agent._draft import SUMMARY_LENGTH, extract_summary, find_unmentioned
from bot.adapters.claude_agent._forms import ReviewForm, build_schema
from bot.adapters.claude_agent._progress_watch import EDITS, StuckWatch
from bot.adapters.claude_agent._review import Reviewer
from bot.adapters.claude_agent.chat._chat_turns import build_conversation_name
from bot.adapters.claude_agent.program._conversation import ProgramConversation
from bot.adapters.claude_agent.program._events import Seen, ToolCall
from bot.adapters.claude_agent.program._failures import StaleConversation, build_no_change_error
from bot.adapters.claude_agent.program._program import Claude, Talk
from bot.adapters.claude_agent.program._turn import CostSum, PromptTurn, build_last_cost
from bot.adapters.claude_agent.prompting._briefing import Briefing, render_character
from bot.adapters.claude_agent.prompting._plain_text import flatten
from bot.adapters.claude_agent.tools._check_results import build_checkup_attempt, format_verdict
from bot.adapters.claude_agent.tools._tool_handlers import ToolHandlers
from bot.adapters.claude_agent.tools._tool_permissions import PREFIX
from bot.domain.account import Account, Purpose
from bot.domain.change import Attempt, Verdict
from bot.domain.errors import AgentStuck, TheseusError
from bot.domain.part_notes import BoardSeat
from bot.domain.roles import Role
from bot.ports.agent import (
    Assignment,
    Budget,
    Checkup,
    Finished,
    News,
    Progress,
    QuestionAsked,
    Update,
    get_no_news,
    skip_checkup,
)
from bot.ports.workspace import Workspace

_LAST_CALLS = frozenset({f"{PREFIX}cannot", f"{PREFIX}ask_person"})
_MAX_CHECKUPS = 4  # answers to failed checks in one call; then the round ends
_REVIEWERS_TOOLS = ("git_log", "git_show")
_TIME_FOR_MORE = 0.85  # of the time; late changes are judged as they are instead of being revised


class ClaudeAgent:
    """Implements `bot.ports.agent.CodeAgent` with the Claude Code program."""

    name = "claude"
    can_follow_instructions = True

    def __init__(
        self, claude: Claude, services: EngineServices, *, executor: Role, reviewer: Role | None
    ) -> None:
        self._claude = claude
        self._services = services
        self._executor = executor
        self._reviewer = reviewer

    async def work(
        self,
        assignment: Assignment,
        workspace: Workspace,
        budget: Budget,
        news: News = get_no_news,
        checkup: Checkup = skip_checkup,
        board: BoardSeat | None = None,
    ) -> AsyncGenerator[Update, None]:
        """Yield progress, then the change or a question; see the port."""
        tally = CostSum()
        try:
            for fresh in (False, True):
                try:
                    work = self._work(
                        assignment, workspace, budget, (news, checkup, board), tally, fresh=fresh
                    )
                    async with aclosing(work) as updates:
                        async for update in updates:
                            yield update
                    return
                except StaleConversation:
                    if fresh:
                        raise
                    yield tally.build_progress("starts again: the earlier conversation is lost")
        except TheseusError as error:
            if unreported := build_last_cost(tally, error):
                yield unreported
            raise

    async def _work(
        self,
        assignment: Assignment,
        workspace: Workspace,
        budget: Budget,
        services: tuple[News, Checkup, BoardSeat | None],
        tally: CostSum,
        *,
        fresh: bool,
    ) -> AsyncGenerator[Update, None]:
        """Do one call in a single conversation of the executor."""
        news, checkup, board = services
        session = await self._services.open_writer(assignment, workspace, board)
        memory = await self._services.list_memories(assignment.run_id, assignment.diagnosis)
        checks = await self._services.render_checks(workspace)
        briefing = Briefing(assignment, self._services.prompts, memory, checks, board)
        talk = Talk(
            name=build_conversation_name(assignment, "executor"),
            role=self._executor,
            cwd=workspace.path,
            system=session.build_system_prompt(
                render_character(self._services.prompts, "executor")
            ),
            account=_build_account(assignment, "execute"),
            tools=session.tools,
            server=session.server,
            judge=session.judge,
            seconds=budget.seconds,
            usd=budget.usd or self._executor.usd,
            fresh=fresh,
            news=lambda: briefing.render_news(news()),
        )
        reviewer = self._build_reviewer(assignment, workspace, budget, tally)
        async with reviewer, self._claude.open_conversation(talk) as conversation:
            tally.add(conversation)
            call = _Call(
                assignment,
                workspace,
                session.handlers,
                briefing,
                tally,
                reviewer,
                self._build_deadline_check(budget),
                news,
                checkup,
            )
            async with aclosing(call.carry_out(conversation)) as updates:
                async for update in updates:
                    yield update

    def _build_deadline_check(self, budget: Budget) -> Callable[[], bool]:
        """Return a function that tells whether too little time is left for another round."""
        until = self._services.clock.monotonic() + budget.seconds * _TIME_FOR_MORE
        return lambda: self._services.clock.monotonic() > until

    def _build_reviewer(
        self, assignment: Assignment, workspace: Workspace, budget: Budget, tally: CostSum
    ) -> Reviewer:
        role = self._reviewer
        if role is None:
            return Reviewer(self._claude, None, tally)
        session = self._services.open_reader(
            assignment.run_id, workspace, _REVIEWERS_TOOLS, "reviewer"
        )
        talk = Talk(
            name=build_conversation_name(assignment, "reviewer"),
            role=role,
            cwd=workspace.path,
            system=session.build_system_prompt(self._services.prompts.render_system("reviewer")),
            account=_build_account(assignment, "review"),
            tools=session.tools,
            server=session.server,
            judge=session.judge,
            schema=build_schema(ReviewForm),
            seconds=min(role.seconds, budget.seconds),
            usd=role.usd,
            fresh=True,
        )
        return Reviewer(self._claude, talk, tally)


@dataclass
class _Call:
    """One assignment in progress."""

    assignment: Assignment
    workspace: Workspace
    handlers: ToolHandlers
    briefing: Briefing
    tally: CostSum
    reviewer: Reviewer
    is_late: Callable[[], bool]
    news: News
    checkup: Checkup
    verdict: Verdict = field(default_factory=lambda: Verdict(head="", round=1))
    checked_diff: str = ""
    checkups: int = 0
    objection: str = ""
    has_redrafted: bool = False
    attempts: list[Attempt] = field(default_factory=list)

    async def carry_out(self, conversation: ProgramConversation) -> AsyncGenerator[Update, None]:
        """Let the executor work until it is done and its reviewer has no more objections."""
        before = await self._get_initial_diff()
        watch = StuckWatch(self.workspace.path)
        turn = PromptTurn(conversation, self.tally, self.workspace.path, self._build_watcher(watch))
        prompt = self.briefing.render_opening(
            self.handlers.owned_files,
            known=conversation.is_resumed,
            diff=await self.workspace.get_diff(),
        )
        reminded = False
        while True:
            async with aclosing(self._run_turn(turn, prompt)) as updates:
                async for update in updates:
                    yield update
            if result := self._find_early_end():
                yield result
                return
            if not self.is_late() and (requests := self.briefing.render_news(self.news())):
                prompt = requests
                continue
            closing_text, diff = turn.reply.text, await self.workspace.get_diff()
            if diff == before and not (reminded or self._has_unrelated_failures):
                reminded, prompt = True, self.briefing.render_no_change()
                continue
            if diff == before:
                yield self._finish_unchanged(closing_text)
                return
            async with aclosing(self._judge(closing_text, diff)) as updates_of_checks:
                async for progress in updates_of_checks:
                    yield progress
            if not self.objection:
                yield self._finish(closing_text, missing=await self._list_unmentioned())
                return
            prompt = self.objection

    async def _run_turn(self, turn: PromptTurn, prompt: str) -> AsyncGenerator[Progress, None]:
        """Let the executor take one turn; a repeated question or refusal ends it."""
        try:
            async with aclosing(turn.say(prompt + self.briefing.render_notes())) as updates:
                async for update in updates:
                    yield update
        except AgentStuck:
            if self._find_early_end() is None:
                raise

    async def _judge(self, closing_text: str, diff: str) -> AsyncGenerator[Progress, None]:
        """Have the change checked, then reviewed; afterwards `objection` is the next prompt."""
        yield self.tally.build_progress("has our program check the change")
        self.objection = await self._check(diff)
        if self.objection:
            yield self.tally.build_progress(f"checks: {self.attempts[-1].result}")
            return
        if self.verdict.has_objections and not self._is_up_to_people:
            return  # the executor has no answer; the round ends, and people read why
        diff = await self.workspace.get_diff()  # it may have been formatted
        async with aclosing(self._review(closing_text, diff)) as updates:
            async for update in updates:
                yield update
        review = self.reviewer.open_review
        if self.is_late():
            return
        if review is not None:
            self.attempts.append(_build_attempt(review))
            self.objection = self.briefing.render_review(review)
        else:
            self.objection = await self._check_draft()

    @property
    def _is_up_to_people(self) -> bool:
        """True if the executor may keep what our program objects to.

        People judge output that changes without being asked for. A part may need the other parts,
        and is tested again together with them.
        """
        return self.verdict.objects_only_to_output or self.assignment.part is not None

    async def _check_draft(self) -> str:
        """Return what the executor is told once about a draft that leaves out changed files."""
        files = await self._list_unmentioned()
        if not files or self.has_redrafted:
            return ""
        self.has_redrafted = True
        return self.briefing.render_draft_request(files)

    async def _list_unmentioned(self) -> tuple[str, ...]:
        """Return the changed files that the draft leaves out; none without a draft."""
        if self.handlers.draft is None:
            return ()
        changes = await self.workspace.list_changes()
        text, root = "\n".join(self.handlers.draft), self.workspace.path
        is_first = self.assignment.previous is None
        return await asyncio.to_thread(find_unmentioned, text, changes, root, is_first=is_first)

    def _find_early_end(self) -> QuestionAsked | Finished | None:
        """Return a final result that a tool has already set: a question or a refusal."""
        if self.handlers.question is not None:
            return self.handlers.question.replace(**dict(self.tally.total))
        return self._finish_declined(self.handlers.declined) if self.handlers.declined else None

    @property
    def _has_unrelated_failures(self) -> bool:
        """True if the executor may leave the change as it is: the failures are unrelated."""
        return self.assignment.feedback is not None and bool(self.handlers.unrelated_checks)

    async def _get_initial_diff(self) -> str:
        """Return the diff at the start of this round; an answer continues an earlier round."""
        if self.assignment.answer is None:
            return await self.workspace.get_diff()
        return self.assignment.previous.diff if self.assignment.previous else ""

    def _build_watcher(self, watch: StuckWatch) -> Callable[[Seen], None]:
        def see(event: Seen) -> None:
            if isinstance(event, ToolCall) and event.tool in EDITS:
                self.reviewer.warm_up()
            if isinstance(event, ToolCall) and event.tool in _LAST_CALLS and self._find_early_end():
                raise AgentStuck("The model repeated its question or refusal.")
            watch.see(event)

        return see

    async def _check(self, diff: str) -> str:
        """Return what the executor is told about failed checks; "" if it need not answer.

        It is told a few times at most, and not again when it left the change as it was.
        """
        self.verdict = await self.checkup(self.handlers.grants)
        insists, self.checked_diff = diff == self.checked_diff, await self.workspace.get_diff()
        answers = not insists and self.checkups < _MAX_CHECKUPS and not self.is_late()
        if not self.verdict.has_objections or not answers:
            return ""
        self.checkups += 1
        self.attempts.append(build_checkup_attempt(self.verdict))
        return self.briefing.render_checkup(self.verdict)

    async def _review(self, summary: str, diff: str) -> AsyncGenerator[Progress, None]:
        tests = format_verdict(self.verdict)
        if self.reviewer.has_begun:
            prompt = self.briefing.render_second_review_request(summary, diff, tests)
        else:
            prompt = self.briefing.render_review_request(
                self.handlers.owned_files, summary, diff, tests
            )
        async with aclosing(self.reviewer.read(prompt)) as updates:
            async for update in updates:
                yield update

    def _finish_unchanged(self, closing_text: str) -> Finished:
        """Return a result without a change.

        Raises `AgentOutputInvalid` if no earlier round has made a change.
        """
        if self.assignment.feedback is None:
            raise build_no_change_error(closing_text)
        return self._finish(closing_text, changed=False)

    def _finish_declined(self, reason: str) -> Finished:
        return Finished(
            changed=False,
            summary=extract_summary(reason) or flatten(reason, SUMMARY_LENGTH),
            cannot=reason,
            attempts=tuple(self.attempts),
            unrelated=self.handlers.unrelated_checks,
            not_done=self.handlers.not_done,
            **dict(self.tally.total),
        )

    def _finish(
        self, closing_text: str, *, changed: bool = True, missing: Sequence[str] = ()
    ) -> Finished:
        title, description = self.handlers.draft or ("", "")
        if missing:
            description += f"\n\nAlso changed: {', '.join(f'`{file}`' for file in missing)}."
        return Finished(
            changed=changed,
            summary=extract_summary(closing_text) or title or "The change its plan describes.",
            attempts=tuple(self.attempts),
            granted=self.handlers.grants,
            unrelated=self.handlers.unrelated_checks,
            not_done=self.handlers.not_done,
            title=title,
            description=description,
            review=self.reviewer.summary,
            keeps_output=self.verdict.objects_only_to_output,
            approved=self.reviewer.has_approved,
            **dict(self.tally.total),
        )


def _build_account(assignment: Assignment, purpose: Purpose) -> Account:
    return Account(purpose=purpose, person_id=assignment.person_id, run_id=assignment.run_id)


def _build_attempt(review: ReviewForm) -> Attempt:
    problems = "; ".join(f"{problem.file}: {problem.what}" for problem in review.problems)
    return Attempt(
        summary="a reviewer read the change", result=f"changes requested: {flatten(problems, 300)}"
    )
