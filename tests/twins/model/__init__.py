"""A scripted model behind Anthropic's Messages API: real sockets, and a story for a mind.

async with ScriptedModel([calls("Read", file_path="dice.py"), says("Done.")]) as model:
    ...  # ANTHROPIC_BASE_URL=model.base_url
model.asked("executor")[0].prompt
"""

from tests.twins.model._model import ScriptedModel
from tests.twins.model._requests import Request, Result
from tests.twins.model._script import Case, Story, make_case
from tests.twins.model._turns import (
    Message,
    Turn,
    break_stream,
    call_tool,
    call_unknown_tool,
    choose_turn,
    combine_parts,
    cut_off,
    delay_turn,
    fail_request,
    fall_silent,
    give_result,
    hold_turn,
    limit_usage,
    refuse_answer,
    repeat_turn,
    say_text,
    stop_short,
    think_aloud,
)

__all__ = [
    "Case",
    "Message",
    "Request",
    "Result",
    "ScriptedModel",
    "Story",
    "Turn",
    "break_stream",
    "call_tool",
    "call_unknown_tool",
    "choose_turn",
    "combine_parts",
    "cut_off",
    "delay_turn",
    "fail_request",
    "fall_silent",
    "give_result",
    "hold_turn",
    "limit_usage",
    "make_case",
    "refuse_answer",
    "repeat_turn",
    "say_text",
    "stop_short",
    "think_aloud",
]
