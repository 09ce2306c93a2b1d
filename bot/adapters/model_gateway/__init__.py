"""The model gateway: a loopback reverse proxy for the Messages API, in the bot's own process."""

from bot.adapters.model_gateway._gateway import HttpModelGateway
from bot.adapters.model_gateway._provider import ANTHROPIC, Upstream

__all__ = ["ANTHROPIC", "HttpModelGateway", "Upstream"]
