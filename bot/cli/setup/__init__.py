"""The wizard behind `theseus setup`."""

from bot.cli.setup.prompts import ScriptedPrompter, TerminalPrompter
from bot.cli.setup.wizard import run_setup

__all__ = ["ScriptedPrompter", "TerminalPrompter", "run_setup"]
