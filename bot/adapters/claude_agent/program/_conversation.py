"""A conversation with the running program: prompts in, events out, with limits and errors."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from bot.adapters.claude_agent.chat._chat_turns import ClaudeOptions, Talk
from bot.adapters.claude_agent.program._events import (
    ModelReply,
    ModelText,
    ModelTextDelta,
    Seen,
    ToolCall,
    ToolResult,
)
from bot.adapters.claude_agent.program._failures import (
    TurnContext,
    build_limit_error,
    build_turn_error,
)
from bot.adapters.claude_agent.program._transport_events import (
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
from bot.adapters.claude_agent.prompting._transcripts import TranscriptUsage, read_usage
from bot.domain.account import Account
from bot.domain.cost import Cost
from bot.domain.errors import AgentOutputInvalid, AgentSilent, AgentTimeout, AgentUnavailable
from bot.ports.clock import Clock
from bot.ports.model_gateway import GatewayLease

LONGEST_RETRY = 20.0  # seconds; a longer rate limit is reported instead of waited for
LIMITED = 429
HOPELESS = (401, 403)  # a retry with the same key fails again


class TransportLine(Protocol):
    """The connection to one run of the program: `SdkTransport`."""

    @property
    def model(self) -> str:
        """The model's full name, once the program has reported it."""
        ...

    @property
    def stderr(self) -> str:
        """The last lines of the program's error output."""
        ...

    async def open(self) -> None:
        """Start the program and connect. If this raises, no process is left running."""
        ...

    async def send(self, prompt: str) -> None:
        """Send a prompt to be answered."""
        ...

    def receive(self) -> AsyncGenerator[Heard, None]:
        """Yield events until the program ends; then raise an error."""
        ...

    async def close(self, *, at_once: bool) -> None:
        """End the program and all its child processes; a cancellation waits for that."""
        ...


class ProgramConversation:
    """One conversation. Turns follow each other; after a failed turn it can only be closed."""

    def __init__(
        self,
        line: TransportLine,
        options: ClaudeOptions,
        talk: Talk,
        lease: GatewayLease,
        clock: Clock,
        transcript: Path | None,
    ) -> None:
        """Wrap an open connection. `transcript` is the stored conversation that is continued."""
        self._line = line
        self._options = options
        self._talk = talk
        self._pass = lease
        self._clock = clock
        self._is_resumed = transcript is not None
        self._before = read_usage(
            transcript
        )  # the program continues the stored count; this conversation starts at zero
        self._answers: dict[str, UsageReported] = {}
        self._transcript_usage = TranscriptUsage()
        self._calls: dict[str, str] = {}  # calls without a result yet: id -> tool
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
        self.settled = True  # true between turns

    @property
    def is_resumed(self) -> bool:
        """True if the program remembers the conversation of an earlier process."""
        return self._is_resumed

    @property
    def purpose(self) -> str:
        """What the conversation is for."""
        return self._talk.account.purpose

    @property
    def cost(self) -> Cost:
        """The costs of this conversation so far, in this process."""
        answers = self._answers.values()
        return Cost(
            cost_usd=self._transcript_usage.cost_usd,
            tokens_in=max(
                self._transcript_usage.tokens_in, sum(usage.tokens_in for usage in answers)
            ),
            tokens_out=max(
                self._transcript_usage.tokens_out, sum(usage.tokens_out for usage in answers)
            ),
        )

    def charge_to(self, account: Account) -> None:
        """Charge further requests to another account."""
        self._pass.charge_to(account)

    async def say(self, prompt: str) -> AsyncGenerator[Seen | ModelReply, None]:
        """Yield what the model says and does, and finally exactly one `ModelReply`.

        Raises the matching `AgentError`, `StaleConversation`, or `BudgetSpent`; the costs until
        then are in `cost`. If the program itself ended the turn with the error, another turn may
        follow.
        """
        if not self.settled:
            raise AgentUnavailable("The conversation is over.")
        self._begin()
        await self._line.send(prompt)
        async with aclosing(self._line.receive()) as events:
            while True:
                received = await self._receive(events)
                if isinstance(received, TurnEnded):
                    break
                if isinstance(received, Retrying) and received.status in HOPELESS:
                    raise self._build_failure(_build_refused_turn(received.status))
                if event := self._translate(received):
                    yield event
        self.settled = True
        yield self._reply(received)

    def apply_transcript(self, transcript: Path | None) -> None:
        """Update the costs from the transcript: an interrupted turn reports none."""
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
        """Return the next event. Waiting for a tool does not count as silence."""
        until = self._until or 0.0
        silent_at = until if self._calls else self._alive + self._options.silence_seconds
        try:
            async with asyncio.timeout_at(min(until, silent_at)):
                received = await anext(hearing)
        except TimeoutError:
            if silent_at < until:
                raise self._build_silence_error() from None
            raise AgentTimeout(f"The time limit of {self._talk.seconds:g} s was reached.") from None
        if not isinstance(received, Retrying):
            self._alive = asyncio.get_running_loop().time()
        return received

    def _build_silence_error(self) -> Exception:
        """Return the error for silence, or for the provider's failure that caused retries."""
        if self._retrying is not None and self._retrying.status is not None:
            return self._build_failure(_build_refused_turn(self._retrying.status))
        return AgentSilent(f"The model sent nothing for {self._options.silence_seconds:g} s.")

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
        """Return the reply of a turn, or raise the error it ended with."""
        self._take(TranscriptUsage(turn_end.cost_usd, turn_end.tokens_in, turn_end.tokens_out))
        if turn_end.failed or turn_end.stop_reason == "refusal":
            raise self._build_failure(turn_end)
        if self._talk.schema is not None and turn_end.structured is None:
            raise AgentOutputInvalid("The model did not give the requested answer.")
        return ModelReply(turn_end.text, turn_end.structured, self.cost)

    def _build_failure(self, turn_end: TurnEnded) -> Exception:
        if refused := self._pass.refused():  # refused by our own rules, not by the provider
            return refused
        if turn_end.status == LIMITED and self._turn_context.until is None:
            until = self._pass.limited_until()
            self._turn_context = replace(self._turn_context, until=until)
        return build_turn_error(turn_end, self._turn_context, self._line.stderr)

    def _get_time_in(self, seconds: float) -> datetime:
        return self._clock.now() + timedelta(seconds=seconds)

    def _take(self, usage: TranscriptUsage) -> None:
        """Update the usage; earlier usage of the whole conversation is subtracted."""
        self._transcript_usage = TranscriptUsage(
            max(self._transcript_usage.cost_usd, usage.cost_usd - self._before.cost_usd),
            max(self._transcript_usage.tokens_in, usage.tokens_in - self._before.tokens_in),
            max(self._transcript_usage.tokens_out, usage.tokens_out - self._before.tokens_out),
        )


def _build_refused_turn(status: int | None) -> TurnEnded:
    """Return the result the program would report if it stopped retrying."""
    return TurnEnded(failed=True, reason="api_error", status=status)
