"""The way to the model: who holds the key, and by which rules it is used."""

from typing import Protocol

from theseus_observe.redaction import redact

from bot.adapters.model_gateway import ANTHROPIC, HttpModelGateway, Upstream
from bot.domain.errors import Stopped
from bot.domain.stop import Stop
from bot.ports.clock import Clock
from bot.ports.spend_guard import SpendGuard
from bot.settings import Settings

_NO_KEY_NEEDED = "none"  # another address may ask for no key
_MB = 1024 * 1024


class StopCheck(Protocol):
    """Looks up the emergency stop."""

    async def get_stop(self) -> Stop | None:
        """Return the active stop, or `None`."""
        ...


def build_model_gateway(
    settings: Settings, spend_guard: SpendGuard, clock: Clock
) -> HttpModelGateway:
    """Return the gateway to the provider that is set, not open yet."""
    config, environment = settings.config.gateway, settings.environment
    key, url = environment.anthropic_api_key, environment.anthropic_base_url
    upstream = Upstream(
        key=key.get_secret_value() if key else _NO_KEY_NEEDED,
        base_url=str(url) if url else ANTHROPIC,
    )
    return HttpModelGateway(
        upstream,
        spend_guard,
        clock,
        settings.state / "gateway",
        redact=redact if config.redact else None,
        prices=settings.config.budget.prices,
        failures=config.failures,
        rest=config.rest_seconds,
        most_bytes=config.request_mb * _MB,
    )


async def cancel_requests(gateway: HttpModelGateway, sign: StopCheck) -> None:
    """Cancel all model requests if an emergency stop is active."""
    if stop := await sign.get_stop():
        await gateway.stop_all(Stopped(stop.summary))
