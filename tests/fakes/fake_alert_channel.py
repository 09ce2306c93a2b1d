"""A way to alert people that keeps what it was sent."""

from theseus_observe.redaction import redact

from bot.domain.alert import Alert
from bot.domain.errors import AlertRejected, AlertUnavailable


class FakeAlertChannel:
    """Implements `bot.ports.alert_channel.AlertChannel`.

    `failure` is raised instead of sending, `death` right after it, as if the process ended there.
    """

    def __init__(self, name: str = "fake") -> None:
        self.name = name
        self.sent: list[Alert] = []
        self.attempts = 0
        self.death: BaseException | None = None
        self.failure: AlertUnavailable | AlertRejected | None = None

    async def send(self, alert: Alert) -> None:
        """Keep it."""
        self.attempts += 1
        if self.failure is not None:
            raise self.failure
        self.sent.append(alert.redact_secrets(redact))
        if self.death is not None:
            raise self.death

    @property
    def sent_states(self) -> list[tuple[str, str]]:
        """Return the state and the id of each, in order."""
        return [(each.state, each.id) for each in self.sent]
