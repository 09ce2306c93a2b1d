"""What people write in a run's thread and press below it: plain approvals, and everything else."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from discord import ui

from bot.domain.people import Person
from bot.domain.posts import Button, Post
from bot.grammar import COMMAND_LINE, Intent
from bot.intake.message import CardReference, Message
from cogs.conversation._decision_button import DecisionButton
from tests.support.agent_under_test import AgentUnderTest
from tests.support.intake_harness import IntakeHarness, SilentHost
from tests.support.voting_cases import Faults
from tests.support.voting_rules import Vote, Voter

PLAIN = ("ship it", "Ship it!", "nice, ship it", "lgtm, merge", "merge it", "SHIP IT 🚀")
NAMING = ("ship #{}", "ship proposal {}", "merge PR {}", "ship pull request #{}")
BEFORE = (
    "🅳🅾🅽🆃 ", "🇳🇴 ", "ⓓⓞⓝⓣ ", "¬", "✗ ", "🆖 ", "<:nope:123> ", "don't ", "never ", "> ", "Bob: ",
    "yes please ", "!", "-", "`", "if it is green, ", "/", "<@42> ",
)  # fmt: skip
AFTER = (
    " ⏸️", " <after-bob-reviews-it>", " <and-ask-bob-first>", "?", " tomorrow", " unless it breaks",
    " not", "`", "\u200b", "\u202e", " <:nope:123>", " 🤞", " 👎", ", wait", "...", " <#7>",
)  # fmt: skip
LOOSE = (
    "lgtm, send it", "yes please ship", "approved", "land it", "don't ship it", "looks good", "👍",
    "ship the fix {}", "merge your branch {}", "ship #1 and #{}", "reject #{}", "cancel #{}",
    "no, reject it", "go ahead and merge #{}", "🅳🅾🅽🆃 ship it <and-ask-bob-first>",
    "¬reject it", "ⓓⓞⓝⓣ cancel #{}", "revert your branch {}", "whoa stop", "pause 2h", "resume ⏸️",
)  # fmt: skip
NUMBERS = (1, 2, 7, 12)
_THREAD = COMMAND_LINE.replace(in_thread=True)
_DECISION_INTENTS = (Intent.SHIP, Intent.REJECT, Intent.CANCEL, Intent.UNCLEAR)


@dataclass(frozen=True)
class VoteMessage:
    """One message. Only a `plain` one is an approval, and only for the number that it names, if
    any.
    """

    text: str
    plain: bool = False
    number: int | None = None
    reviewed: bool = False


@dataclass(frozen=True)
class VoteButton:
    """A button below a question, with the card and commit that the question is about."""

    button: Button
    number: int
    card: int
    head: str

    def build_vote(self, voter: Voter) -> Vote:
        """Return the vote that a press of the button means."""
        reviewed = self.button.label.endswith("security reviewed")
        return Vote(voter, "button", self.card, self.head, reviewed=reviewed)


@dataclass
class VoteDialogue:
    """All messages of one story as the cogs receive them, and the questions that were asked
    back.
    """

    luck: random.Random
    cards: Callable[[int], list[tuple[int, str]]]
    """The cards of a proposal and the commits they show, oldest first."""
    holes: Faults
    buttons: list[VoteButton] = field(default_factory=list)

    def draw_message(self, *, security: bool) -> VoteMessage:
        """Return something to say: plain as often as not."""
        luck, number = self.luck, self.luck.choice(NUMBERS)
        reviewed = security and luck.random() < 0.7
        names = luck.random() < 0.4
        text = luck.choice(NAMING).format(number) if names else luck.choice(PLAIN)
        if reviewed:
            text += ", security reviewed"
        if luck.random() < 0.4:
            return VoteMessage(text, True, number if names else None, reviewed)
        if luck.random() < 0.5:
            return VoteMessage(luck.choice(LOOSE).format(number))
        before = luck.choice(BEFORE) if luck.random() < 0.6 else ""
        after = luck.choice(AFTER) if not before or luck.random() < 0.3 else ""
        return VoteMessage(before + text + after)

    async def handle_message(
        self,
        world: Any,
        agent: AgentUnderTest,
        run_id: str,
        vote_message: VoteMessage,
        vote: Vote,
        person: Person,
    ) -> None:
        """Take a message as the conversation takes it, and note the question that comes back."""
        run = await agent.find(run_id=run_id)
        card = CardReference(vote.card, run_id, vote.head) if vote.card and vote.head else None
        setting = _THREAD.replace(reply_to="proposal" if card else None)
        edited = datetime(2026, 1, 1, tzinfo=UTC) if vote.edited else None
        utterance = self.holes.parse_text(vote_message.text, setting)
        if utterance.intent not in _DECISION_INTENTS:
            return
        assert vote.message_id is not None
        heard = Message(
            vote.message_id,
            vote_message.text,
            person,
            run.trigger.place.replace(thread_id=run.thread_id, message_id=vote.message_id),
            world.clock.now(),
            utterance,
            SilentHost(),
            run=run,
            card=card,
            edited_at=edited,
        )
        answer = await IntakeHarness(agent).intake.handle(heard)
        if isinstance(answer, Post):
            self._note(answer)

    def _note(self, question: Post) -> None:
        for button in question.buttons:
            number = 2 if "#2" in button.label else 1
            head = question.text.partition(f"#{number} is `")[2][:7]
            seen = [each for each in self.cards(number) if head and each[1].startswith(head)]
            if button.label.startswith(("Ship", "Reject", "Cancel")) and seen:
                self.buttons.append(VoteButton(button, number, *seen[-1]))

    async def press(
        self, world: Any, agent: AgentUnderTest, vote_button: VoteButton, person: Person
    ) -> None:
        """Press a button by what its id says, as after any restart."""
        pressed = vote_button.button.custom_id
        if not self.holes.has_bound_buttons:
            card, head = self.cards(vote_button.number)[-1]
            pressed = pressed.replace(vote_button.head, head).replace(
                str(vote_button.card), str(card)
            )
        found = DecisionButton.__discord_ui_compiled_template__.fullmatch(pressed)
        assert found is not None, pressed
        item: Any = ui.Button(label=vote_button.button.label, custom_id=pressed)
        interaction: Any = SimpleNamespace(message=None)
        await DecisionButton(item, found).decide(interaction, _make_client(world, agent), person)


def _make_client(world: Any, agent: AgentUnderTest) -> Any:
    """Return what of the client the conversation asks."""
    identity = SimpleNamespace(people=world.limits.people)
    return SimpleNamespace(
        agent=agent,
        provide=agent.get,
        find_part=agent.injector.find,
        identity=identity,
        clock=world.clock,
    )
