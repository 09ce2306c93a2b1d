"""The buttons under an unclear decision. Their ids hold all state, so they survive a restart."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Self

import discord
from discord import ui

from bot.authority.approvals import ApprovalRequest, Approvals
from bot.authority.autonomy_gate import AutonomyPolicy
from bot.authority.emergency_stop import EmergencyStop
from bot.authority.policy import Act
from bot.client import TheseusClient
from bot.domain.errors import TheseusError, WrongStage
from bot.domain.people import Person
from bot.domain.run import Goal, Trigger
from bot.intake.answers import describe_result, describe_revert
from bot.intake.kinds.approval import approve
from bot.intake.kinds.pause import resume_work
from bot.self_improvement.requests.run_requests import RunRequests
from bot.self_improvement.run_decisions import RunDecisions
from cogs.ui import (
    fetch_replied_text,
    get_speaker,
    place_of,
    send_privately,
)

_TEMPLATE = re.compile(
    r"theseus:decide:(?P<act>ship|reviewed|reject|revert|cancel|stop|pause|resume|nothing"
    r"|fix|investigate)"
    r"(?::(?P<run>[0-9a-z]+))?(?::(?P<head>[0-9a-f]{40}))?(?::(?P<card>\d{1,20}))?"
)


_REJECTION = re.compile(
    r"\b(?:reject|close|decline|discard|drop|scrap|abandon|withdraw)(?:ed|ing)?\b"
    r"(?:\s+(?:it|this|that|the\s+\w+|#\d+|run\s+\S+))*"
    r"[\s,;:.\-–—!]*(?:(?:because|since|cause)\b)?(?P<why>.*)$",  # noqa: RUF001 - people type these dashes
    re.IGNORECASE | re.DOTALL,
)
_REASON = re.compile(
    r"(?:[,;:.]|\b(?:because|since|as)\b) +(?P<why>\S.*)$", re.IGNORECASE | re.DOTALL
)
_POLITE = re.compile(
    r"(?:please|thanks|thank you|thx|now|ok|okay|bot|theseus)[ .!]*", re.IGNORECASE
)
_COURTESY = re.compile(r"[\s,]*\b(?:please|thanks|thank you|thx|cheers|sorry|now|ok)\b", re.I)
_TOKEN = re.compile(r"[^\W\d_]{2,}")
_LEAST = 2  # fewer words than this are not a reason
_LONGEST = 500


class DecisionButton(ui.DynamicItem[ui.Button[Any]], template=_TEMPLATE):
    """One possible meaning, bound to the run and the commit at the time of the question.

    For "fix" and "investigate", the id of a failure's record takes the place of the run.
    """

    def __init__(self, item: ui.Button[Any], found: re.Match[str]) -> None:
        super().__init__(item)
        self._act: str = found["act"]
        self._run_id: str = found["run"] or ""
        self._head: str | None = found["head"]
        self._card_id = int(found["card"] or 0)  # 0 matches no card, so nothing ships

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuild the button from its id."""
        if not isinstance(item, ui.Button):
            raise TypeError(f"a button that decides came as {type(item).__name__}")
        return cls(item, match)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the button says, with the presser's rights, and remove the buttons."""
        bot: TheseusClient = interaction.client
        await interaction.response.defer(ephemeral=True, thinking=True)
        try:
            text = await self.decide(interaction, bot, get_speaker(interaction))
        except TheseusError as refusal:
            text = str(refusal)
        else:
            with suppress(discord.HTTPException):  # deleted in the meantime, or too old to edit
                if interaction.message is not None:
                    await interaction.message.edit(view=None)
        await send_privately(interaction, text, f"{self._act}-{self._run_id}")

    async def decide(
        self, interaction: discord.Interaction[Any], bot: TheseusClient, person: Person
    ) -> str:
        """Make the decision for a person; return what they read. Raises what the agent raises."""
        agent = bot.agent
        if self._act in ("ship", "reviewed"):
            return await approve(bot.provide(Approvals), self._build_approval_request(person))
        if self._act == "reject":
            why = find_rejection_reason(await fetch_replied_text(interaction))
            card = self._card_id
            return (
                await bot.provide(RunDecisions).reject(self._run_id, person, why=why, card_id=card)
            ).reason
        if self._act == "revert":
            return describe_revert(
                await bot.provide(RunRequests).revert(person, run_id=self._run_id)
            )
        if self._act == "cancel":
            return (await bot.provide(RunDecisions).cancel(self._run_id, person)).reason
        if self._act == "stop":
            return f"⛔ {(await bot.provide(EmergencyStop).stop(person, 'button', '')).summary}"
        if self._act == "pause":
            return await _pause(interaction, bot, person, self._run_id)
        if self._act == "resume":
            return await resume_work(
                bot.provide(EmergencyStop), bot.provide(AutonomyPolicy), person
            )
        if self._act in ("fix", "investigate"):
            goal: Goal = "fix" if self._act == "fix" else "investigate"
            return await _work_on(interaction, bot, person, goal, self._run_id)
        await agent.permit(person, Act.STEER, note="not now")
        return "All right, I did nothing."

    def _build_approval_request(self, person: Person) -> ApprovalRequest:
        """Return an approval for the card and commit that were newest when it was asked."""
        return ApprovalRequest(
            person=person,
            how="button",
            run_id=self._run_id,
            card_id=self._card_id,
            head=self._head,
            security_reviewed=self._act == "reviewed",
        )


async def _pause(
    interaction: discord.Interaction[Any], bot: TheseusClient, person: Person, until: str
) -> str:
    """Pause until the time in the button's id (seconds since 1970), if it has one."""
    end = datetime.fromtimestamp(int(until), UTC) if until.isdecimal() else None
    if end is not None and end <= bot.clock.now():
        raise WrongStage("That time has passed. Say “pause” again, with another time.")
    why = find_pause_reason(await fetch_replied_text(interaction))
    return f"Paused. {(await bot.provide(AutonomyPolicy).pause(person, why, end)).ends}"


async def _work_on(
    interaction: discord.Interaction[Any],
    bot: TheseusClient,
    person: Person,
    goal: Goal,
    error_id: str,
) -> str:
    """Start work on that failure, in the thread of the message that named none."""
    question = interaction.message
    if question is None:
        raise WrongStage("I can no longer see the question. Please name what failed.")
    reference = question.reference
    message_id = reference.message_id if reference and reference.message_id else question.id
    asked = await bot.intake.ask(
        Trigger(
            key=f"message:{message_id}:{error_id}",  # the same for all: a second press joins
            goal=goal,
            person=person,
            place=place_of(question).replace(message_id=message_id),
            text=await fetch_replied_text(interaction),
            is_verbatim=False,
            error_id=error_id,
            at=interaction.created_at,
        ),
    )
    return describe_result(person, asked)


def find_rejection_reason(text: str) -> str:
    """Return the reason in a rejection; empty if it has none."""
    found = _REJECTION.search(text)
    why = " ".join(found["why"].split()).strip(" .!,;") if found else ""
    enough = len(_TOKEN.findall(_COURTESY.sub("", why))) >= _LEAST
    return why[:_LONGEST] if enough else ""


def find_pause_reason(text: str) -> str:
    """Return what follows the request: `we deploy` of `pause for 2 hours, we deploy`."""
    found = _REASON.search(text)
    if found is None or _POLITE.fullmatch(found["why"]):
        return ""
    return found["why"].strip()
