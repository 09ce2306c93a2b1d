"""Chooses what transcribes voice messages, by the configuration and what is installed."""

from collections.abc import Callable
from pathlib import Path

from theseus_rehearsal.ports.sandbox import Sandbox

from bot.adapters.endpoint_transcriber import Endpoint, EndpointTranscriber
from bot.adapters.unavailable_transcriber import UnavailableTranscriber
from bot.adapters.whisper_transcriber import WhisperModel, WhisperTranscriber, find_model
from bot.app.configured_sandbox import open_configured_sandbox
from bot.budget.enforcement import BudgetEnforcer
from bot.client import Identity
from bot.domain.recording import TranscriberUnavailable
from bot.intake.recording_transcripts import RecordingTranscripts
from bot.ports.clock import Clock
from bot.ports.spend_guard import SpendGuard
from bot.ports.transcriber import Transcriber
from bot.settings import Settings

FindModel = Callable[[Path | None], WhisperModel]
_NO_ADDRESS = "set THESEUS_VOICE_URL in .env to a server with OpenAI's interface"


async def build_recording_transcripts(
    settings: Settings, sandbox: Sandbox, spending: BudgetEnforcer, clock: Clock, who: Identity
) -> RecordingTranscripts:
    """Return the service that listens to recordings, or declines them."""
    if settings.config.sandbox.network == "all":
        # Transcribing needs no network, whatever checks need.
        sandbox = await open_configured_sandbox(settings, network=False)
    transcriber = choose_transcriber(settings, sandbox, spending, clock)
    return RecordingTranscripts(transcriber, settings.config.voice, who.people)


def choose_transcriber(
    settings: Settings,
    sandbox: Sandbox,
    spending: SpendGuard,
    clock: Clock,
    find: FindModel = find_model,
) -> Transcriber:
    """Return what transcribes. `auto` prefers this machine, which recordings then do not leave."""
    config = settings.config.voice
    if config.provider == "off":
        return UnavailableTranscriber("`voice.provider` is off")
    reasons = []
    if config.provider in ("auto", "whisper"):
        try:
            model = find(None if config.folder is None else settings.root / config.folder)
        except TranscriberUnavailable as error:
            reasons.append(str(error))
        else:
            return WhisperTranscriber(model, sandbox, config)
    if config.provider in ("auto", "endpoint"):
        endpoint = build_endpoint(settings)
        if endpoint is not None:
            return EndpointTranscriber(endpoint, config, spending, clock)
        reasons.append(_NO_ADDRESS)
    return UnavailableTranscriber("; or ".join(reasons))


def build_endpoint(settings: Settings) -> Endpoint | None:
    """Return the server that transcribes, or `None` if there is no address."""
    environment, config = settings.environment, settings.config.voice
    if environment.theseus_voice_url is None:
        return None
    return Endpoint(
        str(environment.theseus_voice_url),
        environment.theseus_voice_key,
        config.model,
        config.usd_per_minute,
    )
