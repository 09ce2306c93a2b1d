"""Renders a neutral post as discord.py's objects."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass

import discord
import structlog
from discord import ui

from bot.adapters.discord_chat._split import LIMIT, clip, split
from bot.domain.errors import ChatRejected
from bot.domain.links import parse_web_address
from bot.domain.posts import Attachment, Button, Card, Image, Post
from bot.presentation.times import localise_times

_MOST_PARTS = 4  # messages; a longer text is attached as a file
_MOST_FILES = 10
_MOST_BYTES = 8_000_000  # of all files of one message
_EMBED = 6_000  # Discord's limit for a complete embed
_BODY = 4_096
_CUSTOM_ID = 100
_LEAST_BODY = 1_000
_ATTACHED = "\n-# The full text is in message.md."
_BLANK = "\u200b"

_COLOURS = {
    "neutral": 0x80848E,
    "working": 0x5865F2,
    "good": 0x23A55A,
    "warning": 0xF0B232,
    "bad": 0xF23F43,
}
_STYLES = {
    "primary": discord.ButtonStyle.primary,
    "secondary": discord.ButtonStyle.secondary,
    "success": discord.ButtonStyle.success,
    "danger": discord.ButtonStyle.danger,
    "link": discord.ButtonStyle.link,
}

Redact = Callable[[str], str]
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Part:
    """One Discord message."""

    content: str | None = None
    embed: discord.Embed | None = None
    view: ui.View | None = None
    attachments: tuple[Attachment, ...] = ()
    images: tuple[Image, ...] = ()
    reply_to: int | None = None
    notify: tuple[int, ...] = ()

    @property
    def empty(self) -> bool:
        """True if Discord would refuse the message as empty."""
        card = self.embed is not None and len(self.embed) > 0  # a colour alone is not enough
        return not (self.content or card or self.attachments or self.images or self.view)

    def open_files(self) -> list[discord.File]:
        """Return new file objects, as each can be read only once. Pictures come first."""
        files = [
            discord.File(io.BytesIO(i.png), filename=i.name, description=i.description or None)
            for i in self.images
        ]
        remaining = _MOST_BYTES - sum(len(image.png) for image in self.images)
        for attachment in self.attachments[: _MOST_FILES - len(files)]:
            content = attachment.text.encode()[:remaining]
            remaining -= len(content)
            files.append(discord.File(io.BytesIO(content), filename=attachment.name))
        return files


def render(post: Post, redact: Redact) -> list[Part]:
    """Return the messages that make up `post`; the first has the card, buttons and attachments."""
    clean = _build_cleaner(redact)
    text = localise_times(clean(post.text))
    texts = split(text)
    attachments = _clean_attachments(post, clean)
    if len(texts) > _MOST_PARTS:
        attachments = (Attachment(name="message.md", text=clean(post.text)), *attachments)
        texts = [split(text, LIMIT - len(_ATTACHED))[0] + _ATTACHED]
    images = _build_images(post, clean)
    first = Part(
        content=texts[0] if texts else None,
        embed=_embed(post.card, clean, images) if post.card else None,
        view=_view(post.buttons, clean),
        attachments=attachments,
        images=images,
        reply_to=post.reply_to,
        notify=post.notify,
    )
    return [first, *(Part(content=text) for text in texts[1:])]


def render_edit(post: Post, redact: Redact) -> Part:
    """Return the content for an existing message; a long text is cut to one message."""
    clean = _build_cleaner(redact)
    images = _build_images(post, clean)
    return Part(
        content=clip(localise_times(clean(post.text)), LIMIT) or None,
        embed=_embed(post.card, clean, images) if post.card else None,
        view=_view(post.buttons, clean),
        attachments=_clean_attachments(post, clean),
        images=images,
    )


def _build_cleaner(redact: Redact) -> Redact:
    """Return `redact` extended to replace characters that UTF-8 cannot encode (lone surrogates)."""
    return lambda text: redact(text).encode(errors="replace").decode()


def _clean_attachments(post: Post, clean: Redact) -> tuple[Attachment, ...]:
    return tuple(Attachment(name=clean(a.name), text=clean(a.text)) for a in post.attachments)


def _build_images(post: Post, clean: Redact) -> tuple[Image, ...]:
    """Return the pictures that fit, with unique names that a card can refer to."""
    remaining, images = _MOST_BYTES, list[Image]()
    for number, image in enumerate(post.images):
        if len(images) == _MOST_FILES or len(image.png) > remaining:
            _log.warning(
                "%s was left out, because its %d bytes are too much", image.name, len(image.png)
            )
            continue
        remaining -= len(image.png)
        # Discord replaces other characters in file names, so the card would not find the file.
        stem = re.sub(r"[^A-Za-z0-9_-]+", "-", clean(image.name).removesuffix(".png")).strip("-")
        name = f"{stem[:60] or 'picture'}{f'-{number}' if number else ''}.png"
        description = clip(clean(image.description), 1_024)
        images.append(Image(name=name, png=image.png, description=description))
    return tuple(images)


def _embed(card: Card, clean: Redact, images: tuple[Image, ...] = ()) -> discord.Embed:
    embed = discord.Embed(
        title=clip(clean(card.title), 256) or None,
        colour=_COLOURS[card.tone],
        url=parse_web_address(card.url) or None,
    )
    for field in card.fields[:25]:
        embed.add_field(
            name=_replace_blank(clip(clean(field.name), 256)),
            value=_replace_blank(clip(localise_times(clean(field.value)), 1_024)),
            inline=field.inline,
        )
    if images:
        embed.set_image(url=f"attachment://{images[0].name}")
    if card.footer:
        embed.set_footer(text=clip(clean(card.footer), 500))
    body = localise_times(clean(card.body))
    while embed.fields and len(embed) + min(len(body), _LEAST_BODY) > _EMBED:
        embed.remove_field(len(embed.fields) - 1)
    embed.description = clip(body, min(_BODY, _EMBED - len(embed))) or None
    return embed


def _replace_blank(text: str) -> str:
    """Return the text, or a character that Discord accepts in place of a blank text."""
    return text if text.strip() else _BLANK


def _view(buttons: tuple[Button, ...], clean: Redact) -> ui.View | None:
    """Return a view for display only: the persistent items of `cogs.ui` handle the buttons."""
    # With an invalid link Discord would refuse the complete message.
    shown = [entry for entry in buttons if entry.style != "link" or parse_web_address(entry.url)][
        :25
    ]
    if not shown:
        return None
    ids = [entry.custom_id for entry in shown if entry.style != "link"]
    if len(set(ids)) < len(ids) or any(len(entry) > _CUSTOM_ID for entry in ids):
        raise ChatRejected("Two buttons of the message have the same id, or an id is too long.")
    view = ui.View(timeout=None)
    for button in shown:
        link = button.style == "link"
        view.add_item(
            ui.Button[ui.View](
                label=clip(clean(button.label), 80),
                style=_STYLES[button.style],
                custom_id=None if link else button.custom_id,
                url=button.url if link else None,
                disabled=button.disabled,
            )
        )
    view.stop()
    return view
