"""Checks what transcribes voice messages. Nothing is sent, and no model is loaded."""

from bot.adapters.whisper_transcriber import find_model
from bot.app.transcription import FindModel, build_endpoint
from bot.domain.finding import DoctorFinding, report_bad, report_good, report_note
from bot.domain.recording import TranscriberUnavailable
from bot.settings import Settings

_NAME = "voice messages"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_ADDRESS = "Set THESEUS_VOICE_URL in .env to a server with OpenAI's interface."


async def look_at_transcription(
    settings: Settings, find: FindModel = find_model
) -> list[DoctorFinding]:
    """Check whether the configured provider can work."""
    config = settings.config.voice
    if config.provider == "off":
        return [report_good(_NAME, "declined: voice.provider is off")]
    trouble = ""
    if config.provider in ("auto", "whisper"):
        try:
            model = find(None if config.folder is None else settings.root / config.folder)
        except TranscriberUnavailable as error:
            trouble = str(error)
        else:
            return [report_good(_NAME, f"{model.name} on this machine, in the sandbox")]
    if config.provider == "whisper":
        return [report_bad(_NAME, f"declined: {trouble}", "Install it, or set voice.provider.")]
    endpoint = build_endpoint(settings)
    if endpoint is not None:
        message = f"{endpoint.model} at {endpoint.host}: recordings are sent there as they are"
        if endpoint.url.startswith("http:") and endpoint.host not in _LOOPBACK:
            return [report_note(_NAME, f"{message}, not encrypted", "Use https.")]
        return [report_good(_NAME, message)]
    if config.provider == "endpoint":
        return [report_bad(_NAME, "declined: voice.provider is endpoint, without one", _ADDRESS)]
    return [report_good(_NAME, f"declined: {trouble}; or set THESEUS_VOICE_URL in .env")]
