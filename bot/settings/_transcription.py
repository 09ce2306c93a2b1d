"""How voice messages become text."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from bot.domain.recording import VoiceRules


class VoiceConfig(VoiceRules):
    """Who transcribes voice messages; `auto` prefers this machine to the endpoint."""

    provider: Literal["auto", "off", "whisper", "endpoint"] = "auto"
    folder: Path | None = Field(
        default=None, description="another Whisper model, in CTranslate2's form; null: tiny.en"
    )
    model: str = Field(default="whisper-1", min_length=1, description="of the endpoint")
    usd_per_minute: float = Field(
        default=0.006, ge=0, le=10, description="of the endpoint, charged to the speaker's budget"
    )
