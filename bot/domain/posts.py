"""Chat messages, independent of how a chat shows them.

The limits are Discord's: 2,000 characters of text, 4,096 of card body, 25 fields. The outbox splits
longer texts or attaches them as files, so callers do not need to count.
"""

from typing import Literal

from pydantic import ConfigDict, Field
from theseus_guard.record import Record


class MessageRef(Record):
    """A message that was sent."""

    channel_id: int
    message_id: int


class CardField(Record):
    """One titled value of a card."""

    name: str
    value: str
    inline: bool = False


class Card(Record):
    """A framed block under the text."""

    title: str
    body: str = ""
    tone: Literal["neutral", "working", "good", "warning", "bad"] = "neutral"
    fields: tuple[CardField, ...] = ()
    footer: str = ""
    url: str = ""


class Button(Record):
    """A button. `action` and `arguments` form its persistent id; with `url` it is a link."""

    label: str
    action: str = ""
    arguments: tuple[str, ...] = ()
    style: Literal["primary", "secondary", "success", "danger", "link"] = "secondary"
    url: str = ""
    disabled: bool = False

    @property
    def custom_id(self) -> str:
        """`theseus:action:argument:...`. It tells a restarted bot which button was pressed."""
        return ":".join(("theseus", self.action, *self.arguments))


class Attachment(Record):
    """A text file sent with the message."""

    name: str
    text: str


class Image(Record):
    """A picture sent with the message and shown under the card. `name` ends in `.png`."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    name: str
    png: bytes
    description: str = Field(default="", description="what it shows, for people who cannot see it")


class Post(Record):
    """One message."""

    text: str = ""
    card: Card | None = None
    buttons: tuple[Button, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    images: tuple[Image, ...] = ()
    reply_to: int | None = Field(default=None, description="message id in the same channel")
    notify: tuple[int, ...] = Field(
        default=(), description="ids of people whose mention notifies them"
    )
