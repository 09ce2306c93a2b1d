"""Answers and helper functions that several cogs share."""

import io
from collections.abc import Iterable
from typing import Any

import discord
from discord import ui

from bot.authority.approvals import ApprovalRequest
from bot.client import TheseusClient
from bot.domain.errors import TheseusError
from bot.domain.evidence import RequestAnswer
from bot.domain.people import Person
from bot.domain.posts import Post
from bot.domain.proposal import Approval
from bot.domain.run import Run, Status
from bot.intake import IntakeResult
from bot.presentation import cards
from bot.presentation.cards import format_status
from bot.presentation.missing_failure import request_answer
from bot.presentation.times import localise_times
from cogs.ui.speakers import get_speaker


def describe_shipping(person: Person, approval: Approval, *, ships: bool) -> str:
    """Return what `person` reads after "ship it": that it ships, or who shipped it first."""
    head = f"`{approval.head[:7]}`"
    approvers = [approval.person, *approval.others]
    if ships or person.id in [each.id for each in approvers]:
        return f"Shipping {head}, approved by {' and '.join(each.name for each in approvers)}."
    return f"{approval.person.name} has already shipped {head}."


async def approve(bot: TheseusClient, request: ApprovalRequest) -> str:
    """Approve for a person; return what they read. Raises what `SelfImprovementAgent.approve` does.

    If more approvals are needed, the answer says how many there are.
    """
    run, approval, ships = await bot.agent.approve(request)
    short = "" if ships or run.has_ended else await bot.agent.approvals.describe_missing(run.id)
    if short:
        return f"Noted, {request.person.name}, for `{approval.head[:7]}`: {short}"
    return describe_shipping(request.person, approval, ships=ships)


async def resume_work(bot: TheseusClient, person: Person) -> str:
    """Lift the emergency stop if it is active; else resume the bot's own work."""
    agent = bot.agent
    if await agent.emergency.get_stop() is None:
        await agent.autonomy.resume(person)
        return "I resume my own work."
    await agent.emergency.lift(person)
    pause = await agent.autonomy.blocks.find_pause()
    return f"The emergency stop is lifted. {pause.describe()}" if pause else "I resume my own work."


def on_it(run: Run) -> str:
    """Return where to follow a requested run."""
    return f"On it: <#{run.thread_id}>" if run.thread_id else f"On it: run `{run.id}`."


def describe_revert(run: Run) -> str:
    """Return where to follow a requested revert; each change has at most one."""
    if not run.has_ended:
        return on_it(run)
    where = f"<#{run.thread_id}>" if run.thread_id else f"run `{run.id}`"
    text = f"This revert was already requested, in {where}: {run.reason or format_status(run)}"
    return text if run.status is Status.DONE else f"{text} `/runs retry {run.id}` tries it again."


def describe_result(person: Person, asked: IntakeResult | RequestAnswer) -> str:
    """Return where to follow the run, that the person joined a run, or the answer."""
    if isinstance(asked, RequestAnswer):
        return request_answer(asked, "investigate").text
    if not asked.joined:
        return on_it(asked.run)
    run = asked.run
    where = f"<#{run.thread_id}>" if run.thread_id else f"run `{run.id}`"
    fixing = "I am on it" if run.goal == "fix" else "I am looking into it"
    incident_note = "" if asked.incident is None else f"that is incident `{asked.incident.id}`: "
    more = "" if asked.incident else " already. If you want more, say it there"
    return f"{person.name}, {incident_note}{fixing} in {where}{more}."


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


async def revise(interaction: discord.Interaction[Any], run_id: str, instruction: str) -> None:
    """Pass the text of a form to a run, with the person's rights, and confirm it to them."""
    bot: TheseusClient = interaction.client
    await interaction.response.defer(ephemeral=True, thinking=True)
    try:
        key = f"modal:{interaction.id}"
        run = await bot.agent.revise(run_id, get_speaker(interaction), instruction, "modal", key)
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
