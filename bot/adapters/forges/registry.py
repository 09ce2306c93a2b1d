"""All forges: a new one is a folder here, an entry below, a section in `bot/settings/_forge.py`."""

from collections.abc import Mapping

from bot.adapters.forges.forgejo import FORGEJO
from bot.adapters.forges.github import GITHUB
from bot.adapters.forges.local import LOCAL
from bot.adapters.forges.shared.forge_type import ForgeType
from bot.domain.forge_webhook import ForgeWebhook
from bot.settings import Settings

__all__ = ["FORGES", "LOCAL", "WEBHOOKS", "get_forge_type"]

FORGES: Mapping[str, ForgeType] = {each.name: each for each in (LOCAL, GITHUB, FORGEJO)}
"""The forges by the value of `forge.kind`."""

WEBHOOKS: Mapping[str, ForgeWebhook] = {
    each.webhook.name: each.webhook for each in FORGES.values() if each.webhook is not None
}
"""The webhooks of all forges, by the end of their address."""


def get_forge_type(settings: Settings) -> ForgeType:
    """Return the configured kind of forge."""
    return FORGES[settings.config.forge.kind]
