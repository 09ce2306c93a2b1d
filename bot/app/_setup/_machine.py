"""The wizard's third and fourth part: the model, and the sandbox."""

import asyncio

from bot.app._doctor._machine import INSTALL_SANDBOX, look_at_sandbox
from bot.app._doctor._model import KEYS, look_at_model
from bot.app._setup._desk import Desk

_ABOUT = f"""\
  With a key of Anthropic's, a model diagnoses and writes the fix. You pay Anthropic by use; the
  caps are in data/config.yaml, under engine. Without one, the offline engine does it: small edits
  and reverts, judged by tests. Keys: {KEYS}
  For another server with the same API, set ANTHROPIC_BASE_URL in .env and start again."""


def set_up_model(desk: Desk) -> None:
    """Settle whether a model works along, and with which key."""
    desk.asking.say("\n3 of 4: the model")
    environment = desk.settings.environment
    if environment.anthropic_api_key is None:
        desk.asking.say(_ABOUT)
    if environment.anthropic_base_url is not None:
        desk.asking.say(f"  ANTHROPIC_BASE_URL is {environment.anthropic_base_url}")
    while True:
        desk.ask_secret("ANTHROPIC_API_KEY", "Anthropic key", needed=False)
        if desk.show(asyncio.run(look_at_model(desk.trial()))):
            return
        if not desk.asking.again("model", "  Mend it and try again"):
            return


def set_up_sandbox(desk: Desk) -> None:
    """Look whether commands can be confined; say how to make it so."""
    desk.asking.say("\n4 of 4: the sandbox")
    while not desk.show(asyncio.run(look_at_sandbox(desk.trial()))):
        desk.asking.say(f"  {INSTALL_SANDBOX}; without it no fix is tried.")
        if not desk.asking.again("sandbox", "  Then look again"):
            return
