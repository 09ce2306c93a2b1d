"""Runs scripts with the code of some commit, against a private Discord server: see README.md.

`theseus_rehearsal.sandboxed_rehearsal` runs them. It imports a Discord server, so it is not
imported here: many programs only read the records.
"""

from theseus_rehearsal.behaviour import AnswerChange, BehaviourDiff
from theseus_rehearsal.errors import RehearsalError, SandboxUnavailable, UnreadableYaml
from theseus_rehearsal.ports.rehearsal import Rehearsal, ScriptRunner, run_script, run_scripts
from theseus_rehearsal.ports.sandbox import Completed, Sandbox, SandboxLimits
from theseus_rehearsal.recorded_scripts import (
    RecordedScript,
    build_recorded_script,
    read_journal,
)
from theseus_rehearsal.records import Script, ScriptWorld, Transcript

__all__ = [
    "AnswerChange",
    "BehaviourDiff",
    "Completed",
    "RecordedScript",
    "Rehearsal",
    "RehearsalError",
    "Sandbox",
    "SandboxLimits",
    "SandboxUnavailable",
    "Script",
    "ScriptRunner",
    "ScriptWorld",
    "Transcript",
    "UnreadableYaml",
    "build_recorded_script",
    "read_journal",
    "run_script",
    "run_scripts",
]
