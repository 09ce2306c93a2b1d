"""The sandbox of the configuration; what it runs sees neither the bot's folder nor its state."""

from theseus_rehearsal.ports.sandbox import Sandbox

from bot.adapters.sandbox import choose_sandbox
from bot.settings import Settings


async def open_configured_sandbox(settings: Settings, *, network: bool | None = None) -> Sandbox:
    """Return a sandbox; `network` is that of checks, `sandbox.network`, unless it is named."""
    config = settings.config.sandbox
    return await choose_sandbox(
        config.kind,
        required=config.required,
        network=config.network == "all" if network is None else network,
        private=(settings.root, settings.state),
    )
