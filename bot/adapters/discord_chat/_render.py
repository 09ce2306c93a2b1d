"""From a neutral post to what discord.py sends."""

import io
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass

import discord
from discord import ui

from bot.adapters.discord_chat._split import LIMIT, clip, split
from bot.domain.errors import ChatRejected
from bot.domain.links import parse_web_address
from bot.domain.posts import Attachment, Button, Card, Image, Post
from bot.presentation.times import localise_times

_MOST_PARTS = 4
_MOST_FILES = 10
_MOST_BYTES = 8_000_000  # of all files of one message
_EMBED = 6_000  # Discord's limit on a whole embed
_BODY = 4_096
_CUSTOM_ID = 100
_LEAST_BODY = 1_000
_ATTACHED = "\n-# The whole text is in message.md."
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
_log = logging.getLogger(__name__)


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
        """Whether Discord would refuse it as empty."""
        card = self.embed is not None and len(self.embed) > 0  # a colour alone is not enough
        return not (self.content or card or self.attachments or self.images or self.view)

    def open_files(self) -> list[discord.File]:
        """Return the files: made anew for every try, a file is read once. Pictures come first."""
        files = [
            discord.File(io.BytesIO(i.png), filename=i.name, description=i.description or None)
            for i in self.images
        ]
        left = _MOST_BYTES - sum(len(image.png) for image in self.images)
        for attachment in self.attachments[: _MOST_FILES - len(files)]:
            content = attachment.text.encode()[:left]
            left -= len(content)
            files.append(discord.File(io.BytesIO(content), filename=attachment.name))
        return files


def render(post: Post, redact: Redact) -> list[Part]:
    """Return the messages that make up `post`; the first carries card, buttons and attachments."""
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
    """Return what an existing message is to show: one message, so a long text is cut."""
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
    """Return `redact`, which also replaces what UTF-8 cannot carry (halves of pairs)."""
    return lambda text: redact(text).encode(errors="replace").decode()


def _clean_attachments(post: Post, clean: Redact) -> tuple[Attachment, ...]:
    return tuple(Attachment(name=clean(a.name), text=clean(a.text)) for a in post.attachments)


def _build_images(post: Post, clean: Redact) -> tuple[Image, ...]:
    """Return the pictures that fit, under names of their own that a card can refer to."""
    left, kept = _MOST_BYTES, list[Image]()
    for number, image in enumerate(post.images):
        if len(kept) == _MOST_FILES or len(image.png) > left:
            _log.warning("%s was left out, %d bytes: too much", image.name, len(image.png))
            continue
        left -= len(image.png)
        # Discord changes other letters in the names of files, and the card would not find it.
        stem = re.sub(r"[^A-Za-z0-9_-]+", "-", clean(image.name).removesuffix(".png")).strip("-")
        name = f"{stem[:60] or 'picture'}{f'-{number}' if number else ''}.png"
        told = clip(clean(image.description), 1_024)
        kept.append(Image(name=name, png=image.png, description=told))
    return tuple(kept)


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
    """Return the text, or what Discord takes for it when there is nothing to see."""
    return text if text.strip() else _BLANK


def _view(buttons: tuple[Button, ...], clean: Redact) -> ui.View | None:
    """Return a view that only draws: the presses go to the persistent items of `cogs.ui`."""
    # A link that leads nowhere would have Discord refuse the whole message.
    drawn = [each for each in buttons if each.style != "link" or parse_web_address(each.url)][:25]
    if not drawn:
        return None
    ids = [each.custom_id for each in drawn if each.style != "link"]
    if len(set(ids)) < len(ids) or any(len(each) > _CUSTOM_ID for each in ids):
        raise ChatRejected("Two of the message's buttons are the same, or one's id is too long.")
    view = ui.View(timeout=None)
    for button in drawn:
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
