"""A conversation with the running program: words in, events out, limits held, failures mapped."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from bot.adapters.claude_agent._chat_turns import ClaudeOptions, Talk
from bot.adapters.claude_agent._events import (
    ModelReply,
    ModelText,
    ModelTextDelta,
    Seen,
    ToolCall,
    ToolResult,
)
from bot.adapters.claude_agent._failures import TurnContext, build_limit_error, build_turn_error
from bot.adapters.claude_agent._transcripts import TranscriptUsage, read_usage
from bot.adapters.claude_agent._transport_events import (
    Heard,
    LimitReached,
    ProgramError,
    Retrying,
    TextBlockReceived,
    TextDelta,
    ToolCalled,
    ToolReturned,
    TurnEnded,
    UsageReported,
)
from bot.domain.account import Account
from bot.domain.cost import Cost
from bot.domain.errors import AgentOutputInvalid, AgentSilent, AgentTimeout, AgentUnavailable
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
        lease: GatewayLease,
        clock: Clock,
        transcript: Path | None,
    ) -> None:
        """Begin with an open line. `kept` is the transcript that is gone on with."""
        self._line = line
        self._options = options
        self._talk = talk
        self._pass = lease
        self._clock = clock
        self._is_resumed = transcript is not None
        self._before = read_usage(
            transcript
        )  # the program counts on from there; we begin at nothing
        self._answers: dict[str, UsageReported] = {}
        self._transcript_usage = TranscriptUsage()
        self._calls: dict[str, str] = {}  # called and not returned: id and tool
        self._turn_context = TurnContext(
            role=talk.name.rpartition(":")[2] or "engine",
            model=talk.role.model,
            turns=talk.role.turns,
            usd=talk.usd,
            resumed=self._is_resumed,
        )
        self._retrying: Retrying | None = None
        self._until: float | None = None
        self._alive = 0.0
        self.settled = True  # no turn is under way

    @property
    def is_resumed(self) -> bool:
        """Return whether the program still knows what was said before, in another process."""
        return self._is_resumed

    @property
    def cost(self) -> Cost:
        """Return what this conversation has cost by now, in this process."""
        answers = self._answers.values()
        return Cost(
            cost_usd=self._transcript_usage.cost_usd,
            tokens_in=max(
                self._transcript_usage.tokens_in, sum(each.tokens_in for each in answers)
            ),
            tokens_out=max(
                self._transcript_usage.tokens_out, sum(each.tokens_out for each in answers)
            ),
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
                heard = await self._receive(hearing)
                if isinstance(heard, TurnEnded):
                    break
                if isinstance(heard, Retrying) and heard.status in HOPELESS:
                    raise self._build_failure(_build_refused_turn(heard.status))
                if event := self._translate(heard):
                    yield event
        self.settled = True
        yield self._reply(heard)

    def apply_transcript(self, transcript: Path | None) -> None:
        """Take what the transcript says was used: a turn broken off never told it itself."""
        self._take(read_usage(transcript))

    def _begin(self) -> None:
        now = asyncio.get_running_loop().time()
        first = self._until is None
        if first or self._talk.chat:
            self._until = now + self._talk.seconds
        if not first:
            self._turn_context = replace(
                self._turn_context, resumed=False, program_error=None, until=None
            )
        self._alive = now
        self._retrying = None
        self._calls.clear()
        self.settled = False

    async def _receive(self, hearing: AsyncGenerator[Heard, None]) -> Heard:
        """Return what comes next. Waiting for a tool is no silence."""
        until = self._until or 0.0
        quiet = until if self._calls else self._alive + self._options.silence_seconds
        try:
            async with asyncio.timeout_at(min(until, quiet)):
                heard = await anext(hearing)
        except TimeoutError:
            if quiet < until:
                raise self._build_silence_error() from None
            raise AgentTimeout(f"The {self._talk.seconds:g} s for this are used up.") from None
        if not isinstance(heard, Retrying):
            self._alive = asyncio.get_running_loop().time()
        return heard

    def _build_silence_error(self) -> Exception:
        """Return the error for no sign of life: what the program last complained of, if it did."""
        if self._retrying is not None and self._retrying.status is not None:
            return self._build_failure(_build_refused_turn(self._retrying.status))
        return AgentSilent(
            f"The model gave no sign of life for {self._options.silence_seconds:g} s."
        )

    def _translate(self, event: Heard) -> Seen | None:
        match event:
            case TextBlockReceived(text):
                return ModelText(text, self.cost)
            case TextDelta(letters) if self._talk.chat:
                return ModelTextDelta(letters, self.cost)
            case ToolCalled(call, tool, arguments):
                self._calls[call] = tool
                return ToolCall(call, tool, arguments, self.cost)
            case ToolReturned(call, failed, text):
                return ToolResult(call, self._calls.pop(call, ""), failed, text)
            case Retrying(status, seconds) if status == LIMITED and seconds > LONGEST_RETRY:
                raise build_limit_error(self._get_time_in(seconds))
        self._note(event)
        return None

    def _note(self, event: Heard) -> None:
        match event:
            case UsageReported(answer, tokens_in, tokens_out):
                so_far = self._answers.get(answer, event)
                self._answers[answer] = UsageReported(
                    answer,
                    max(tokens_in, so_far.tokens_in),
                    max(tokens_out, so_far.tokens_out),
                )
            case Retrying():
                self._retrying = event
            case LimitReached(until):
                self._turn_context = replace(self._turn_context, until=until)
            case ProgramError():
                self._turn_context = replace(self._turn_context, program_error=event)

    def _reply(self, turn_end: TurnEnded) -> ModelReply:
        """Return the last word of a turn, or raise what became of it."""
        self._take(TranscriptUsage(turn_end.cost_usd, turn_end.tokens_in, turn_end.tokens_out))
        if turn_end.failed or turn_end.stop_reason == "refusal":
            raise self._build_failure(turn_end)
        if self._talk.schema is not None and turn_end.structured is None:
            raise AgentOutputInvalid("The model did not give the answer it was asked for.")
        return ModelReply(turn_end.text, turn_end.structured, self.cost)

    def _build_failure(self, turn_end: TurnEnded) -> Exception:
        if refused := self._pass.refused():  # by our own rules, not by the provider
            return refused
        if turn_end.status == LIMITED and self._turn_context.until is None:
            until = self._pass.limited_until()
            self._turn_context = replace(self._turn_context, until=until)
        return build_turn_error(turn_end, self._turn_context, self._line.stderr)

    def _get_time_in(self, seconds: float) -> datetime:
        return self._clock.get_time() + timedelta(seconds=seconds)

    def _take(self, usage: TranscriptUsage) -> None:
        """Take what the whole conversation has used; our part is what came since we began."""
        self._transcript_usage = TranscriptUsage(
            max(self._transcript_usage.cost_usd, usage.cost_usd - self._before.cost_usd),
            max(self._transcript_usage.tokens_in, usage.tokens_in - self._before.tokens_in),
            max(self._transcript_usage.tokens_out, usage.tokens_out - self._before.tokens_out),
        )


def _build_refused_turn(status: int | None) -> TurnEnded:
    """Return what the program would tell in the end, had it not gone on asking."""
    return TurnEnded(failed=True, reason="api_error", status=status)
