"""The wizard's third and fourth part: the model and the sandbox."""

import asyncio

from bot.cli.doctor.machine import INSTALL_SANDBOX, look_at_sandbox
from bot.cli.doctor.model import KEYS, look_at_model
from bot.cli.setup.answers import SetupSession

_ABOUT = f"""\
  With an Anthropic API key, a model diagnoses bugs and writes fixes. Anthropic charges by use; set
  caps in data/config.yaml, under engine. Without a key, the offline engine makes small edits and
  reverts, and checks them with tests. Keys: {KEYS}
  For another server with the same API, set ANTHROPIC_BASE_URL in .env and start again."""


def set_up_model(session: SetupSession) -> None:
    """Ask for the key of the model, which is optional."""
    session.asking.say("\n3 of 4: the model")
    environment = session.settings.environment
    if environment.anthropic_api_key is None:
        session.asking.say(_ABOUT)
    if environment.anthropic_base_url is not None:
        session.asking.say(f"  ANTHROPIC_BASE_URL is {environment.anthropic_base_url}")
    while True:
        session.ask_secret("ANTHROPIC_API_KEY", "Anthropic key", needed=False)
        if session.show(asyncio.run(look_at_model(session.build_settings()))):
            return
        if not session.asking.ask_retry("model", "  Fix it and try again"):
            return


def set_up_sandbox(session: SetupSession) -> None:
    """Check whether commands can be confined, and explain how to install the sandbox."""
    session.asking.say("\n4 of 4: the sandbox")
    while not session.show(asyncio.run(look_at_sandbox(session.build_settings()))):
        session.asking.say(f"  {INSTALL_SANDBOX}; without it, the bot tries no fix.")
        if not session.asking.ask_retry("sandbox", "  When that is done"):
            return
