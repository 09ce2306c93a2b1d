"""Transcribes with a server that has OpenAI's interface, `POST /v1/audio/transcriptions`."""

import json
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from pydantic import SecretStr

from bot.domain.account import Account, Charge
from bot.domain.cost import Cost
from bot.domain.recording import (
    Recording,
    RecordingRejected,
    TranscriberUnavailable,
    Transcript,
    TranscriptionError,
    VoiceRules,
)
from bot.ports.clock import Clock
from bot.ports.spend_guard import SpendGuard

_SECONDS = 120.0
_LONGEST = 200_000  # bytes of an answer
_PATH = "/audio/transcriptions"
_TYPES = {"ogg": "audio/ogg", "mp3": "audio/mpeg", "m4a": "audio/mp4", "wav": "audio/wav"}
_CANCELLED = 499  # as nginx logs it: the client was gone before an answer


@dataclass(frozen=True)
class Endpoint:
    """The server: its address up to `/v1`, key, model and price."""

    url: str
    key: SecretStr | None
    model: str
    usd_per_minute: float

    @property
    def host(self) -> str:
        """The server's name."""
        return urlsplit(self.url).hostname or self.url


class EndpointTranscriber:
    """Implements `bot.ports.transcriber.Transcriber`.

    Recordings leave this machine as they are: nothing in them can be redacted. The name of the file
    and who speaks stay here. Redirects are not followed, because the key would go to the other
    host. The price of the longest recording is held before a request is sent; the length that the
    server reports is charged.
    """

    def __init__(
        self, endpoint: Endpoint, rules: VoiceRules, spending: SpendGuard, clock: Clock
    ) -> None:
        self._endpoint = endpoint
        self._rules = rules
        self._spending = spending
        self._clock = clock

    @property
    def description(self) -> str:
        """The model, and the server that recordings are sent to."""
        return f"{self._endpoint.model} at {self._endpoint.host}"

    async def transcribe(self, recording: Recording, person_id: int) -> Transcript:
        """Return what was said; see the port."""
        account, request = Account(purpose="chat", person_id=person_id), f"voice-{uuid.uuid4()}"
        most = self._compute_price(None)
        await self._spending.admit(account, Cost(cost_usd=most), request)
        status, seconds, text = _CANCELLED, None, None
        started = self._clock.monotonic()
        try:
            status, raw = await self._send(recording)
            answer = _parse_json(raw)
            seconds, text = _find_seconds(answer), answer.get("text")
        finally:
            # refused, it costs nothing; broken off, it may have cost all
            is_paid = status in (200, _CANCELLED)
            charge = Charge(
                id=request,
                at=self._clock.now(),
                account=account,
                model=self._endpoint.model,
                status=status,
                outcome="ok" if status == 200 else "cancelled" if is_paid else "error",
                estimated=is_paid and seconds is None,
                cost_usd=self._compute_price(seconds) if is_paid else 0.0,
                seconds=max(0.0, self._clock.monotonic() - started),
            )
            await self._spending.settle(charge)
        if status != 200:
            raise self._build_error(status)
        if not isinstance(text, str):
            raise TranscriberUnavailable(f"{self._endpoint.host} answered without a text")
        return Transcript(text=text.strip(), seconds=seconds or 0.0)

    def _compute_price(self, seconds: float | None) -> float:
        """Return the price of a recording, at most that of the longest, for which `None` counts."""
        longest = self._rules.seconds
        minutes = min(longest if seconds is None else seconds, longest) / 60
        return minutes * self._endpoint.usd_per_minute

    async def _send(self, recording: Recording) -> tuple[int, bytes]:
        key = self._endpoint.key
        headers = {"User-Agent": "Theseus"}
        if key is not None:
            headers["Authorization"] = f"Bearer {key.get_secret_value()}"
        form = aiohttp.FormData()
        form.add_field("model", self._endpoint.model)
        form.add_field("response_format", "json")
        form.add_field(
            "file",
            recording.content,
            filename=f"recording.{recording.format}",
            content_type=_TYPES[recording.format],
        )
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as web,
                web.post(
                    self._endpoint.url.rstrip("/") + _PATH,
                    data=form,
                    headers=headers,
                    allow_redirects=False,
                ) as answer,
            ):
                return answer.status, await answer.content.read(_LONGEST)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            failure = type(error).__name__  # its text may hold the address with a password
            raise TranscriberUnavailable(
                f"{self._endpoint.host}, which transcribes, cannot be reached ({failure}). Please "
                "try again later, or write it."
            ) from None

    def _build_error(self, status: int) -> TranscriptionError:
        """Return the error for a status; what the server wrote is not shown."""
        host = self._endpoint.host
        if status in (400, 413, 415, 422):
            return RecordingRejected(
                f"{host} cannot transcribe this recording ({status}). Please record it again, or "
                "write it."
            )
        if status in (401, 403):
            return TranscriberUnavailable(
                f"{host} does not accept the key for transcriptions; check THESEUS_VOICE_KEY"
            )
        hint = "; redirects are not followed" if 300 <= status < 400 else ""
        return TranscriberUnavailable(
            f"{host}, which transcribes, answered {status}{hint}. Please try again later, or write "
            "it."
        )


def _parse_json(raw: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _find_seconds(answer: dict[str, Any]) -> float | None:
    """Return the length of the recording that the server reports, in one of two places."""
    usage = answer.get("usage")
    reported = usage.get("seconds") if isinstance(usage, dict) else answer.get("duration")
    if not isinstance(reported, int | float) or isinstance(reported, bool):
        return None
    return float(reported) if 0 <= reported < float("inf") else None
