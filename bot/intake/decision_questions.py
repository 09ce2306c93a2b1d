"""Questions with buttons, for messages that look like a decision but are not clear.

No decision is guessed: only a button decides, bound to the run and the commit of the question.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.authority.autonomy_gate import AutonomyPolicy
from bot.authority.emergency_stop import EmergencyStop
from bot.authority.end_times import parse_end_time
from bot.domain.errors import WrongStage
from bot.domain.guilds import AllowLists
from bot.domain.history import History
from bot.domain.intents import Intent, Slots, Utterance
from bot.domain.people import Person
from bot.domain.posts import Button, Post
from bot.domain.run import Run, Stage, Status
from bot.intake.message import Message, can_ask
from bot.intake.run_references import RunReferences
from bot.ports.clock import Clock
from bot.presentation.cards import to_plain_text
from bot.presentation.titles import change_title
from bot.self_improvement import SelfImprovementAgent

ACTION = "decide"
"""The second part of the id of such a button, after `theseus:`."""

_OF_A_RUN = (Intent.SHIP, Intent.REJECT, Intent.REVERT, Intent.CANCEL)
"""Decisions about one run."""

MOST_BUTTONS = 4  # buttons in one row, with room for “Not now”
_ASKED = "Do you want me to {wanted}? Press a button to confirm, or say exactly “{plain}”."
_UNNAMED = (
    "Which one do you want me to {wanted}? I cannot tell. Press a button, or name it, as in "
    "“{wanted} {first}”."
)
_UNNAMED_ONE = (
    "Do you want me to {wanted} {first}? You did not name it. Press the button, or say “{wanted} "
    "{first}”."
)
UNTOUCHED = "I change nothing until you press a button."
_PLAIN = {
    Intent.SHIP: "ship it", Intent.REJECT: "reject", Intent.REVERT: "revert it",
    Intent.STOP: "stop everything", Intent.CANCEL: "cancel", Intent.PAUSE: "pause",
    Intent.RESUME: "resume",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class DecisionQuestions:
    """Builds the questions; each button makes one decision that is possible now."""

    agent: SelfImprovementAgent
    emergency: EmergencyStop
    autonomy: AutonomyPolicy
    clock: Clock
    references: RunReferences
    people: AllowLists

    async def resolve_run(self, message: Message) -> Message | Post:
        """Return the message with its run, or a question if a plain decision names another run.

        A decision that names no run, outside a run's thread, is asked about too. The message stays
        as it is if there is nothing to choose, or if the person may not choose.
        """
        intent, slots = message.intent, message.slots
        if intent not in _OF_A_RUN or not can_ask(self.people, message.person):
            return message
        here = await self.references.find_current(message)
        numbers = () if slots.pull_request is None else (slots.pull_request,)
        if here is None and slots.run is None and not numbers:
            open_runs = await self.references.list_open()
            return await self.build((intent,), open_runs, slots, unnamed=True) or message
        named, unknown = await self.references.find_named(slots.run, numbers)
        if here is None:
            if len(named) == 1:
                return message.add_run(named[0].id)
            question = await self.build((intent,), named, slots) if named else None
            return question or message
        if here in named or not (named or unknown):
            return message
        runs = remove_duplicates([*named, here])
        return await self.build((intent,), runs, slots, unknown=unknown) or message

    async def can_be_decided(self, person: Person, utterance: Utterance) -> bool:
        """Return whether a decision that addresses nobody can be made now, e.g. ends a pause.

        A message that only resembles a decision is for the bot if a listed person wrote it.
        """
        intents = utterance.slots.may_mean or (utterance.intent,)
        if utterance.intent is Intent.UNCLEAR and not can_ask(self.people, person):
            return False
        if Intent.REVERT in intents:
            return await self._has_shipped(utterance.slots)
        return any([await self.build_bot_button(each, utterance.slots) for each in intents])

    async def _has_shipped(self, slots: Slots) -> bool:
        """Return whether there is a change to revert: the named one, or else any."""
        numbers = () if slots.pull_request is None else (slots.pull_request,)
        named, unknown = await self.references.find_named(slots.run, numbers)
        runs = named if named or unknown else await self.references.list_open()
        return any(run.status is Status.DONE for run in runs)

    async def build(
        self,
        intents: Sequence[Intent],
        runs: Sequence[Run],
        slots: Slots,
        *,
        unknown: Sequence[str] = (),
        unnamed: bool = False,
        extra_buttons: Sequence[Button] = (),
    ) -> Post | None:
        """Return the question, or None without any button.

        `unnamed` means that the decision is clear, but not its run. `extra_buttons` are other
        possible meanings; they are shown last.
        """
        histories = {run.id: await self.agent.get_history(run.id) for run in runs}
        buttons, able_intents = list[Button](), list[Intent]()
        for intent in intents:
            found = (
                [_build_run_button(intent, run, histories[run.id], slots) for run in runs]
                if intent in _OF_A_RUN
                else [await self.build_bot_button(intent, slots)]
            )
            offered = [button for button in found if button is not None]
            buttons += offered
            able_intents += [intent] if offered else []
        intents = able_intents or intents  # do not ask about decisions that cannot be made now
        buttons = [*buttons[: MOST_BUTTONS - len(extra_buttons)], *extra_buttons]
        if not buttons:
            return None
        wanted = " or ".join(_PLAIN[intent].removesuffix(" it") for intent in intents)
        asked = (_UNNAMED_ONE if len(buttons) == 1 else _UNNAMED) if unnamed else _ASKED
        first = buttons[0].label.partition(" ")[2]
        lines = [asked.format(wanted=wanted, plain=_PLAIN[intents[0]], first=first)]
        lines += [f"I do not know {' or '.join(unknown)}."] if unknown else []
        lines += [wrong] if Intent.PAUSE in intents and (wrong := self._read_end(slots)[1]) else []
        able = {each.arguments[1] for each in buttons if len(each.arguments) > 1}
        named_runs = [run for run in runs if run.id in able or not unnamed]
        lines += [
            line for run in named_runs if (line := _describe_proposal(run, histories[run.id]))
        ]
        nothing = Button(label="Not now", action=ACTION, arguments=("nothing",))
        return Post(
            text="\n".join([*lines[:6], UNTOUCHED]), buttons=(*buttons[:MOST_BUTTONS], nothing)
        )

    async def build_bot_button(self, intent: Intent, slots: Slots) -> Button | None:
        """Return the button for a decision about all work at once; None if impossible."""
        if intent is Intent.PAUSE and (end := self._read_end(slots)[0]) is not None:
            stamp = str(int(end.timestamp()))
            return build_button(f"Pause ({slots.until})"[:80], "pause", stamp)
        if intent is not Intent.RESUME:
            return build_button(_PLAIN[intent].capitalize(), intent.value)
        blocker = await self.emergency.get_stop() or await self.autonomy.blocks.find_pause()
        return build_button("Resume", "resume") if blocker else None

    def _read_end(self, slots: Slots) -> tuple[datetime | None, str]:
        """Return the requested end of the pause, or what is wrong with it."""
        try:
            return parse_end_time(slots.until or "", self.clock.now()), ""
        except WrongStage as refusal:
            return None, str(refusal)


def remove_duplicates(runs: Iterable[Run]) -> list[Run]:
    """Return each run once."""
    return list({run.id: run for run in runs}.values())


def _describe_proposal(run: Run, history: History) -> str:
    if history.proposal is None:
        return ""
    what = to_plain_text(change_title(run, history))
    return f"#{history.proposal.number} is `{history.proposal.head[:7]}`: {what}."


def _build_run_button(intent: Intent, run: Run, history: History, slots: Slots) -> Button | None:
    """Return the button that decides this about the run now; None if that is impossible."""
    proposal = history.proposal
    name = f"#{proposal.number}" if proposal else f"run {run.id}"
    if intent is Intent.CANCEL:
        return None if run.has_ended else build_button(f"Cancel {name}", "cancel", run.id)
    if proposal is None:
        return None
    if intent is Intent.REVERT:
        shipped = run.status is Status.DONE and history.shipment is not None
        return build_button(f"Revert {name}", "revert", run.id) if shipped else None
    waits = run.stage is Stage.SHIP and run.status is Status.WAITING
    if not waits or proposal.card_id is None:
        return None
    bound = (run.id, proposal.head, str(proposal.card_id))
    if intent is Intent.REJECT:
        return build_button(f"Reject {name}", "reject", *bound)
    if slots.security_reviewed:
        return build_button(f"Ship {name}, security reviewed", "reviewed", *bound)
    return build_button(f"Ship {name}", "ship", *bound)


def build_button(label: str, act: str, *bound: str) -> Button:
    """Return the button that makes a decision, bound to what it was asked about."""
    style = {"ship": "success", "reviewed": "success", "reject": "danger", "stop": "danger"}
    return Button.model_validate(
        {"label": label, "action": ACTION, "arguments": (act, *bound),
         "style": style.get(act, "secondary")}
    )  # fmt: skip
