"""The buttons of a run's cards. Their ids hold all state, so they survive a restart."""

import re
from typing import Any, Self

import discord
from discord import ui

from bot.authority.approvals import ApprovalRequest, Approvals
from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.client import TheseusClient
from bot.domain.errors import TheseusError
from bot.domain.people import Person
from bot.intake.answers import describe_revert, on_it
from bot.intake.kinds.approval import approve
from bot.presentation.cards import plan_text, render_trial
from bot.self_improvement.checks.trials import LONGEST, ProposalTrials
from bot.self_improvement.requests.endorsements import Endorsements
from bot.self_improvement.requests.run_requests import RunRequests
from bot.self_improvement.run_conversation import RunConversation
from bot.self_improvement.run_decisions import RunDecisions
from bot.self_improvement.run_restarts import RunRestarts
from bot.self_improvement.runs.confirmed_versions import LiveConfirmations
from cogs.ui.answers import revise, send_privately
from cogs.ui.speakers import get_speaker

_TEMPLATE = re.compile(
    r"theseus:(?P<action>ship|try|revise|reject|plan|fix|cancel|revert|reopen|endorse|recheck|fallback|retry|live):(?P<run>[0-9a-z]+)"
    r"(?::(?P<head>[0-9a-f]{40}))?"
)


class RunButton(ui.DynamicItem[ui.Button[Any]], template=_TEMPLATE):
    """One button on a card. The presentation draws the card; this class handles the press."""

    def __init__(self, item: ui.Button[Any], action: str, run_id: str, head: str | None) -> None:
        super().__init__(item)
        self._action = action
        self._run_id = run_id
        self._head = head

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuild the button from its id."""
        if not isinstance(item, ui.Button):
            raise TypeError(f"a run's button came as {type(item).__name__}")
        return cls(item, match["action"], match["run"], match["head"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the button says, under the presser's own rights."""
        bot: TheseusClient = interaction.client
        person = get_speaker(interaction)
        if self._action == "revise":
            await self._open(interaction, person, Act.REVISE)
            return
        if self._action == "try":
            await self._open(interaction, person, Act.READ)
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        try:
            text = await self._press(interaction, bot, person)
        except TheseusError as refusal:
            text = str(refusal)
        await send_privately(interaction, text, f"{self._action}-{self._run_id}")

    async def _press(
        self, interaction: discord.Interaction[Any], bot: TheseusClient, person: Person
    ) -> str:
        if self._action == "ship":
            return await approve(
                bot.provide(Approvals), self._build_approval_request(interaction, person)
            )
        if self._action == "recheck":
            request = ApprovalRequest(
                person=person, how="button", run_id=self._run_id, head=self._head
            )
            return await approve(bot.provide(Approvals), request)
        if self._action == "reject":
            return (await bot.provide(RunDecisions).reject(self._run_id, person)).reason
        if self._action == "endorse":
            run = await bot.provide(Endorsements).give(self._run_id, person, self._head or "")
            return f"I propose it in <#{run.thread_id}>."
        if self._action in ("fix", "retry", "fallback"):
            return await self._start_again(bot, person)
        if self._action == "revert":
            return describe_revert(
                await bot.provide(RunRequests).revert(person, run_id=self._run_id)
            )
        if self._action == "reopen":
            reopened = await bot.provide(RunRequests).reopen(self._run_id, person)
            return f"I continue in <#{reopened.thread_id}>."
        if self._action == "live":
            shipment = await bot.provide(LiveConfirmations).confirm(self._run_id, person)
            return f"Noted: `{shipment.merge_commit[:7]}` is live."
        if self._action == "cancel":
            return (await bot.provide(RunDecisions).cancel(self._run_id, person)).reason
        await bot.provide(Authorizer).ask(person, Act.READ, run_id=self._run_id)
        plan = (await bot.agent.get_history(self._run_id)).plan
        return plan_text(plan) if plan else "There is no plan yet."

    async def _start_again(self, bot: TheseusClient, person: Person) -> str:
        """Continue a run as a fix, from the beginning, or with the fallback engine."""
        if self._action == "fallback":
            await bot.provide(RunConversation).switch_engine(self._run_id, person)
            return "The offline engine tries it."
        if self._action == "retry":
            return on_it(await bot.provide(RunRestarts).retry(self._run_id, person))
        await bot.provide(RunRestarts).promote(self._run_id, person)
        return "On it."

    def _build_approval_request(
        self, interaction: discord.Interaction[Any], person: Person
    ) -> ApprovalRequest:
        """Return the approval for the pressed card and its commit.

        Without a message or a commit, the card id is 0, which matches no card, so nothing ships.
        """
        card = interaction.message.id if interaction.message and self._head else 0
        return ApprovalRequest(
            person=person, how="button", run_id=self._run_id, card_id=card, head=self._head
        )

    async def _open(self, interaction: discord.Interaction[Any], person: Person, act: Act) -> None:
        """Open the form, if the person may use it."""
        bot: TheseusClient = interaction.client
        try:
            await bot.provide(Authorizer).ask(person, act, run_id=self._run_id)
            form = (
                ReviseModal(self._run_id)
                if act is Act.REVISE
                else await self._build_trial_modal(bot)
            )
        except TheseusError as refusal:
            await interaction.response.send_message(str(refusal), ephemeral=True)
        else:
            await interaction.response.send_modal(form)

    async def _build_trial_modal(self, bot: TheseusClient) -> "TrialModal":
        return TrialModal(
            self._run_id, await bot.provide(ProposalTrials).suggest_lines(self._run_id)
        )


class ReviseModal(ui.Modal, title="Revise this proposal"):
    """Asks what else the change should do."""

    instruction: ui.TextInput[Any] = ui.TextInput(
        label="What should it do differently?",
        style=discord.TextStyle.paragraph,
        placeholder="also handle an empty list",
        max_length=1000,
    )

    def __init__(self, run_id: str) -> None:
        super().__init__(timeout=900)
        self._run_id = run_id

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Pass the instruction to the run."""
        await revise(interaction, self._run_id, self.instruction.value)


class TrialModal(ui.Modal, title="Try this proposal"):
    """Asks what users do, and shows the answers today and with the change."""

    lines: ui.TextInput[Any] = ui.TextInput(
        label="What users do, one action on each line",
        style=discord.TextStyle.paragraph,
        placeholder="/roll dice:2d6\npress: Again",
        max_length=LONGEST,
    )

    def __init__(self, run_id: str, suggestion: str) -> None:
        super().__init__(timeout=900)
        self._run_id = run_id
        self.lines.default = suggestion[:LONGEST] or None

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Replay the actions with both commits; only the asker sees the result."""
        bot: TheseusClient = interaction.client
        await interaction.response.defer(ephemeral=True, thinking=True)
        try:
            lines = self.lines.value
            await bot.provide(Authorizer).ask(
                get_speaker(interaction), Act.ASK, run_id=self._run_id, note=lines
            )
            text = render_trial(await bot.provide(ProposalTrials).run(self._run_id, lines))
        except TheseusError as refusal:
            text = str(refusal)
        await send_privately(interaction, text, f"trial-{self._run_id}")
