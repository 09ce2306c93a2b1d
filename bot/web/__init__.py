"""HTTP in the bot's own process: health, metrics, webhooks, events, the dashboard."""

from bot.web._doors import Emergency, Facts, Link, WebDoors
from bot.web._routes import ROUTES, Route
from bot.web._rules import WebRules
from bot.web._server import WebServer

__all__ = ["ROUTES", "Emergency", "Facts", "Link", "Route", "WebDoors", "WebRules", "WebServer"]
