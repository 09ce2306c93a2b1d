"""The logic of a scripted model for a small world: it does what the world's script says.

It has no state: every turn follows from the conversation so far, so a story may end the bot, the
program or both at any time.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.fakes.scripted_engine import Turn as EngineTurn
from tests.twins.model import (
    Message,
    Request,
    Turn,
    call_tool,
    choose_turn,
    give_result,
    repeat_turn,
    say_text,
)

_RECORD = re.compile(r"^record ([0-9a-z]{8}),", re.MULTILINE)
_FRAME = re.compile(r"^  (\S+\.py):\d+ in (\w+)$", re.MULTILINE)
_CHECKUP = "## A check fails"
_ROUND = re.compile(r"This was round (\d+)\.")
_OURS = "mcp__theseus__"


class ScriptedModelBehaviour:
    """Plans, writes and reviews by `script`: the turns for each function that may be at fault."""

    def __init__(self, script: Path) -> None:
        self._script = script

    @property
    def story(self) -> Mapping[str, Sequence[Turn]]:
        """What the scripted model says, for every role."""
        return {
            "planner": [repeat_turn(choose_turn(self._plan))],
            "executor": [repeat_turn(choose_turn(self._act))],
            "reviewer": [
                repeat_turn(give_result({"approve": True, "summary": "It does what it should."}))
            ],
        }

    def _plan(self, request: Request) -> Turn:
        file, function = _find_fault(request)
        found = {
            "cause": f"`{function}` does not expect the value it was called with here.",
            "confidence": "high",
            "evidence_ids": _RECORD.findall(request.text)[:1],
        }
        if "## The plan" not in request.prompt:
            return give_result(found)
        owned = [file, *(name for turn in self._load_turns(function) for name, *_ in turn.edits)]
        return give_result(
            found
            | {
                "problem": f"`{function}` fails for some of the values people give it.",
                "solution": f"Let `{function}` expect every value that people can give it.",
                "steps": [{"summary": f"Mend {function}", "owned_files": sorted(set(owned))}],
                "risk": "low",
                "impact": "People who use the command.",
                "tests": {
                    "unit": f"A call of {function} with that value.",
                    "integration": "",
                    "performance": "",
                    "user_experience": "",
                },
                "compatibility": "Nothing changes for anybody else.",
                "verification": "The failure does not come back.",
                "rollback": "Revert the merge.",
            }
        )

    def _act(self, request: Request) -> Turn:
        """Perform the next action of this round that is not done yet; at the end, say the text."""
        turns = self._load_turns(_find_fault(request)[1])
        if not turns:
            return say_text("I do not know what to do here.")
        rounds = [
            int(number) for text in _list_messages(request) for number in _ROUND.findall(text)
        ]
        # A failed check comes without a new round; what the script says next is the answer.
        checkups = sum(_CHECKUP in text for text in _list_messages(request))
        number = (rounds[-1] if rounds else 0) + checkups
        turn = turns[min(number, len(turns) - 1)]
        if checkups and number >= len(turns):
            return say_text(turn.summary)
        ahead = list(_iterate_calls(turn))[_count_calls(request) :]
        return ahead[0] if ahead else say_text(turn.summary)

    def _load_turns(self, function: str) -> Sequence[EngineTurn]:
        script = json.loads(self._script.read_text(encoding="utf-8"))
        return [EngineTurn.model_validate(each) for each in script.get(function, ())]


def _find_fault(request: Request) -> tuple[str, str]:
    """Return file and function of the innermost frame the evidence shows."""
    frames = _FRAME.findall("\n".join(_list_messages(request)))
    if not frames:
        raise AssertionError(f"no frame is told in: {request.text[-2_000:]}")
    file, function = frames[-1]
    return file, function


def _iterate_calls(turn: EngineTurn) -> Iterator[Message]:
    if turn.run:
        yield call_tool("Bash", command=shlex.join(turn.run), description="Look at it")
    for file in dict.fromkeys(name for name, *_ in turn.edits):
        yield call_tool("Read", file_path=file)
    for file, before, after in turn.edits:
        yield call_tool("Edit", file_path=file, old_string=before, new_string=after)
    for file, text in turn.files.items():
        if text is not None:
            yield call_tool("Read", file_path=file)
            yield call_tool("Write", file_path=file, content=text)
    if turn.edits or turn.files:
        yield call_tool(f"{_OURS}git_pr_create", title=turn.summary, body="What it says.")


def _list_messages(request: Request) -> list[str]:
    """Return what was said to the model from outside, oldest first; tool results are not in it."""
    return [
        "\n".join(_iterate_texts(message))
        for message in request.messages
        if _is_from_outside(message)
    ]


def _count_calls(request: Request) -> int:
    """Return the number of tool calls since the last message to the model."""
    count = 0
    for message in request.messages:
        if _is_from_outside(message):
            count = 0
        count += sum(block.get("type") == "tool_use" for block in _list_blocks(message))
    return count


def _is_from_outside(message: Mapping[str, object]) -> bool:
    from_tools = any(block.get("type") == "tool_result" for block in _list_blocks(message))
    return message.get("role") == "user" and not from_tools


def _list_blocks(message: Mapping[str, object]) -> list[dict[str, object]]:
    content = message.get("content")
    return [each for each in content if isinstance(each, dict)] if isinstance(content, list) else []


def _iterate_texts(message: Mapping[str, object]) -> Iterator[str]:
    content = message.get("content")
    if isinstance(content, str):
        yield content
    yield from (
        str(block["text"]) for block in _list_blocks(message) if block.get("type") == "text"
    )
