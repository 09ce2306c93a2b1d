"""Files attached to a message: text files are read as data, all others are named as unread.

Pictures are not read here. They are loaded again when a model is about to see them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp
import discord
from theseus_observe.redaction import redact

from bot.client.pictures import MOST_PICTURES, is_picture
from bot.presentation.cards import to_plain_text
from cogs.conversation._addressing import get_forwarded_message

MOST_BYTES = 100_000
"""The most bytes read from the files of a message. Discord turns long pastes into files."""

_MEDIA = ("image/", "audio/", "video/")
_BOM_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Attached:
    """The text of a message's files, and the names of pictures and of files that were not read."""

    text: str = ""
    unread: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()

    @property
    def notice(self) -> str:
        """The message about the files that were not read as text; empty if all were."""
        seen = (
            f"If a model plans this, it sees {', '.join(self.pictures)}." if self.pictures else ""
        )
        unread = (
            f"I did not read {', '.join(self.unread)}. I read text files up to 100 kB; a model "
            "sees the first three PNG or JPEG pictures up to 3.5 MB."
            if self.unread
            else ""
        )
        return " ".join(filter(None, (seen, unread)))


async def read_attached(
    message: discord.Message, recording: discord.Attachment | None = None
) -> Attached:
    """Read the text files of a message, or of what it forwards, in their order.

    The `recording` is listened to instead.
    """
    texts: list[str] = []
    unread: list[str] = []
    pictures: list[str] = []
    # Pictures of a forwarded message are somebody else's; no model sees them.
    may_be_seen = get_forwarded_message(message) is None
    left = MOST_BYTES
    for each in _list_files(message):
        if each is recording:
            continue
        text = await _read_text(each) if _can_be_text(each) and each.size <= left else None
        if text is None:
            name = f"`{to_plain_text(redact(each.filename))}`"
            is_seen = may_be_seen and len(pictures) < MOST_PICTURES and await is_picture(each)
            (pictures if is_seen else unread).append(name)
        else:
            left -= each.size
            texts.append(text)
    return Attached("\n\n".join(texts), tuple(unread), tuple(pictures))


def _list_files(message: discord.Message) -> Sequence[discord.Attachment]:
    snapshot = get_forwarded_message(message)
    return message.attachments if snapshot is None else snapshot.attachments


def _can_be_text(file: discord.Attachment) -> bool:
    return not (file.content_type or "").startswith(_MEDIA)


async def _read_text(file: discord.Attachment) -> str | None:
    """Return the file's text; `None` where it is none, or cannot be loaded."""
    try:
        content = await file.read()
        return _decode(content)
    except (discord.HTTPException, aiohttp.ClientError, TimeoutError, UnicodeDecodeError):
        return None


def _decode(content: bytes) -> str | None:
    text = content.decode("utf-16" if content.startswith(_BOM_16) else "utf-8-sig")
    return None if "\0" in text else text
