"""A program that uses only claude-agent-sdk to hold the conversations it receives.

Every line of standard input is one conversation (`bench.bare.Asked` as JSON); each line of standard
output reports the end of one. Conversations run concurrently, each with a separate program.
"""

import asyncio
import json
import sys
from typing import Any

from claude_agent_sdk import (
    ClaudeAgentOptions,
    ClaudeSDKClient,
    ResultMessage,
    create_sdk_mcp_server,
    tool,
)

LINE_BYTES = 4 * 1024 * 1024


@tool("git_pr_create", "Write the title and text of the pull request.", {"title": str, "body": str})
async def write_draft(arguments: dict[str, Any]) -> dict[str, Any]:
    """Take the text of a pull request."""
    return {"content": [{"type": "text", "text": f"Noted: {arguments['title']}"}]}


@tool("run_tests", "Run the tests.", {})
async def run_tests(_arguments: dict[str, Any]) -> dict[str, Any]:
    """Run no tests: the client of this conversation verifies nothing."""
    return {"content": [{"type": "text", "text": "Nothing was run."}]}


async def hold_conversation(asked: dict[str, Any]) -> None:
    """Start the program, ask, read the complete answer, and leave."""
    schema = asked["schema"]
    options = ClaudeAgentOptions(
        cwd=asked["cwd"],
        system_prompt=asked["system"],
        model=asked["model"],
        tools=asked["tools"],
        allowed_tools=[*asked["tools"], "mcp__theseus"],
        mcp_servers={"theseus": create_sdk_mcp_server("theseus", tools=[write_draft, run_tests])},
        strict_mcp_config=True,
        setting_sources=[],
        permission_mode="dontAsk",
        verbatim_prompts=True,
        output_format={"type": "json_schema", "schema": schema} if schema else None,
    )
    ended = None
    async with ClaudeSDKClient(options) as client:
        await client.query(asked["prompt"])
        async for message in client.receive_response():
            if isinstance(message, ResultMessage):
                ended = message
    failed = ended is None or ended.is_error
    tell(asked["number"], failed=failed, message=repr(ended))


def tell(number: int, *, failed: bool = False, message: str = "") -> None:
    """Say that a conversation is over; number 0 says that the program is ready."""
    sys.stdout.write(json.dumps({"number": number, "failed": failed, "told": message}) + "\n")
    sys.stdout.flush()


async def main() -> None:
    """Hold conversations until standard input ends; those under way end with it."""
    lines = asyncio.StreamReader(limit=LINE_BYTES)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    tell(0)
    async with asyncio.TaskGroup() as group:
        held = set()
        async for line in lines:
            held.add(group.create_task(hold_conversation(json.loads(line))))
        for each in held:
            each.cancel()


if __name__ == "__main__":
    asyncio.run(main())
