"""Rehearsals: run scripts with the code of some commit, against a private Discord server."""

from bot.adapters.rehearsal._rehearsal import SandboxedRehearsal

__all__ = ["SandboxedRehearsal"]
