"""The alert channel port: a way to reach people where the chat cannot."""

from typing import Protocol

from bot.domain.alert import Alert


class AlertChannel(Protocol):
    """One way out: a webhook, e-mail. Its address comes from the owner's configuration alone.

    Secrets are taken out of what is sent.

    What it sends can be told apart by the alert's `id` and `state`: whoever gets the same twice,
    as after a crash between sending and noting, can leave one out. One call is one attempt, which
    ends by itself within a minute; whoever calls tries again. Cancelling may leave it sent.
    """

    @property
    def name(self) -> str:
        """A word for it, in logs, metrics and what is stored: `webhook`."""
        ...

    async def send(self, alert: Alert) -> None:
        """Send it; it has arrived at the other side when this returns.

        Raises `AlertUnavailable`, where another attempt may help, and `AlertRejected`; neither
        shows an address or a secret.
        """
        ...
