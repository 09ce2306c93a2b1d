"""From a neutral post to what discord.py sends."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import discord
from discord import ui

from bot.adapters.discord_chat._split import clip, split
from bot.domain.posts import Attachment, Button, Card, Post

_MOST_PARTS = 4
_MOST_BYTES = 8_000_000

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


@dataclass(frozen=True)
class Part:
    """One Discord message."""

    content: str | None
    embed: discord.Embed | None
    view: ui.View | None
    attachments: tuple[Attachment, ...]
    reply_to: int | None

    def files(self) -> list[discord.File]:
        """Return the attachments as files; made anew for every try, a file is read once."""
        return [
            discord.File(io.BytesIO(a.text.encode()[:_MOST_BYTES]), filename=a.name)
            for a in self.attachments
        ]


def render(post: Post, redact: Redact) -> list[Part]:
    """Return the messages that make up `post`; the first carries card, buttons and attachments."""
    texts = split(redact(post.text))
    attachments = tuple(Attachment(name=a.name, text=redact(a.text)) for a in post.attachments)
    if len(texts) > _MOST_PARTS:
        attachments = (*attachments, Attachment(name="message.md", text=redact(post.text)))
        texts = [texts[0]]
    first = Part(
        content=texts[0] if texts else None,
        embed=_embed(post.card, redact) if post.card else None,
        view=_view(post.buttons),
        attachments=attachments,
        reply_to=post.reply_to,
    )
    return [first, *(Part(text, None, None, (), None) for text in texts[1:])]


def _embed(card: Card, redact: Redact) -> discord.Embed:
    embed = discord.Embed(
        title=clip(redact(card.title), 256) or None,
        description=clip(redact(card.body), 3_000) or None,
        colour=_COLOURS[card.tone],
        url=card.url or None,
    )
    for field in card.fields[:25]:
        embed.add_field(
            name=clip(redact(field.name), 256) or "\u200b",
            value=clip(redact(field.value), 1_024) or "\u200b",
            inline=field.inline,
        )
    if card.footer:
        embed.set_footer(text=clip(redact(card.footer), 500))
    while len(embed) > 6_000 and embed.fields:  # Discord's limit on a whole embed
        embed.remove_field(len(embed.fields) - 1)
    return embed


def _view(buttons: tuple[Button, ...]) -> ui.View | None:
    """Return a view that only draws: the presses go to the persistent items of `cogs.ui`."""
    if not buttons:
        return None
    view = ui.View(timeout=None)
    for button in buttons[:25]:
        link = button.style == "link"
        view.add_item(
            ui.Button[ui.View](
                label=clip(button.label, 80),
                style=_STYLES[button.style],
                custom_id=None if link else button.custom_id,
                url=button.url if link else None,
                disabled=button.disabled,
            )
        )
    view.stop()
    return view
