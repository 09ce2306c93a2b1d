"""The bot's own HTTP server, where one is wanted."""

import math

from bot.app._opened import Opened
from bot.client import TheseusClient
from bot.monitoring import Monitoring
from bot.self_improvement import SelfImprovementAgent
from bot.settings import Settings
from bot.web import Facts, Link, WebDoors, WebRules, WebServer


def web_rules(settings: Settings) -> WebRules | None:
    """Return where HTTP is served and to whom, not checked yet; `None`: not at all."""
    environment, config = settings.environment, settings.config.http
    port = environment.theseus_http_port
    port = config.port if port is None else port
    if port is None:
        return None
    token, secret = environment.theseus_http_token, environment.theseus_webhook_secret
    return WebRules(
        port=port,
        host=config.host,
        trust=config.trust,
        token=token.get_secret_value() if token else None,
        secret=secret.get_secret_value() if secret else None,
    )


def web_server(
    settings: Settings,
    opened: Opened,
    client: TheseusClient,
    agent: SelfImprovementAgent,
    monitoring: Monitoring,
    engine: str,
) -> WebServer | None:
    """Return the server, not listening yet. Raises `ConfigError` for rules that are unsafe."""
    rules = web_rules(settings)
    if rules is None:
        return None
    facts = Facts(
        commit=lambda: opened.code.commit,
        link=lambda: _link(client),
        engine=engine,
        sandbox=opened.sandbox.description,
        followed=settings.config.forge.branch,
        commands=lambda: client.commands_trouble,
    )
    doors = WebDoors(
        store=opened.store,
        journal=opened.journal,
        shelf=opened.shelf,
        clock=opened.clock,
        recorder=opened.recorder,
        agent=agent,
        follows=agent.catching_up,
        facts=facts,
        incidents=monitoring,
        emergency=agent.emergency,
        ledger=opened.budget.ledger,
        budget=lambda: opened.budget.rules,
    )
    return WebServer(rules, doors)


def _link(client: TheseusClient) -> Link:
    """Return how the client is connected; before the first heartbeat there is no latency."""
    ready = client.is_ready() and not client.is_closed()
    return Link(ready=ready, latency=client.latency if math.isfinite(client.latency) else None)
