"""The wizard behind `theseus setup`."""

from bot.app._setup._asking import AtTerminal, Beforehand
from bot.app._setup._wizard import run_setup

__all__ = ["AtTerminal", "Beforehand", "run_setup"]
