"""Rehearsals: run scripts with the code of some commit, against a private Discord server."""

from theseus_rehearsal._rehearsal import SandboxedRehearsal

__all__ = ["SandboxedRehearsal"]
