"""The forge on a Forgejo server, such as Codeberg. Only this package holds its token."""

from datetime import timedelta

from bot.adapters.forges.forgejo.doctor import examine
from bot.adapters.forges.forgejo.forge import ForgejoForge
from bot.adapters.forges.forgejo.questions import ask_settings
from bot.adapters.forges.forgejo.settings import is_host_of, open_forge
from bot.adapters.forges.forgejo.webhook import WEBHOOK
from bot.adapters.forges.shared.forge_type import ForgeType

__all__ = ["FORGEJO", "ForgejoForge"]

FORGEJO = ForgeType(
    name="forgejo",
    title="Forgejo",
    open=open_forge,
    ask=ask_settings,
    is_host_of=is_host_of,
    examine=examine,
    polling=timedelta(seconds=15),  # servers limit the rate of requests, each in its own way
    webhook=WEBHOOK,
    example_remote="git@codeberg.org:OWNER/NAME.git",
)
