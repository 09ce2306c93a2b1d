"""Answers and helper functions that several cogs share."""

import io
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import discord
from discord import ui

from bot.client import TheseusClient
from bot.domain.errors import TheseusError
from bot.domain.people import Person
from bot.domain.posts import Post
from bot.intake.answers import on_it
from bot.presentation import cards
from bot.presentation.times import localise_times
from bot.self_improvement.run_conversation import RunConversation
from cogs.ui.speakers import get_speaker

Press = Callable[[discord.Interaction[Any], TheseusClient, Person], Awaitable[str]]
"""Does what a button says, with the presser's rights, and returns the answer."""

_LONGEST = 1_900
_MORE = 30  # characters reserved for the count of omitted lines


def fit_message(lines: list[str]) -> str:
    """Return as many lines as fit into one message, and how many are left out."""
    if len(whole := "\n".join(lines)) <= _LONGEST:
        return whole
    fitting = cards.fit_lines(lines, _LONGEST - _MORE)
    shown_count = next(
        count for count in range(len(lines) + 1) if "\n".join(lines[:count]) == fitting
    )
    return f"{fitting}\n… and {len(lines) - shown_count} more."


async def answer_press(interaction: discord.Interaction[Any], press: Press) -> None:
    """Do what a button says; only the presser sees the answer, or why it was refused."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    try:
        text = await press(interaction, interaction.client, get_speaker(interaction))
    except TheseusError as refusal:
        text = str(refusal)
    await interaction.followup.send(text, ephemeral=True)


async def revise(interaction: discord.Interaction[Any], run_id: str, instruction: str) -> None:
    """Pass the text of a form to a run, with the person's rights, and confirm it to them."""
    bot: TheseusClient = interaction.client
    await interaction.response.defer(ephemeral=True, thinking=True)
    try:
        key = f"modal:{interaction.id}"
        run = await bot.provide(RunConversation).revise(
            run_id, get_speaker(interaction), instruction, "modal", key
        )
        text = f"Noted. {on_it(run)}"
    except TheseusError as refusal:
        text = str(refusal)
    await interaction.followup.send(text, ephemeral=True)


async def send_privately(interaction: discord.Interaction[Any], text: str, name: str) -> None:
    """Answer a deferred interaction so that only the asker sees it; attach long texts as a file."""
    shown = localise_times(text)
    if len(shown) <= _LONGEST:
        await interaction.followup.send(shown, ephemeral=True)
        return
    file = discord.File(io.BytesIO(text.encode()), f"{name}.md")
    start = cards.fit_lines(shown.splitlines(), _LONGEST) + "\n…"
    await interaction.followup.send(start, file=file, ephemeral=True)


def view_of(buttons: Iterable[ui.Item[Any]]) -> ui.View:
    """Return a view that shows the buttons. Presses are handled by their class, not by the view."""
    view = ui.View(timeout=None)
    for each in buttons:
        view.add_item(each)
    view.stop()
    return view


async def send_post(interaction: discord.Interaction[Any], post: Post) -> None:
    """Answer a deferred interaction with text and buttons that only the asker sees."""
    if post.buttons:
        view = view_of(
            ui.Button(label=each.label, custom_id=each.custom_id) for each in post.buttons
        )
        await interaction.followup.send(post.text, view=view, ephemeral=True)
    else:
        await interaction.followup.send(post.text, ephemeral=True)
