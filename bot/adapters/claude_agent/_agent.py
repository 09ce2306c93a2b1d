"""The claude engine as a code agent: an executor that edits, a reviewer that reads."""

import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from bot.adapters.claude_agent._briefing import Briefing, character
from bot.adapters.claude_agent._chat_turns import conversation_name
from bot.adapters.claude_agent._collaborators import EngineServices
from bot.adapters.claude_agent._conversation import ProgramConversation
from bot.adapters.claude_agent._events import Called, Seen
from bot.adapters.claude_agent._failures import StaleConversation, claims_only
from bot.adapters.claude_agent._forms import ReviewForm, schema
from bot.adapters.claude_agent._plain_text import flat
from bot.adapters.claude_agent._program import Claude, Talk
from bot.adapters.claude_agent._progress_watch import EDITS, StuckWatch
from bot.adapters.claude_agent._review import Reviewer
from bot.adapters.claude_agent._tool_handlers import ToolHandlers
from bot.adapters.claude_agent._turn import CostSum, PromptTurn, last_cost
from bot.domain.account import Account, Purpose
from bot.domain.change import Attempt
from bot.domain.errors import TheseusError
from bot.domain.roles import Role
from bot.ports.agent import (
    Assignment,
    Budget,
    Finished,
    News,
    Progress,
    QuestionAsked,
    Update,
    no_news,
)
from bot.ports.workspace import Workspace

_SUMMARY = 200
_REVIEWERS_TOOLS = ("git_log", "git_show")
_FENCED = re.compile(r"^[ ]*(```+|~~~+).*?(?:^[ ]*\1|\Z)[`~]*[ ]*$", re.DOTALL | re.MULTILINE)
_NO_SENTENCE = re.compile(r"[-*+] |[#|>]|```|`[^`]*`$|\d+[.)] ")
_TIME_FOR_MORE = 0.85  # of the time; what is done by then is better judged than begun over


class ClaudeAgent:
    """Implements `bot.ports.agent.CodeAgent` with the Claude Code program."""

    name = "claude"
    follows_words = True

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
        news: News = no_news,
    ) -> AsyncGenerator[Update, None]:
        """Yield progress, then what was changed or asked; see the port."""
        tally = CostSum()
        try:
            for fresh in (False, True):
                try:
                    work = self._work(assignment, workspace, budget, news, tally, fresh=fresh)
                    async with aclosing(work) as updates:
                        async for update in updates:
                            yield update
                    return
                except StaleConversation:
                    if fresh:
                        raise
                    yield tally.progress("begins anew: what was said before is lost")
        except TheseusError as error:
            if last := last_cost(tally, error):
                yield last
            raise

    async def _work(
        self,
        assignment: Assignment,
        workspace: Workspace,
        budget: Budget,
        news: News,
        tally: CostSum,
        *,
        fresh: bool,
    ) -> AsyncGenerator[Update, None]:
        """Do the whole call in one conversation of the executor."""
        session = await self._services.writer(assignment, workspace)
        memory = await self._services.remembered(assignment.run_id, assignment.diagnosis)
        checks = await self._services.checks(workspace)
        briefing = Briefing(assignment, self._services.prompts, memory, checks)
        talk = Talk(
            name=conversation_name(assignment, "executor"),
            role=self._executor,
            cwd=workspace.path,
            system=session.introduced(character(self._services.prompts, "executor")),
            account=_account(assignment, "execute"),
            tools=session.tools,
            server=session.server,
            judge=session.judge,
            seconds=budget.seconds,
            usd=budget.usd or self._executor.usd,
            fresh=fresh,
            news=lambda: briefing.meanwhile(news()),
        )
        reviewer = self._reads_over(assignment, workspace, budget, tally)
        async with reviewer, self._claude.converse(talk) as conversation:
            tally.add(conversation)
            call = _Call(
                assignment,
                workspace,
                session.handlers,
                briefing,
                tally,
                reviewer,
                self._late(budget),
                news,
            )
            async with aclosing(call.carry_out(conversation)) as updates:
                async for update in updates:
                    yield update

    def _late(self, budget: Budget) -> Callable[[], bool]:
        """Return whether too little of the time is left to do anything over."""
        until = self._services.clock.monotonic() + budget.seconds * _TIME_FOR_MORE
        return lambda: self._services.clock.monotonic() > until

    def _reads_over(
        self, assignment: Assignment, workspace: Workspace, budget: Budget, tally: CostSum
    ) -> Reviewer:
        role = self._reviewer
        if role is None:
            return Reviewer(self._claude, None, tally)
        session = self._services.reader(assignment.run_id, workspace, _REVIEWERS_TOOLS, "reviewer")
        talk = Talk(
            name=conversation_name(assignment, "reviewer"),
            role=role,
            cwd=workspace.path,
            system=session.introduced(self._services.prompts.render("reviewer")),
            account=_account(assignment, "review"),
            tools=session.tools,
            server=session.server,
            judge=session.judge,
            schema=schema(ReviewForm),
            seconds=min(role.seconds, budget.seconds),
            usd=role.usd,
            fresh=True,
        )
        return Reviewer(self._claude, talk, tally)


@dataclass
class _Call:
    """One assignment under way."""

    assignment: Assignment
    workspace: Workspace
    handlers: ToolHandlers
    briefing: Briefing
    tally: CostSum
    reviewer: Reviewer
    late: Callable[[], bool]
    news: News
    attempts: list[Attempt] = field(default_factory=list)

    async def carry_out(self, conversation: ProgramConversation) -> AsyncGenerator[Update, None]:
        """Let the executor work until it is done, and its reviewer has no more to say."""
        before = await self._before()
        watch = StuckWatch(self.workspace.path)
        turn = PromptTurn(conversation, self.tally, self.workspace.path, self._watched(watch))
        prompt = self.briefing.opening(
            self.handlers.owned, known=conversation.resumed, diff=await self.workspace.diff()
        )
        reminded = False
        while True:
            async with aclosing(turn.say(prompt)) as updates:
                async for update in updates:
                    yield update
            if last := self._stopped():
                yield last
                return
            if not self.late() and (asked := self.briefing.meanwhile(self.news())):
                prompt = asked
                continue
            words, diff = turn.reply.text, await self.workspace.diff()
            if diff == before and not (reminded or self._stands_by_it):
                reminded, prompt = True, self.briefing.nothing_changed()
                continue
            if diff == before:
                yield self._unchanged(words)
                return
            async with aclosing(self._reviewed(words, diff)) as reading:
                async for progress in reading:
                    yield progress
            review = self.reviewer.sends_back
            if review is None or self.late():
                yield self._finished(words)
                return
            self.attempts.append(_sent_back(review))
            prompt = self.briefing.sent_back(review)

    def _stopped(self) -> QuestionAsked | Finished | None:
        """Return the last word that one of its tools has said already: a question, or a no."""
        if self.handlers.asked is not None:
            return self.handlers.asked.but(**dict(self.tally.spent))
        return self._declined(self.handlers.declined) if self.handlers.declined else None

    @property
    def _stands_by_it(self) -> bool:
        """Whether it leaves a change as it is, as what failed has nothing to do with it."""
        return self.assignment.feedback is not None and bool(self.handlers.unrelated)

    async def _before(self) -> str:
        """Return the diff this round began with; an answer continues a round that began before."""
        if self.assignment.answer is None:
            return await self.workspace.diff()
        return self.assignment.previous.diff if self.assignment.previous else ""

    def _watched(self, watch: StuckWatch) -> Callable[[Seen], None]:
        def see(event: Seen) -> None:
            if isinstance(event, Called) and event.tool in EDITS:
                self.reviewer.warm()
            watch.see(event)

        return see

    async def _reviewed(self, words: str, diff: str) -> AsyncGenerator[Progress, None]:
        tests = await self.handlers.tested() if self.reviewer.reads else ""
        if self.reviewer.began:
            prompt = self.briefing.to_review_again(words, diff, tests)
        else:
            prompt = self.briefing.to_review(self.handlers.owned, words, diff, tests)
        async with aclosing(self.reviewer.read(prompt)) as updates:
            async for update in updates:
                yield update

    def _unchanged(self, words: str) -> Finished:
        """Return its last word; raise `AgentOutputInvalid` where no earlier round did anything."""
        if self.assignment.feedback is None:
            raise claims_only(words)
        return self._finished(words, changed=False)

    def _declined(self, reason: str) -> Finished:
        return Finished(
            changed=False,
            summary=_summary(reason) or flat(reason, _SUMMARY),
            cannot=reason,
            attempts=tuple(self.attempts),
            unrelated=self.handlers.unrelated,
            not_done=self.handlers.not_done,
            **dict(self.tally.spent),
        )

    def _finished(self, words: str, *, changed: bool = True) -> Finished:
        title, description = self.handlers.draft or ("", "")
        return Finished(
            changed=changed,
            summary=_summary(words) or title or "The change its plan describes.",
            attempts=tuple(self.attempts),
            granted=self.handlers.granted,
            unrelated=self.handlers.unrelated,
            not_done=self.handlers.not_done,
            title=title,
            description=description,
            review=self.reviewer.last_word,
            approved=self.reviewer.approved,
            **dict(self.tally.spent),
        )


def _account(assignment: Assignment, purpose: Purpose) -> Account:
    return Account(purpose=purpose, person_id=assignment.person_id, run_id=assignment.run_id)


def _sent_back(review: ReviewForm) -> Attempt:
    problems = "; ".join(f"{each.file}: {each.what}" for each in review.problems)
    return Attempt(summary="a reviewer read the change", result=f"sent back: {flat(problems, 300)}")


def _summary(words: str) -> str:
    """Return the model's closing sentence: its last line that is not part of a list or a block.

    A sentence may well begin with code, "`/roll` answers", or in bold.
    """
    lines = [line.strip() for line in _FENCED.sub("", words).splitlines()]
    plain = [line for line in lines if line and not _NO_SENTENCE.match(line)]
    return flat(plain[-1], _SUMMARY) if plain else ""
