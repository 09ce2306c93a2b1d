"""HTTP in the bot's own process: health, metrics, webhooks, events and the dashboard."""

from bot.web._collaborators import (
    BotFacts,
    ChatConnection,
    PersonLogins,
    ProposalReview,
    StopControl,
    TargetSources,
    WebServices,
)
from bot.web._routes import ROUTES, Route
from bot.web._rules import WebRules, is_loopback
from bot.web._saved_searches import SavedSearchStore
from bot.web._server import WebServer

__all__ = [
    "ROUTES",
    "BotFacts",
    "ChatConnection",
    "PersonLogins",
    "ProposalReview",
    "Route",
    "SavedSearchStore",
    "StopControl",
    "TargetSources",
    "WebRules",
    "WebServer",
    "WebServices",
    "is_loopback",
]
