"""Rehearsals: scripts played with some commit's code, against a Discord of their own."""

from bot.adapters.rehearsal._rehearsal import SandboxedRehearsal

__all__ = ["SandboxedRehearsal"]
