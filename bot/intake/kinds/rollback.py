"""A request for an older version of a text: carried out if it is clear, else asked back."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.authority.authorizer import Authorizer
from bot.authority.live_items import LiveItemService
from bot.authority.policy import Act
from bot.authority.rollback_choice import RollbackChoice
from bot.domain.errors import OtherVersionLive, UnknownRun
from bot.domain.intents import Intent
from bot.domain.live_items import ROLLED_BACK, ItemName, ItemVersion, RollbackRequest
from bot.domain.posts import Button, Post
from bot.domain.run import Run, Status
from bot.intake.decision_questions import ACTION
from bot.intake.message import Message, Reply
from bot.intake.rollback_questions import (
    MORE,
    MOST,
    NOT_NOW,
    UNTOUCHED,
    RollbackQuestions,
    build_rollback_button,
)
from bot.ports.clock import Clock
from bot.presentation.rollbacks import (
    describe_git_revert,
    format_item,
    format_version_label,
    render_item_question,
)
from bot.presentation.skills import describe_rollback
from bot.self_improvement import SelfImprovementAgent

INTENTS = (Intent.ROLL_BACK,)

_NO_VERSIONS = "There is nothing here that has older versions. `/revert` shows what I can revert."
_MEANWHILE = "It has just changed, so I ask again."
_CAME_WITH = (
    "-# v{number} came from run `{run}`. A revert of that run removes it from the file too."
)


@dataclass(frozen=True)
class Request:
    """The message. Its items are read only if its author may read them."""

    message: Message


@dataclass(frozen=True, eq=False)
class Handler:
    """Makes an older version live, or asks which one."""

    agent: SelfImprovementAgent
    authorizer: Authorizer
    live_items: LiveItemService | None
    clock: Clock
    questions: RollbackQuestions

    async def decide(self, message: Message) -> Request:
        """Return the message."""
        return Request(message)

    async def perform(self, request: Request) -> Reply:
        """Make an older version live if the request is clear; else ask, with the versions."""
        return await self._roll_back(request.message)

    async def _roll_back(self, message: Message) -> Post:
        """Make an older version live if the request is clear; else ask, with the versions."""
        await self.authorizer.ask(message.person, Act.READ, note="which version was meant")
        request = message.slots.rollback
        if request is None or not request.items or self.live_items is None:
            return Post(text=_NO_VERSIONS)
        texts = [each for each in request.items if each.kind in ROLLED_BACK]
        if not texts:
            return await self._answer_for_code(self.live_items, message, request.items)
        choices = await self.questions.build_choices(message, request, texts)
        if len(choices) == 1:
            return await self._handle_choice(self.live_items, message, choices[0])
        return self._ask_which(request, choices)

    async def _handle_choice(
        self, service: LiveItemService, message: Message, choice: RollbackChoice
    ) -> Post:
        if choice.sure and not message.is_missed:
            try:
                return await self._apply_choice(service, message, choice)
            except OtherVersionLive:
                request = message.slots.rollback or RollbackRequest(items=())
                names = [ItemName(kind=choice.item.kind, name=choice.item.name)]
                choices = await self.questions.build_choices(message, request, names)
                return (
                    self.questions.build_question(choices[0], _MEANWHILE)
                    if choices
                    else Post(text=_MEANWHILE)
                )
        return self.questions.build_question(choice)

    async def _apply_choice(
        self, service: LiveItemService, message: Message, choice: RollbackChoice
    ) -> Post:
        before = choice.item
        item = await service.roll_back(
            message.person, before.kind, before.name, choice.versions[0].number, before.digest
        )
        versions = {
            each.number: each for each in await service.suggest_versions(before.kind, before.name)
        }
        previous = versions.get(before.version)
        lines = [describe_rollback(item)]
        if previous is None:
            return Post(text=lines[0])
        if previous.author.run_id:
            lines.append(_CAME_WITH.format(number=previous.number, run=previous.author.run_id))
        button = build_rollback_button(item, previous, f"Back to v{previous.number}")
        return Post(text="\n".join(lines), buttons=(button,))

    def _ask_which(self, request: RollbackRequest, choices: Sequence[RollbackChoice]) -> Post:
        """Ask which item is meant: the last changed ones, each with its version before."""
        able = [each for each in choices if each.versions and each.is_matched]
        newest = sorted(able, key=lambda each: each.item.since, reverse=True)[:MOST]
        now = self.clock.now()
        buttons = [
            build_rollback_button(
                each.item, each.versions[0], format_version_label(each.versions[0], now, each.item)
            )
            for each in newest
        ]
        if not buttons:
            names = ", ".join(format_item(each.item) for each in choices[:10]) or "these"
            text = f"I have no other version of {names}. Tell me what it should say instead."
            return Post(text=text)
        return Post(
            text="\n".join([render_item_question(request), MORE, UNTOUCHED]),
            buttons=(*buttons, NOT_NOW),
        )

    async def _answer_for_code(
        self, service: LiveItemService, message: Message, names: Sequence[ItemName]
    ) -> Post:
        """Explain how code is reverted, with a button for each run that shipped a version of it."""
        item, versions = await service.list_versions(message.person, names[0].kind, names[0].name)
        text = describe_git_revert(item, versions[0] if versions else None)
        if item.kind != "cog" or len(names) > 1:
            return Post(text=text)
        buttons = [
            Button(label=f"Revert {name}", action=ACTION, arguments=("revert", run.id))
            for run, name in await self._find_shipped_runs(versions)
        ]
        if not buttons:
            commit = versions[0].commit[:7] if versions else ""
            hint = f"use `git revert {commit}`" if commit else "revert it with git"
            return Post(
                text=f"{text} It did not come from a run of mine: {hint}, or say what it should do."
            )
        return Post(text=f"{text}\n{UNTOUCHED}", buttons=(*buttons[:MOST], NOT_NOW))

    async def _find_shipped_runs(self, versions: Sequence[ItemVersion]) -> list[tuple[Run, str]]:
        """Return the shipped runs behind these versions, newest first, with their names."""
        found = []
        for run_id in dict.fromkeys(each.author.run_id for each in versions if each.author.run_id):
            try:
                run = await self.agent.find(run_id=run_id)
            except UnknownRun:
                continue
            history = await self.agent.get_history(run.id)
            if run.status is Status.DONE and history.shipment is not None and history.proposal:
                found.append((run, f"#{history.proposal.number}"))
        return found
