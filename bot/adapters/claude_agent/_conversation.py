"""A conversation with the running program: words in, events out, limits held, failures mapped."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from bot.adapters.claude_agent._chat_turns import ClaudeOptions, Talk
from bot.adapters.claude_agent._events import Called, ModelReply, Returned, Seen, Spoke, Writes
from bot.adapters.claude_agent._failures import Circumstances, failure, limited
from bot.adapters.claude_agent._transcripts import TranscriptUsage, used
from bot.adapters.claude_agent._transport_events import (
    Came,
    Heard,
    LimitReached,
    ProgramError,
    Retrying,
    TextSaid,
    ToolCalled,
    TurnEnded,
    Used,
    Wrote,
)
from bot.domain.account import Account
from bot.domain.errors import AgentOutputInvalid, AgentSilent, AgentTimeout, AgentUnavailable
from bot.domain.spent import Spent
from bot.ports.clock import Clock
from bot.ports.model_gateway import GatewayLease

LONGEST_RETRY = 20.0  # seconds; a limit that lasts longer is told instead of waited for
LIMITED = 429
HOPELESS = (401, 403)  # asking again with the same key changes nothing


class TransportLine(Protocol):
    """The line to one run of the program: `Wire`."""

    @property
    def model(self) -> str:
        """The model's full name, as soon as the program told it."""
        ...

    @property
    def stderr(self) -> str:
        """The last lines the program complained with."""
        ...

    async def open(self) -> None:
        """Start the program and shake hands. Raises our errors; nothing is left running then."""
        ...

    async def send(self, prompt: str) -> None:
        """Send what is to be answered."""
        ...

    def hear(self) -> AsyncGenerator[Heard, None]:
        """Yield what comes, until the program ends; that raises."""
        ...

    async def close(self, *, at_once: bool) -> None:
        """End the program and everything it started; a cancellation waits for that."""
        ...


class ProgramConversation:
    """One conversation. Turns follow each other; one that was left or broke leaves only closing."""

    def __init__(
        self,
        line: TransportLine,
        options: ClaudeOptions,
        talk: Talk,
        lent: GatewayLease,
        clock: Clock,
        kept: Path | None,
    ) -> None:
        """Begin with an open line. `kept` is the transcript that is gone on with."""
        self._line = line
        self._options = options
        self._talk = talk
        self._pass = lent
        self._clock = clock
        self._resumed = kept is not None
        self._before = used(kept)  # the program counts on from there; we begin at nothing
        self._answers: dict[str, Used] = {}
        self._told = TranscriptUsage()
        self._calls: dict[str, str] = {}  # called and not returned: id and tool
        self._circumstances = Circumstances(
            role=talk.name.rpartition(":")[2] or "engine",
            model=talk.role.model,
            turns=talk.role.turns,
            usd=talk.usd,
            resumed=self._resumed,
        )
        self._retrying: Retrying | None = None
        self._until: float | None = None
        self._alive = 0.0
        self.settled = True  # no turn is under way

    @property
    def resumed(self) -> bool:
        """Return whether the program still knows what was said before, in another process."""
        return self._resumed

    @property
    def spent(self) -> Spent:
        """Return what this conversation has cost by now, in this process."""
        answers = self._answers.values()
        return Spent(
            cost_usd=self._told.cost_usd,
            tokens_in=max(self._told.tokens_in, sum(each.tokens_in for each in answers)),
            tokens_out=max(self._told.tokens_out, sum(each.tokens_out for each in answers)),
        )

    def charge_to(self, account: Account) -> None:
        """Charge what is said from now on to another account."""
        self._pass.charge_to(account)

    async def say(self, prompt: str) -> AsyncGenerator[Seen | ModelReply, None]:
        """Yield what the model says and does, and its `ModelReply` last, exactly once.

        Raises the leaf of `AgentError` that fits, `StaleConversation`, or `BudgetSpent`; what was
        spent by then is in `spent`. After a turn that the program itself ended so, another may
        follow.
        """
        if not self.settled:
            raise AgentUnavailable("The conversation is over.")
        self._begin()
        await self._line.send(prompt)
        async with aclosing(self._line.hear()) as hearing:
            while True:
                heard = await self._next(hearing)
                if isinstance(heard, TurnEnded):
                    break
                if isinstance(heard, Retrying) and heard.status in HOPELESS:
                    raise self._failure(_refused(heard.status))
                if event := self._event(heard):
                    yield event
        self.settled = True
        yield self._reply(heard)

    def account(self, kept: Path | None) -> None:
        """Take what the transcript says was used: a turn broken off never told it itself."""
        self._take(used(kept))

    def _begin(self) -> None:
        now = asyncio.get_running_loop().time()
        first = self._until is None
        if first or self._talk.chat:
            self._until = now + self._talk.seconds
        if not first:
            self._circumstances = replace(
                self._circumstances, resumed=False, complaint=None, until=None
            )
        self._alive = now
        self._retrying = None
        self._calls.clear()
        self.settled = False

    async def _next(self, hearing: AsyncGenerator[Heard, None]) -> Heard:
        """Return what comes next. Waiting for a tool is no silence."""
        until = self._until or 0.0
        quiet = until if self._calls else self._alive + self._options.silence_seconds
        try:
            async with asyncio.timeout_at(min(until, quiet)):
                heard = await anext(hearing)
        except TimeoutError:
            if quiet < until:
                raise self._silence() from None
            raise AgentTimeout(f"The {self._talk.seconds:g} s for this are used up.") from None
        if not isinstance(heard, Retrying):
            self._alive = asyncio.get_running_loop().time()
        return heard

    def _silence(self) -> Exception:
        """Return the error for no sign of life: what the program last complained of, if it did."""
        if self._retrying is not None and self._retrying.status is not None:
            return self._failure(_refused(self._retrying.status))
        return AgentSilent(
            f"The model gave no sign of life for {self._options.silence_seconds:g} s."
        )

    def _event(self, heard: Heard) -> Seen | None:
        match heard:
            case TextSaid(text):
                return Spoke(text, self.spent)
            case Wrote(letters) if self._talk.chat:
                return Writes(letters, self.spent)
            case ToolCalled(call, tool, arguments):
                self._calls[call] = tool
                return Called(call, tool, arguments, self.spent)
            case Came(call, failed, text):
                return Returned(call, self._calls.pop(call, ""), failed, text)
            case Retrying(status, seconds) if status == LIMITED and seconds > LONGEST_RETRY:
                raise limited(self._in(seconds))
        self._note(heard)
        return None

    def _note(self, heard: Heard) -> None:
        match heard:
            case Used(answer, tokens_in, tokens_out):
                so_far = self._answers.get(answer, heard)
                self._answers[answer] = Used(
                    answer,
                    max(tokens_in, so_far.tokens_in),
                    max(tokens_out, so_far.tokens_out),
                )
            case Retrying():
                self._retrying = heard
            case LimitReached(until):
                self._circumstances = replace(self._circumstances, until=until)
            case ProgramError():
                self._circumstances = replace(self._circumstances, complaint=heard)

    def _reply(self, ended: TurnEnded) -> ModelReply:
        """Return the last word of a turn, or raise what became of it."""
        self._take(TranscriptUsage(ended.cost_usd, ended.tokens_in, ended.tokens_out))
        if ended.failed or ended.stop_reason == "refusal":
            raise self._failure(ended)
        if self._talk.schema is not None and ended.structured is None:
            raise AgentOutputInvalid("The model did not give the answer it was asked for.")
        return ModelReply(ended.text, ended.structured, self.spent)

    def _failure(self, ended: TurnEnded) -> Exception:
        if refused := self._pass.refused():  # by our own rules, not by the provider
            return refused
        if ended.status == LIMITED and self._circumstances.until is None:
            until = self._pass.limited_until()
            self._circumstances = replace(self._circumstances, until=until)
        return failure(ended, self._circumstances, self._line.stderr)

    def _in(self, seconds: float) -> datetime:
        return self._clock.now() + timedelta(seconds=seconds)

    def _take(self, whole: TranscriptUsage) -> None:
        """Take what the whole conversation has used; our part is what came since we began."""
        self._told = TranscriptUsage(
            max(self._told.cost_usd, whole.cost_usd - self._before.cost_usd),
            max(self._told.tokens_in, whole.tokens_in - self._before.tokens_in),
            max(self._told.tokens_out, whole.tokens_out - self._before.tokens_out),
        )


def _refused(status: int | None) -> TurnEnded:
    """Return what the program would tell in the end, had it not gone on asking."""
    return TurnEnded(failed=True, reason="api_error", status=status)
