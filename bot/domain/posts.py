"""What is said in chat, without saying how a chat shows it.

Limits are Discord's: 2,000 characters of text, 4,096 of card body, 25 fields. The outbox splits or
attaches what is longer; nothing here needs to count.
"""

from typing import Literal

from pydantic import ConfigDict, Field

from bot.domain.record import Record


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
    """A button. `action` and `arguments` make its persistent id; with `url` it is a link."""

    label: str
    action: str = ""
    arguments: tuple[str, ...] = ()
    style: Literal["primary", "secondary", "success", "danger", "link"] = "secondary"
    url: str = ""
    disabled: bool = False

    @property
    def custom_id(self) -> str:
        """`theseus:action:argument:...`: all a restarted bot needs to know what was pressed."""
        return ":".join(("theseus", self.action, *self.arguments))


class Attachment(Record):
    """A text file sent along."""

    name: str
    text: str


class Image(Record):
    """A picture sent along and shown under the card. `name` ends in `.png`."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    name: str
    png: bytes
    description: str = Field(default="", description="what it shows, for who cannot see it")


class Post(Record):
    """One message."""

    text: str = ""
    card: Card | None = None
    buttons: tuple[Button, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    images: tuple[Image, ...] = ()
    reply_to: int | None = Field(default=None, description="message id in the same channel")
    notify: tuple[int, ...] = Field(default=(), description="people whose mention in it rings")
