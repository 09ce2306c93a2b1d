"""Reads and writes scripts in the form that people write: mappings and lists."""

from bot.proof.scripts._fields import UnreadableScript
from bot.proof.scripts._lines import format_steps, parse_steps
from bot.proof.scripts._reader import load_script
from bot.proof.scripts._short_forms import format_duration, parse_duration, parse_slash_command
from bot.proof.scripts._steps import STEPS
from bot.proof.scripts._writer import describe_step, dump_script, dump_transcript

__all__ = [
    "STEPS",
    "UnreadableScript",
    "describe_step",
    "dump_script",
    "dump_transcript",
    "format_duration",
    "format_steps",
    "load_script",
    "parse_duration",
    "parse_slash_command",
    "parse_steps",
]
