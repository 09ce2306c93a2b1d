"""Alerts outside of the chat. Addresses and passwords are in the environment."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator
from theseus_guard.record import Record

from bot.domain.alert import AlertRules

Mailbox = Annotated[
    str, StringConstraints(pattern=r"^(?:[^<>@\s][^<>@\r\n]* )?<?[^\s<>@,]+@[^\s<>@,]+>?$")
]
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class WebhookConfig(Record):
    """What is sent to THESEUS_ALERT_WEBHOOK_URL, where that is set."""

    format: Literal["json", "slack", "ntfy"] = "json"


class EmailConfig(Record):
    """A mail server, and who gets mail. `user` has THESEUS_ALERT_SMTP_PASSWORD for a password."""

    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65_535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    sender: Mailbox
    to: tuple[Mailbox, ...] = Field(min_length=1, max_length=20)

    @model_validator(mode="after")
    def _check_password_encrypted(self) -> "EmailConfig":
        if self.security == "none" and self.user is not None and self.host not in _LOOPBACK:
            raise ValueError(
                "security: none would send the password readable; use starttls or tls, or leave "
                "user out"
            )
        return self


class AlertsConfig(AlertRules):
    """When people are alerted, and by what."""

    webhook: WebhookConfig = WebhookConfig()
    email: EmailConfig | None = None
