"""The connection to the running program; the only file that uses claude-agent-sdk."""

import asyncio
import base64
import json
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import claude_agent_sdk
from claude_agent_sdk import (
    ClaudeAgentOptions,
    ClaudeSDKClient,
    ClaudeSDKError,
    CLINotFoundError,
    HookContext,
    HookInput,
    HookJSONOutput,
    HookMatcher,
    ProcessError,
    ResultError,
)
from claude_agent_sdk.types import HookEvent, McpSdkServerConfig
from theseus_guard.completion import wait_until_done

from bot.adapters.claude_agent.chat._chat_turns import ClaudeOptions, Talk
from bot.adapters.claude_agent.program import _launch
from bot.adapters.claude_agent.program._events import Allow, Deny
from bot.adapters.claude_agent.program._failures import (
    TurnContext,
    build_crash_error,
    build_missing_error,
    build_turn_error,
    format_detail,
)
from bot.adapters.claude_agent.program._translate import STRUCTURED, Translator
from bot.adapters.claude_agent.program._transport_events import Heard, TurnEnded
from bot.adapters.claude_agent.prompting._transcripts import get_own_folder
from bot.domain.errors import AgentUnavailable
from bot.domain.report_picture import ReportPicture
from bot.ports.model_gateway import GatewayLease

START_SECONDS = 60.0
LEAVE_SECONDS = 2.0  # the time for a finished program to end by itself
RULING_SECONDS = 60.0
LINE_BYTES = 64 * 1024 * 1024  # the size limit of one message: a large file, encoded twice
STDERR_LINES = 40
UNREADABLE = (
    ClaudeSDKError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What reading a message raises. The SDK lets errors through for messages of unexpected shapes."""
WRITING = frozenset({"Edit", "Write"})
PROGRAM = Path(claude_agent_sdk.__file__).parent / "_bundled" / "claude"


class SdkTransport:
    """One run of the program.

    `conversation` is its id; `resume` continues a stored conversation.
    """

    def __init__(
        self,
        options: ClaudeOptions,
        talk: Talk,
        lease: GatewayLease,
        conversation: str,
        *,
        resume: bool,
    ) -> None:
        """Store the options; nothing is started yet."""
        self._options = options
        self._talk = talk
        self._pass = lease
        self._stderr: deque[str] = deque(maxlen=STDERR_LINES)
        self._translator = Translator()
        self._conversation = conversation
        self._resume = resume
        self._room = _launch.ProgramSandbox(
            sandbox=options.sandbox,
            private_folder=get_own_folder(options.home, conversation),
            cwd=talk.cwd,
            changes=not WRITING.isdisjoint(talk.tools),
            lease=lease,
        )
        self._parent_death_pipe: _launch.ParentDeathPipe | None = None
        self._client: ClaudeSDKClient | None = None
        self._pictures = talk.pictures

    @property
    def model(self) -> str:
        """The model's full name, once the program has reported it."""
        return self._translator.model

    @property
    def stderr(self) -> str:
        """The last lines of the program's error output."""
        return "\n".join(self._stderr)

    async def open(self) -> None:
        """Start the program and connect. If this raises, no process is left running."""
        program = self._options.cli_path or PROGRAM
        if not program.is_file():
            raise build_missing_error(f"{program} does not exist")
        try:
            home = _launch.create_private_folder(self._options.home)
            command = self._room.build_command(program)
            starter = _launch.write_starter(home, self._conversation, command)
            self._parent_death_pipe = _launch.ParentDeathPipe(home)
        except OSError as error:
            raise AgentUnavailable(
                "The Claude Code program cannot be started.", detail=format_detail(str(error))
            ) from error
        self._client = ClaudeSDKClient(self._build_options(starter, self._parent_death_pipe))
        opening = asyncio.create_task(self._client.connect(), name="claude: connect")
        try:
            await asyncio.wait({opening}, timeout=START_SECONDS)
        finally:
            if failed := not (opening.done() and opening.exception() is None):
                self._parent_death_pipe.cut()
                await wait_until_done(opening)
                await self.close(at_once=True)
        if failed:
            raise self._build_error(opening.exception())

    async def send(self, prompt: str) -> None:
        """Send a prompt to be answered."""
        if self._client is None:
            raise AgentUnavailable("The conversation is over.")
        pictures, self._pictures = self._pictures, ()
        try:
            await self._client.query(_iterate_message(prompt, pictures) if pictures else prompt)
        except ClaudeSDKError as error:
            raise self._build_error(error) from error

    async def receive(self) -> AsyncGenerator[Heard, None]:
        """Yield events until the program ends; then raise an error."""
        if self._client is None:
            return
        try:
            async for message in self._client.receive_messages():
                for event in self._translator.translate(message):
                    yield event
        except UNREADABLE as error:
            raise self._build_error(error) from error
        raise build_crash_error(None, self.stderr)

    async def close(self, *, at_once: bool) -> None:
        """End the program and all its child processes; a cancellation waits for that."""
        client, self._client = self._client, None
        if client is None or self._parent_death_pipe is None:
            return
        if at_once:
            self._parent_death_pipe.cut()
        closing = asyncio.create_task(client.disconnect(), name="claude: disconnect")
        try:
            await asyncio.wait({closing}, timeout=LEAVE_SECONDS)
        finally:
            self._parent_death_pipe.cut()
            await wait_until_done(closing)

    def _build_error(self, error: BaseException | None) -> Exception:
        """Return our error for any exception of the SDK, which also raises bare exceptions."""
        context = TurnContext(resumed=self._resume)
        match error:
            case CLINotFoundError():
                return build_missing_error(str(error))
            case ResultError():
                turn_end = TurnEnded(
                    failed=True,
                    kind=error.subtype or "",
                    reason=error.terminal_reason or "",
                    status=error.api_error_status,
                    text=error.result or "\n".join(error.errors),
                )
                return build_turn_error(turn_end, context, self.stderr)
            case ProcessError(exit_code=code):
                return build_crash_error(code, self.stderr)
        return AgentUnavailable(
            "The connection to the Claude Code program broke.",
            detail=format_detail(f"{type(error).__name__}: {error}", self.stderr),
        )

    def _build_options(
        self, starter: Path, parent_death_pipe: _launch.ParentDeathPipe
    ) -> ClaudeAgentOptions:
        options, talk = self._options, self._talk
        environment = _launch.build_environment(
            self._room.private_folder, self._pass, retries=options.retries, more=options.environment
        )
        server = cast(McpSdkServerConfig | None, talk.server)
        own_tools = [f"mcp__{server['name']}"] if server else []
        schema = {"type": "json_schema", "schema": dict(talk.schema)} if talk.schema else None
        return ClaudeAgentOptions(
            cli_path=starter,
            env={**environment, "THESEUS_LIFELINE": str(parent_death_pipe.path)},
            cwd=talk.cwd,
            system_prompt=talk.system,
            model=talk.role.model,
            effort=talk.role.effort,
            max_turns=talk.role.turns,
            max_budget_usd=talk.usd,
            tools=list(talk.tools),
            allowed_tools=[*talk.tools, *own_tools],
            mcp_servers={server["name"]: server} if server else {},
            strict_mcp_config=True,
            setting_sources=[],
            settings=json.dumps({"attribution": {"commit": "", "pr": ""}}),
            skills=[],
            permission_mode="dontAsk",
            verbatim_prompts=True,
            include_partial_messages=True,
            hooks={
                "PreToolUse": [
                    HookMatcher(hooks=[self._judge], timeout=RULING_SECONDS, on_failure="block")
                ],
                **self._build_news_hooks(),
            },
            output_format=schema,
            max_buffer_size=LINE_BYTES,
            stderr=self._stderr.append,
            resume=self._conversation if self._resume else None,
            session_id=None if self._resume else self._conversation,
        )

    async def _judge(
        self, hook_input: HookInput, call: str | None, context: HookContext
    ) -> HookJSONOutput:
        """Ask the judge about a tool call. If this raises, the call is blocked (`on_failure`)."""
        question = cast(Mapping[str, Any], hook_input)
        tool, arguments = str(question["tool_name"]), question["tool_input"]
        if tool == STRUCTURED:
            return _build_ruling("allow")
        if not self._is_offered(tool):
            return _build_ruling("deny", permissionDecisionReason=f"There is no {tool} here.")
        if closing := await self._pass.closing():  # the rest is for a final answer
            return _build_ruling("deny", permissionDecisionReason=closing)
        ruling = await self._talk.judge(tool, arguments) if self._talk.judge else Allow()
        match ruling:
            case Deny(reason):
                return _build_ruling("deny", permissionDecisionReason=reason)
            case Allow(None):
                return _build_ruling("allow")
            case Allow(instead):
                return _build_ruling("allow", updatedInput=dict(instead or {}))

    def _build_news_hooks(self) -> dict[HookEvent, list[HookMatcher]]:
        """Return the hooks that add news to tool results.

        A separate message could start a turn whose answer is not read.
        """
        events: tuple[HookEvent, ...] = ("PostToolUse", "PostToolUseFailure")
        if self._talk.news is None:
            return {}
        return {event: [HookMatcher(hooks=[self._tell])] for event in events}

    async def _tell(
        self, returned: HookInput, call: str | None, context: HookContext
    ) -> HookJSONOutput:
        news = self._talk.news() if self._talk.news else ""
        output = {"hookEventName": returned["hook_event_name"], "additionalContext": news}
        return cast(HookJSONOutput, {"hookSpecificOutput": output} if news else {})

    def _is_offered(self, tool: str) -> bool:
        server = cast(McpSdkServerConfig | None, self._talk.server)
        is_own = server is not None and tool.startswith(f"mcp__{server['name']}__")
        return is_own or tool in self._talk.tools


def _build_ruling(decision: str, **more: object) -> HookJSONOutput:
    output = {"hookEventName": "PreToolUse", "permissionDecision": decision, **more}
    return cast(HookJSONOutput, {"hookSpecificOutput": output})


async def _iterate_message(
    prompt: str, pictures: Sequence[ReportPicture]
) -> AsyncGenerator[dict[str, Any], None]:
    """Yield the prompt as the one message of a person, followed by the pictures."""
    blocks = [
        {
            "type": "image",
            "source": {
                "type": "base64",
                "media_type": picture.media_type,
                "data": base64.b64encode(picture.content).decode("ascii"),
            },
        }
        for picture in pictures
    ]
    content = [{"type": "text", "text": prompt}, *blocks]
    yield {
        "type": "user",
        "message": {"role": "user", "content": content},
        "parent_tool_use_id": None,
    }
