"""Checks what compares texts by meaning. No model is loaded."""

from bot.adapters.sentence_encoder import find_encoder
from bot.app.meaning_rater import FindEncoder
from bot.domain.finding import DoctorFinding, report_good
from bot.domain.meanings import MeaningUnavailable
from bot.settings import Settings

_NAME = "meanings"


async def look_at_meanings(
    _settings: Settings, find: FindEncoder = find_encoder
) -> list[DoctorFinding]:
    """Say whether reports and notes are found by meaning, or by words alone."""
    try:
        find()
    except MeaningUnavailable as error:
        return [report_good(_NAME, f"found by words alone: {error}")]
    return [report_good(_NAME, "a sentence encoder on this machine, in the sandbox")]
