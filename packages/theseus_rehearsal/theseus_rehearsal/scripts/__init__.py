"""Reads and writes scripts in the form that people write: mappings and lists."""

from theseus_rehearsal.scripts._fields import UnreadableScript
from theseus_rehearsal.scripts._lines import format_steps, parse_steps
from theseus_rehearsal.scripts._reader import load_expected, load_script
from theseus_rehearsal.scripts._short_forms import (
    format_duration,
    parse_duration,
    parse_slash_command,
)
from theseus_rehearsal.scripts._steps import STEPS
from theseus_rehearsal.scripts._writer import describe_step, dump_script, dump_transcript

__all__ = [
    "STEPS",
    "UnreadableScript",
    "describe_step",
    "dump_script",
    "dump_transcript",
    "format_duration",
    "format_steps",
    "load_expected",
    "load_script",
    "parse_duration",
    "parse_slash_command",
    "parse_steps",
]
