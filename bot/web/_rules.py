"""Rules for serving HTTP: the address, the secrets and the limits."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain.errors import ConfigError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
LEAST_SECRET = 16


@dataclass(frozen=True)
class WebRules:
    """Where HTTP is served and to whom.

    Args:
        port: 0 picks a free port.
        trust: Further host names that requests may use.
        discord_secret: The client secret with which people log in through Discord.
        url: The public address; empty: the address that the server listens on.
        target_tokens: The token of each bot that may send its journal.
        seconds: The time limit of a request including its body; streams have no limit.
        drain_seconds: How long requests are served after `/health/ready` has turned to 503.
    """

    port: int
    host: str = "127.0.0.1"
    trust: tuple[str, ...] = ()
    token: str | None = None
    secret: str | None = None
    discord_secret: str | None = None
    url: str = ""
    target_tokens: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 20.0
    drain_seconds: float = 0.0

    @property
    def on_loopback(self) -> bool:
        """True if only this machine can reach the server."""
        return is_loopback(self.host)

    @property
    def reading_is_open(self) -> bool:
        """True if the user that the bot runs as may read, on this machine, without a login."""
        return self.on_loopback and self.token is None

    @property
    def has_logins(self) -> bool:
        """True if somebody can log in."""
        return bool(self.token or self.discord_secret)

    @property
    def session_secret(self) -> str:
        """The secrets that sessions are begun with; they end when one of them changes."""
        return f"{self.token or ''}\n{self.discord_secret or ''}"

    @property
    def own_names(self) -> frozenset[str]:
        """The host names of the server on its own machine, in lower case."""
        return LOOPBACK | {_strip_brackets(self.host)}

    @property
    def names(self) -> frozenset[str]:
        """The host names that the server answers to, in lower case."""
        return self.own_names | {_strip_brackets(name) for name in self.trust}

    def check(self) -> None:
        """Raise `ConfigError` if the server would be open to others or a secret could be
        guessed.
        """
        if not self.on_loopback and not self.has_logins:
            raise ConfigError(
                f"http.host is {self.host}, which others can reach, and THESEUS_HTTP_TOKEN is not "
                "set. Set it in .env (`openssl rand -hex 32` makes a good one), or set http.host "
                "to 127.0.0.1."
            )
        for name, secret in (
            ("THESEUS_HTTP_TOKEN", self.token),
            ("THESEUS_WEBHOOK_SECRET", self.secret),
            ("THESEUS_DISCORD_CLIENT_SECRET", self.discord_secret),
        ):
            if secret is not None and len(secret) < LEAST_SECRET:
                raise ConfigError(
                    f"{name} is too short to be safe: it needs at least {LEAST_SECRET} characters; "
                    "`openssl rand -hex 32` makes a good one."
                )


def _strip_brackets(name: str) -> str:
    return name.lower().strip("[]")


def is_loopback(host: str) -> bool:
    """Return whether the host is a loopback address or `localhost`; other names are not
    resolved.
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
