"""An alert: what is told elsewhere than in the chat, once as it begins and once as it ends."""

from collections.abc import Callable
from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from bot.domain.incident import Severity
from bot.domain.record import Record

_TITLE, _TEXT = 300, 4_000
AlertState = Literal["firing", "resolved", "test"]


class AlertRules(Record):
    """When people are told elsewhere too: of what, and how long the chat has to be out of reach.

    `chat_down`: of an incident that the chat could not tell for `down_seconds`; `always`: of every
    one of at least that severity. With `chat` it is told as well that the chat is out of reach.
    """

    when: Literal["chat_down", "always"] = "chat_down"
    severity: Severity = Severity.HIGH
    down_seconds: float = Field(default=120.0, ge=10, le=86_400)
    chat: bool = True


class Alert(Record):
    """What a channel sends. `id` is the same when it begins and when it is over.

    `title` is one line. Times are in UTC.
    """

    id: str = Field(min_length=1, max_length=200)
    state: AlertState = "firing"
    severity: Severity = Severity.HIGH
    title: str = Field(min_length=1, max_length=_TITLE)
    text: str = Field(default="", max_length=_TEXT)
    since: AwareDatetime
    at: AwareDatetime
    url: str = Field(default="", description="a page of the dashboard; empty: there is none")

    def redact_secrets(self, redact: Callable[[str], str]) -> "Alert":
        """Return it as it may leave the machine."""
        title, text = redact(self.title), redact(self.text)
        return self.replace(title=title[:_TITLE], text=text[:_TEXT])

    @property
    def headline(self) -> str:
        """Return the title with what a reader of a list wants to know first."""
        mark = {"firing": str(self.severity), "resolved": "over", "test": "test"}[self.state]
        return f"[{mark}] {self.title}"


class AlertDelivery(Record):
    """One row, by the alert's id: who has it, and who has heard that it is over.

    `covers` are the incidents it is about, each with how often it had come back (`k7m2xq:0`).
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
        default=(), description="channels it was sent through, noted before: they may have it"
    )
    delivered_to: tuple[str, ...] = Field(default=(), description="channels that have it")
    refused_by: tuple[str, ...] = Field(default=(), description="channels that will not have it")
    resolution: Alert | None = None
    resolution_delivered_to: tuple[str, ...] = ()
    resolution_refused_by: tuple[str, ...] = ()

    def get_pending(self, channel: str) -> Alert | None:
        """Return what is to be sent through a channel now; `None`: nothing.

        What was over before a channel was tried is not told there any more. One that was tried,
        and may have it, hears of its end: the program may have been killed before it knew.
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
        """Return it as it is before it is sent through a channel."""
        return self if channel in self.tried else self.replace(tried=(*self.tried, channel))

    def mark_settled(self, channel: str, *, accepted: bool) -> "AlertDelivery":
        """Return it once the channel has taken, or refused for good, what was waiting for it."""
        names = (
            ("delivered_to", "refused_by")
            if self.resolution is None
            else ("resolution_delivered_to", "resolution_refused_by")
        )
        name = names[0] if accepted else names[1]
        return self.replace(**{name: (*getattr(self, name), channel)})


class ChatOutage(Record):
    """One row: since when the chat has been out of reach, and when that was last looked at.

    `message` is the oldest one that waited to be sent, `message_since` since when it is that.
    """

    looked_at: AwareDatetime
    since: AwareDatetime | None = None
    message: int | None = None
    message_since: AwareDatetime | None = None
