"""Runs: commands and context menus that start them, and commands that show them."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.budget.reports import BudgetReports
from bot.client import TheseusClient
from bot.domain.budget import Cap
from bot.domain.evidence import RequestAnswer
from bot.domain.history import History
from bot.domain.ids import shorten_id
from bot.domain.journal import Action
from bot.domain.links import format_link
from bot.domain.run import Goal, Run, Trigger
from bot.grammar import COMMAND_LINE, parse
from bot.grammar.changes import is_change_request
from bot.intake.answers import describe_result, on_it
from bot.presentation.cards import (
    format_spending,
    list_example_lines,
    plan_text,
    run_line,
    to_plain_text,
)
from bot.presentation.missing_failure import request_answer
from bot.presentation.times import format_timestamp, format_utc
from bot.self_improvement import SelfImprovementAgent
from bot.self_improvement.requests.change_requests import ChangeRequests
from bot.self_improvement.run_decisions import RunDecisions
from bot.self_improvement.run_restarts import RunRestarts
from cogs.ui import (
    AgreementButton,
    AnswerButton,
    ChoiceButton,
    CommandButton,
    LaterButton,
    can_cancel,
    can_retry,
    change_text,
    find_error_id,
    fit_message,
    get_speaker,
    is_any_run,
    is_in_work_channel,
    is_listed,
    is_own_message,
    place_asked_in,
    place_of,
    run_choices,
    run_named,
    send_post,
    send_privately,
    suggest_targets,
)

_BUTTONS = (ChoiceButton, CommandButton, AnswerButton, AgreementButton, LaterButton)
_BROKEN = "What is broken, in your words; empty: the last failure"
_BOT = "Which bot it is about; empty: I find out"
_WRONG_CHANNEL = "Please use this in <#{channel}>, where everyone can see what I do."


class Runs(commands.Cog):
    """Provides `/investigate`, `/fix`, `/change`, `/runs ...`, and the three context menus."""

    group = app_commands.Group(name="runs", description="What I am working on")

    def __init__(
        self,
        bot: TheseusClient,
        changes: ChangeRequests,
        authorizer: Authorizer,
        budget: BudgetReports,
        decisions: RunDecisions,
        restarts: RunRestarts,
        agent: SelfImprovementAgent,
    ) -> None:
        self.bot = bot
        self._changes = changes
        self._authorizer = authorizer
        self._budget = budget
        self._decisions = decisions
        self._restarts = restarts
        self._agent = agent
        self._menus = (
            app_commands.ContextMenu(name="Investigate this", callback=self._investigate_this),
            app_commands.ContextMenu(name="Fix this", callback=self._fix_this),
            app_commands.ContextMenu(name="Make this happen", callback=self._make_this_happen),
        )

    async def cog_load(self) -> None:
        """Register the buttons and the context menus (a cog cannot decorate context menus)."""
        self.bot.add_dynamic_items(*_BUTTONS)
        for menu in self._menus:
            self.bot.tree.add_command(menu)

    async def cog_unload(self) -> None:
        """Remove the buttons and menus; the reloaded cog registers its own."""
        self.bot.remove_dynamic_items(*_BUTTONS)
        for menu in self._menus:
            self.bot.tree.remove_command(menu.name, type=menu.type)

    @app_commands.command()
    @app_commands.describe(what=_BROKEN, bot=_BOT)
    @app_commands.autocomplete(bot=suggest_targets)
    async def investigate(
        self, interaction: discord.Interaction, what: str = "", bot: str | None = None
    ) -> None:
        """Find out why something fails."""
        await self._ask(interaction, "investigate", subject=what, bot=bot)

    @app_commands.command()
    @app_commands.describe(what=_BROKEN, bot=_BOT)
    @app_commands.autocomplete(bot=suggest_targets)
    async def fix(
        self, interaction: discord.Interaction, what: str = "", bot: str | None = None
    ) -> None:
        """Find out why something fails, and propose a proven fix."""
        if is_change_request(self.bot.intake.targets.strip_names(what)):
            await self._change(interaction, what, bot=bot)
            return
        await self._ask(interaction, "fix", subject=what, bot=bot)

    @app_commands.command()
    @app_commands.describe(what="What should be added or different, in your words", bot=_BOT)
    @app_commands.autocomplete(bot=suggest_targets)
    async def change(
        self,
        interaction: discord.Interaction,
        what: app_commands.Range[str, 1, 1500],
        bot: str | None = None,
    ) -> None:
        """Ask for a new or different feature."""
        await self._change(interaction, what, bot=bot)

    async def _make_this_happen(
        self, interaction: discord.Interaction, message: discord.Message
    ) -> None:
        await self._change(interaction, message.content, message)

    async def _change(
        self,
        interaction: discord.Interaction,
        text: str,
        message: discord.Message | None = None,
        bot: str | None = None,
    ) -> None:
        """Take a feature request; the text is the message's, the requester is the presser."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        person = get_speaker(interaction)
        begins = self._changes.able and is_listed(self.bot, person)
        if begins and not is_in_work_channel(self.bot, interaction.channel):
            hint = _WRONG_CHANNEL.format(channel=self.bot.identity.dev_channel_id)
            await interaction.followup.send(hint, ephemeral=True)
            return
        answer = await self.bot.intake.ask_for_change(
            Trigger(
                key=f"interaction:{interaction.id}",
                goal="change",
                person=person,
                place=place_of(message) if message else place_asked_in(interaction),
                text=text[:2000],
                is_verbatim=message is None or message.author.id == person.id,
                quotes_bot=message is not None and is_own_message(self.bot, message),
                subject=" ".join(text.split())[:200],
                at=interaction.created_at,
            ),
            bot,
        )
        await interaction.followup.send(change_text(self.bot, person, answer), ephemeral=True)

    async def _investigate_this(
        self, interaction: discord.Interaction, message: discord.Message
    ) -> None:
        await self._start_from_message(interaction, "investigate", message)

    async def _fix_this(self, interaction: discord.Interaction, message: discord.Message) -> None:
        await self._start_from_message(interaction, "fix", message)

    async def _start_from_message(
        self, interaction: discord.Interaction, goal: Goal, message: discord.Message
    ) -> None:
        """Start a run about a message: an error of the bot, or somebody's report.

        "Fix this" on a message that asks for something new starts a change.
        """
        error_id = find_error_id(self.bot, message)
        if goal == "fix" and error_id is None and is_change_request(message.content):
            await self._change(interaction, message.content, message)
            return
        plain = self.bot.intake.targets.strip_names(message.content)
        parsed_subject = "" if error_id else parse(plain, COMMAND_LINE).slots.subject
        subject = "" if error_id else parsed_subject or message.content[:200]
        await self._ask(interaction, goal, subject=subject, error_id=error_id, message=message)

    async def _ask(
        self,
        interaction: discord.Interaction,
        goal: Goal,
        *,
        subject: str,
        error_id: str | None = None,
        message: discord.Message | None = None,
        bot: str | None = None,
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        person = get_speaker(interaction)
        if is_listed(self.bot, person) and not is_in_work_channel(self.bot, interaction.channel):
            text = _WRONG_CHANNEL.format(channel=self.bot.identity.dev_channel_id)
            await interaction.followup.send(text, ephemeral=True)
            return
        place = place_of(message) if message else place_asked_in(interaction)
        asked = await self.bot.intake.ask(
            Trigger(
                key=f"interaction:{interaction.id}",
                goal=goal,
                person=person,
                place=place,
                text=message.content[:2000] if message else subject,
                is_verbatim=message is None or message.author.id == person.id,
                quotes_bot=message is not None and is_own_message(self.bot, message),
                subject=subject[:200],
                error_id=error_id,
                at=interaction.created_at,
            ),
            bot,
        )
        if isinstance(asked, RequestAnswer):
            await send_post(interaction, request_answer(asked, goal))
        else:
            await interaction.followup.send(describe_result(person, asked), ephemeral=True)

    @group.command(name="list")
    async def list_runs(self, interaction: discord.Interaction) -> None:
        """Show the newest runs."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        runs = await self._authorizer.choose_runs(
            get_speaker(interaction), await self._agent.list_runs()
        )
        lines = [f"{run_line(run)} · {format_timestamp(run.updated_at, 'R')}" for run in runs]
        await interaction.followup.send(
            fit_message(lines) or "There are no runs yet.", ephemeral=True
        )

    @group.command()
    @app_commands.describe(run="Its id", evidence="Show the journal records behind it")
    async def show(
        self, interaction: discord.Interaction, run: str, evidence: bool = False
    ) -> None:
        """Show what a run found, planned and did."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        run = await run_named(self.bot, run)
        await self._authorizer.ask(get_speaker(interaction), Act.READ, run_id=run)
        found = await self._agent.find(run_id=run)
        history = await self._agent.get_history(found.id)
        text = render_run_details(found, history, self._budget.run_cap)
        if evidence:
            records = await self._agent.list_evidence(found.id)
            text += "\n\n**Evidence**\n" + "\n".join(record_line(action) for action in records)
        await send_privately(interaction, text, f"run-{found.id}")

    @group.command()
    @app_commands.describe(run="Its id")
    async def cancel(self, interaction: discord.Interaction, run: str) -> None:
        """End a run and everything it started."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        run = await run_named(self.bot, run)
        ended = await self._decisions.cancel(run, get_speaker(interaction))
        await send_privately(interaction, f"`{ended.id}`: {ended.reason}", f"run-{ended.id}")

    @group.command()
    @app_commands.describe(run="Its id")
    async def retry(self, interaction: discord.Interaction, run: str) -> None:
        """Start a failed run again from the beginning."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        run = await run_named(self.bot, run)
        new_run = await self._restarts.retry(run, get_speaker(interaction))
        await interaction.followup.send(on_it(new_run), ephemeral=True)

    @show.autocomplete("run")
    async def _to_show(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return await run_choices(interaction, current, is_any_run)

    @cancel.autocomplete("run")
    async def _to_cancel(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return await run_choices(interaction, current, can_cancel)

    @retry.autocomplete("run")
    async def _to_retry(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return await run_choices(interaction, current, can_retry)


def render_run_details(run: Run, history: History, cap: Cap) -> str:
    """Return all details of a run as Markdown; `cap` is what it may cost."""
    parts = [f"{run_line(run)} · {format_spending(run, cap)}"]
    if run.reason:
        parts.append(run.reason)
    if history.instructions:
        asked = [
            f"- {item.by}: {to_plain_text(item.text, 500)}" for item in history.instructions.items
        ]
        parts.append("\n".join(["**Instructions**", *asked]))
    if history.diagnosis:
        ids = ", ".join(f"`{shorten_id(record)}`" for record in history.diagnosis.evidence_ids[:10])
        parts += [history.diagnosis.headline, history.diagnosis.cause]
        parts += [history.diagnosis.triage.summary] if history.diagnosis.triage.reasons else []
        parts.append(f"Evidence: {ids or '-'}")
    if history.brief:
        understood = to_plain_text(history.brief.understood, 500)
        parts.append("\n".join([understood, *list_example_lines(history.brief)]))
    if history.plan:
        parts.append(plan_text(history.plan))
    if history.proposal:
        opened = history.proposal
        link = format_link(f"#{opened.number}", opened.url)
        parts.append(f"Proposal: {link} at `{opened.head[:7]}`")
    return "\n\n".join(parts)


def record_line(action: Action) -> str:
    """Return one line about a journal record."""
    error = f" {action.error.exception}: {action.error.message[:80]}" if action.error else ""
    return (
        f"`{shorten_id(action.id)}` {format_utc(action.ts)} {action.event} {action.outcome} "
        f"{action.user or ''}{error}"
    )


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(
        Runs(
            bot,
            bot.provide(ChangeRequests),
            bot.provide(Authorizer),
            bot.provide(BudgetReports),
            bot.provide(RunDecisions),
            bot.provide(RunRestarts),
            bot.provide(SelfImprovementAgent),
        )
    )
