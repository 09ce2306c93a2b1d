"""A scripted model behind Anthropic's Messages API: real sockets, and a story for a mind.

async with ScriptedModel([calls("Read", file_path="dice.py"), says("Done.")]) as model:
    ...  # ANTHROPIC_BASE_URL=model.base_url
model.asked("executor")[0].prompt
"""

from tests.twins.model._model import ScriptedModel
from tests.twins.model._requests import Request, Result
from tests.twins.model._script import Case, Story, when
from tests.twins.model._turns import (
    Message,
    Turn,
    breaks,
    calls,
    cuts_off,
    fails,
    falls_silent,
    forever,
    gives,
    held,
    invents,
    limited,
    refuses,
    says,
    slow,
    stops_short,
    thinks,
    together,
    told,
)

__all__ = [
    "Case",
    "Message",
    "Request",
    "Result",
    "ScriptedModel",
    "Story",
    "Turn",
    "breaks",
    "calls",
    "cuts_off",
    "fails",
    "falls_silent",
    "forever",
    "gives",
    "held",
    "invents",
    "limited",
    "refuses",
    "says",
    "slow",
    "stops_short",
    "thinks",
    "together",
    "told",
    "when",
]
