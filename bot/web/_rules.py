"""Where HTTP is served and to whom."""

import ipaddress
from dataclasses import dataclass

from bot.domain.errors import ConfigError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
LEAST_SECRET = 16


@dataclass(frozen=True)
class WebRules:
    """`port` 0 picks a free one. `trust` are names it may be called by besides its own.

    `seconds` is how long a request may take, its body included; a stream goes on.
    """

    port: int
    host: str = "127.0.0.1"
    trust: tuple[str, ...] = ()
    token: str | None = None
    secret: str | None = None
    seconds: float = 20.0

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)

    @property
    def reading_is_open(self) -> bool:
        """Whether the user it runs as may look, on this machine, without a token."""
        return self.on_loopback and self.token is None

    @property
    def own_names(self) -> frozenset[str]:
        """What it is called on its own machine, in lower case."""
        return LOOPBACK | {_strip_brackets(self.host)}

    @property
    def names(self) -> frozenset[str]:
        """The host names it answers to, in lower case."""
        return self.own_names | {_strip_brackets(name) for name in self.trust}

    def check(self) -> None:
        """Raise `ConfigError` where this would be open to others, or to guessing."""
        if not self.on_loopback and self.token is None:
            raise ConfigError(
                f"http.host is {self.host}, which others can reach, and THESEUS_HTTP_TOKEN is not "
                "set. Set it in .env (`openssl rand -hex 32` makes a good one), or set http.host "
                "to 127.0.0.1."
            )
        for name, secret in (
            ("THESEUS_HTTP_TOKEN", self.token),
            ("THESEUS_WEBHOOK_SECRET", self.secret),
        ):
            if secret is not None and len(secret) < LEAST_SECRET:
                raise ConfigError(
                    f"{name} is too short to be safe: it takes {LEAST_SECRET} characters at least; "
                    "`openssl rand -hex 32` makes a good one."
                )


def _strip_brackets(name: str) -> str:
    return name.lower().strip("[]")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine's own loopback; a name that is not `localhost` is not."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
