"""A message that is for the bot, without Discord: what the kinds of requests decide with."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, Self

from bot.authority.policy import Act, is_allowed_here
from bot.domain.guilds import AllowLists
from bot.domain.intents import Intent, Slots, Utterance
from bot.domain.journal import FailureGroup
from bot.domain.people import Person, Place
from bot.domain.posts import Post
from bot.domain.run import FROM_MESSAGE, Run

Reply = str | Post | None
"""The answer to a message; `None` if it is posted elsewhere, `""` if none is due."""


@dataclass(frozen=True)
class CardReference:
    """A proposal card that a person refers to: its message, run and commit."""

    message_id: int
    run_id: str
    head: str


@dataclass(frozen=True)
class RepliedMessage:
    """The message that a message replies to.

    A message of the bot may name a record of the journal (`error_id`) and an interaction that it
    answers.
    """

    author: Person
    text: str
    is_own: bool = False
    error_id: str | None = None
    interaction_id: int | None = None


class MessageHost(Protocol):
    """Does for a message what only the Discord client can do."""

    async def show_start(self) -> None:
        """Show that work begins, with a reaction."""
        ...

    async def describe_bot(self, person: Person, slots: Slots) -> str:
        """Return what the bot can do for a person: its commands, abilities or skills."""
        ...


@dataclass(frozen=True)
class Message:
    """A parsed message.

    Attributes:
        text: What the author wrote without the mention of the bot, or the begin of its files.
        run: The run in whose thread it is.
        card: The proposal card that it replies to.
        replied: The message that it replies to.
        is_answer: Whether it is the answer that `run` waits for.
        is_missed: Whether it was posted while the bot was away.
        is_correction: Whether it was edited, and may have been answered before.
        is_explained: Whether its author has said, with a button, what it means.
        is_verbatim: Whether its author wrote the text, and did not forward or attach it.
        attached: The text of its files: data, no instruction.
        error_id: The failure that its files show.
        recent_failures: What failed lately, if the message asks for a fix and names nothing.
        found_language: The code of its language, if a model has read it.
    """

    id: int
    text: str
    person: Person
    place: Place
    at: datetime
    utterance: Utterance
    host: MessageHost
    run: Run | None = None
    card: CardReference | None = None
    replied: RepliedMessage | None = None
    is_answer: bool = False
    is_missed: bool = False
    is_correction: bool = False
    is_explained: bool = False
    edited_at: datetime | None = None
    has_text: bool = True
    is_verbatim: bool = True
    attached: str = ""
    error_id: str | None = None
    recent_failures: tuple[FailureGroup, ...] = ()
    found_language: str = ""

    @property
    def language(self) -> str:
        """The code of the language that it is answered in."""
        return self.found_language or self.utterance.language

    @property
    def intent(self) -> Intent:
        """What the grammar found."""
        return self.utterance.intent

    @property
    def slots(self) -> Slots:
        """The details that the grammar found."""
        return self.utterance.slots

    @property
    def key(self) -> str:
        """The idempotency key of what the message starts; each edit and meaning has its own."""
        edited = self.edited_at if self.is_correction else None
        edit = f":edit:{edited.timestamp():.3f}" if edited else ""
        meant = f":meant:{self.intent.value}" if self.is_explained else ""
        return f"{FROM_MESSAGE}{self.id}{edit}{meant}"

    @property
    def reply_key(self) -> str:
        """The key of the answer."""
        return self.key.replace(FROM_MESSAGE, "reply:", 1)

    @property
    def channel_id(self) -> int:
        """The channel or thread that it was posted in."""
        return self.place.thread_id or self.place.channel_id

    @property
    def thread_id(self) -> int | None:
        """The thread of its run, if it was posted there."""
        return self.channel_id if self.run else None

    @property
    def text_and_files(self) -> str:
        """The text, and what is in its files."""
        return "\n\n".join(filter(None, (self.text, self.attached)))

    @property
    def is_threadless(self) -> bool:
        """True if no thread can be opened on the message: it is a direct message or in a thread."""
        return self.place.guild_id is None or self.place.thread_id is not None

    def add_failure(self, error_id: str) -> Self:
        """Return the message with the failure that its files show, which is to be looked into."""
        fixes = self.has_text and self.intent is Intent.FIX
        utterance = self.utterance.replace(
            intent=Intent.FIX if fixes else Intent.INVESTIGATE,
            slots=self.slots.replace(subject=""),
            is_unspecific=False,
            strength="clear",
        )
        text = self.text if self.has_text else ""
        return replace(self, utterance=utterance, error_id=error_id, text=text)

    def add_run(self, run_id: str) -> Self:
        """Return the message with the run that the number in its text belongs to."""
        utterance = self.utterance.replace(slots=self.slots.replace(run=run_id))
        return replace(self, utterance=utterance)

    def replace_request(self, person: Person, utterance: Utterance) -> Self:
        """Return the message as if that person had asked that with it."""
        return replace(self, person=person, utterance=utterance, is_answer=False)


def can_ask(people: AllowLists, person: Person) -> bool:
    """Return whether the person may ask for work on the code."""
    return is_allowed_here(people, person, Act.ASK)
