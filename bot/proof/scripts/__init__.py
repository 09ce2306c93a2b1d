"""Scripts as people write them: mappings and lists, to and from the records that are played."""

from bot.proof.scripts._fields import UnreadableScript
from bot.proof.scripts._lines import lines_from_steps, steps_from_lines
from bot.proof.scripts._reader import script_from
from bot.proof.scripts._short_forms import duration, duration_text, slash_command
from bot.proof.scripts._steps import STEPS
from bot.proof.scripts._writer import asked, script_data, transcript_data

__all__ = [
    "STEPS",
    "UnreadableScript",
    "asked",
    "duration",
    "duration_text",
    "lines_from_steps",
    "script_data",
    "script_from",
    "slash_command",
    "steps_from_lines",
    "transcript_data",
]
