"""The alert channel port: a way to reach people outside of the chat."""

from typing import Protocol

from bot.domain.alert import Alert


class AlertChannel(Protocol):
    """One channel, such as a webhook or e-mail. Its address comes only from the configuration.

    Secrets are removed before sending. Receivers can recognise a duplicate, which a crash between
    sending and saving may cause, by the alert's `id` and `state`. One call is one attempt and ends
    within a minute; the caller retries. After cancellation the alert may have been sent.
    """

    @property
    def name(self) -> str:
        """The channel's name in logs, metrics and stored state: `webhook`."""
        ...

    async def send(self, alert: Alert) -> None:
        """Send the alert; it has been delivered when this returns.

        Raises `AlertUnavailable` if another attempt may help, else `AlertRejected`. Neither message
        contains an address or a secret.
        """
        ...
