"""Translates the SDK's messages to events. Other messages only show that the program is alive."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from claude_agent_sdk import (
    AssistantMessage,
    Message,
    RateLimitEvent,
    ResultMessage,
    StreamEvent,
    SystemMessage,
    TextBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
)

from bot.adapters.claude_agent.program._transport_events import (
    Alive,
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
from bot.adapters.claude_agent.prompting._transcripts import sum_tokens

STRUCTURED = "StructuredOutput"  # the program's own tool for structured answers
SYNTHETIC = "<synthetic>"  # the model's name in messages that the program itself wrote
RESULT_CHARS = 20_000


class Translator:
    """Translates messages; remembers the streamed answer and the calls to hide."""

    def __init__(self) -> None:
        """Start without a model and without calls."""
        self.model = ""  # the full name of the model, once the program has reported it
        self._answer = ""
        self._silent: set[str] = set()

    def translate(self, message: Message) -> Iterator[Heard]:
        """Yield the events of a message in order, at least one for most messages."""
        match message:
            case StreamEvent(event=event):
                yield from self._translate_stream_event(event)
            case AssistantMessage(model=model, content=blocks) as said:
                if said.error or model == SYNTHETIC:
                    texts = [block.text for block in blocks if isinstance(block, TextBlock)]
                    yield ProgramError(said.error or "", "\n".join(texts))
                else:
                    yield from self._translate_assistant(said)
            case UserMessage(content=list(blocks)):
                yield from self._translate_results(blocks)
            case RateLimitEvent(rate_limit_info=info) if info.status == "rejected":
                yield LimitReached(_parse_time(info.resets_at))
            case ResultMessage():
                yield _build_turn_end(message)
            case SystemMessage(data=fields):
                yield from self._translate_system(message.subtype, fields)
            case _:
                yield Alive()

    def _translate_assistant(self, message: AssistantMessage) -> Iterator[Heard]:
        yield from _iterate_usage(message.message_id or "", message.usage)
        for block in message.content:
            match block:
                case TextBlock(text=text) if text.strip():
                    yield TextBlockReceived(text)
                case ToolUseBlock(id=call, name=name) if name == STRUCTURED:
                    self._silent.add(call)
                case ToolUseBlock(id=call, name=name, input=arguments):
                    yield ToolCalled(call, name, arguments)

    def _translate_results(self, blocks: Sequence[object]) -> Iterator[Heard]:
        yield Alive()
        for block in blocks:
            if isinstance(block, ToolResultBlock) and block.tool_use_id not in self._silent:
                yield ToolReturned(
                    block.tool_use_id, bool(block.is_error), _join_text(block.content)
                )

    def _translate_stream_event(self, event: Mapping[str, object]) -> Iterator[Heard]:
        yield Alive()
        message = event.get("message")
        if event.get("type") == "message_start" and isinstance(message, dict):
            self._answer = str(message.get("id", ""))
            yield from _iterate_usage(self._answer, message.get("usage"))
        elif event.get("type") == "message_delta":
            yield from _iterate_usage(self._answer, event.get("usage"))
        elif event.get("type") == "content_block_delta":
            yield from _iterate_text_deltas(event.get("delta"))

    def _translate_system(self, subtype: str, fields: Mapping[str, object]) -> Iterator[Heard]:
        if subtype == "api_retry":
            status = fields.get("error_status")
            yield Retrying(
                status if isinstance(status, int) else None, _count(fields, "retry_delay_ms") / 1000
            )
        elif subtype == "init":
            self.model = str(fields.get("model", ""))


def _iterate_text_deltas(delta: object) -> Iterator[TextDelta]:
    if isinstance(delta, dict) and delta.get("type") == "text_delta":
        yield TextDelta(str(delta.get("text", "")))


def _iterate_usage(answer: str, usage: object) -> Iterator[UsageReported]:
    if answer and isinstance(usage, dict):
        fields = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
        tokens_in = sum(_count(usage, field) for field in fields)
        yield UsageReported(answer, tokens_in, _count(usage, "output_tokens"))


def _build_turn_end(message: ResultMessage) -> TurnEnded:
    tokens_in, tokens_out = sum_tokens(list((message.model_usage or {}).values()))
    return TurnEnded(
        failed=message.is_error,
        kind=message.subtype,
        reason=message.terminal_reason or "",
        stop_reason=message.stop_reason or "",
        status=message.api_error_status,
        text=message.result or "\n".join(message.errors or ()),
        structured=message.structured_output,
        cost_usd=message.total_cost_usd or 0.0,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
    )


def _join_text(content: object) -> str:
    if isinstance(content, list):
        rows = [row for row in content if isinstance(row, dict)]
        content = "\n".join(str(row["text"]) for row in rows if row.get("type") == "text")
    return str(content or "")[:RESULT_CHARS]


def _parse_time(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _count(fields: Mapping[str, object], name: str) -> int:
    value = fields.get(name)
    return value if isinstance(value, int) else 0
