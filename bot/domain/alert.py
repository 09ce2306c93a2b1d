"""Alerts: messages sent outside of the chat, once at the start of a problem and once at its end."""

from collections.abc import Callable
from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.incident import Severity

_TITLE, _TEXT = 300, 4_000
AlertState = Literal["firing", "resolved", "test"]


class AlertRules(Record):
    """When alerts are sent outside of the chat, and for which incidents.

    With `when="chat_down"`, an alert is sent for an incident that could not be posted in the chat
    for `down_seconds`; with `"always"`, for every incident of at least `severity`. With `chat`, an
    alert is also sent when the chat itself is unreachable.
    """

    when: Literal["chat_down", "always"] = "chat_down"
    severity: Severity = Severity.HIGH
    down_seconds: float = Field(default=120.0, ge=10, le=86_400)
    chat: bool = True


class Alert(Record):
    """One alert as a channel sends it. Its `id` is the same at the start and at the end.

    `title` is one line. Times are in UTC.
    """

    id: str = Field(min_length=1, max_length=200)
    state: AlertState = "firing"
    severity: Severity = Severity.HIGH
    title: str = Field(min_length=1, max_length=_TITLE)
    text: str = Field(default="", max_length=_TEXT)
    since: AwareDatetime
    at: AwareDatetime
    url: str = Field(default="", description="a page of the dashboard; empty if there is none")

    def redact_secrets(self, redact: Callable[[str], str]) -> "Alert":
        """Return the alert without secrets, cut to the allowed lengths, so that it may be sent."""
        title, text = redact(self.title), redact(self.text)
        return self.replace(title=title[:_TITLE], text=text[:_TEXT])

    @property
    def headline(self) -> str:
        """The title, preceded by the severity or the state."""
        mark = {"firing": str(self.severity), "resolved": "over", "test": "test"}[self.state]
        return f"[{mark}] {self.title}"


class AlertDelivery(Record):
    """Which channels have received an alert and its resolution; one row for each alert id.

    `covers` are the incidents of the alert, each with the number of times it had returned
    (`k7m2xq:0`).
    """

    former_names: ClassVar = {
        "told": "delivered_to",
        "refused": "refused_by",
        "refused_over": "resolution_refused_by",
        "over": "resolution",
        "told_over": "resolution_delivered_to",
    }

    alert: Alert
    covers: tuple[str, ...] = ()
    tried: tuple[str, ...] = Field(
        default=(), description="channels it may have been sent through; saved before each attempt"
    )
    delivered_to: tuple[str, ...] = Field(default=(), description="channels that have it")
    refused_by: tuple[str, ...] = Field(
        default=(), description="channels that rejected it for good"
    )
    resolution: Alert | None = None
    resolution_delivered_to: tuple[str, ...] = ()
    resolution_refused_by: tuple[str, ...] = ()

    def get_pending(self, channel: str) -> Alert | None:
        """Return the alert to be sent through a channel now, or `None`.

        A resolution is not sent to a channel that was never tried. It is sent to a channel that was
        tried and may have the alert: the program may have been killed before the delivery was
        saved.
        """
        if self.resolution is None:
            return None if channel in (*self.delivered_to, *self.refused_by) else self.alert
        settled = channel in (
            *self.refused_by,
            *self.resolution_delivered_to,
            *self.resolution_refused_by,
        )
        return self.resolution if channel in self.tried and not settled else None

    def mark_tried(self, channel: str) -> "AlertDelivery":
        """Return the delivery with the channel marked as tried.

        Save it before the alert is sent.
        """
        return self if channel in self.tried else self.replace(tried=(*self.tried, channel))

    def mark_settled(self, channel: str, *, accepted: bool) -> "AlertDelivery":
        """Return the delivery after the channel accepted or rejected the pending alert."""
        names = (
            ("delivered_to", "refused_by")
            if self.resolution is None
            else ("resolution_delivered_to", "resolution_refused_by")
        )
        name = names[0] if accepted else names[1]
        return self.replace(**{name: (*getattr(self, name), channel)})


class ChatOutage(Record):
    """Since when the chat has been unreachable, and when this was last checked; one row.

    `message` is the oldest message that waits to be sent; `message_since` is when it became the
    oldest one.
    """

    looked_at: AwareDatetime
    since: AwareDatetime | None = None
    message: int | None = None
    message_since: AwareDatetime | None = None
