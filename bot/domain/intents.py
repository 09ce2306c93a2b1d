"""What the grammar is told about a message, and what it answers."""

from enum import StrEnum
from typing import Any, Literal

from bot.domain.live_items import ItemName, RollbackRequest
from bot.domain.record import Record

ReplyTo = Literal["error", "proposal", "bot", "person"]
Strength = Literal["none", "weak", "clear"]


class Intent(StrEnum):
    """What a person wants. `UNCLEAR` may mean a decision and is asked back; `CHAT` is all else."""

    INVESTIGATE = "investigate"
    FIX = "fix"
    CHANGE = "change"
    STATUS = "status"
    CANCEL = "cancel"
    REVISE = "revise"
    SHIP = "ship"
    REJECT = "reject"
    REVERT = "revert"
    ROLL_BACK = "roll_back"
    PAUSE = "pause"
    RESUME = "resume"
    REMEMBER = "remember"
    FORGET = "forget"
    STOP = "stop"
    AUDIT = "audit"
    BUDGET = "budget"
    ASK = "ask"
    UNCLEAR = "unclear"
    CHAT = "chat"


class Topic(StrEnum):
    """What a question about the bot itself is about."""

    CHANGES = "changes"  # what it did: in a time, or as one run
    CAUSE = "cause"  # why: of a failure, a fix, an end
    COST = "cost"
    RISK = "risk"  # what could break
    PROOF = "proof"  # how it knows that it works
    WATCH = "watch"  # whether it held, and what is watched
    BROKEN = "broken"  # what goes wrong now
    WHO = "who"  # asked, approved, shipped, and when
    PEOPLE = "people"  # who may
    WAITING = "waiting"  # what waits for people
    LIVE = "live"  # which commit runs
    MEMORY = "memory"
    FAILURES = "failures"  # when and how often something failed
    USE = "use"  # how often something is used
    FEATURE_REQUESTS = "wishes"
    FLAGS = "flags"
    SKILLS = "skills"  # of models: which there are, or one of them
    HOW_TO = "how to"  # stop, undo, ship: which words do it
    ABILITIES = "abilities"
    HELP = "help"


class Setting(Record):
    """Where and to whom something was said.

    The caller removes the bot's own mention from the text and writes other people's as `@name`.
    A single raw mention left in an addressed request is taken for the bot's own; in a decision no
    mention is.
    """

    addressed: bool = False
    """The bot was mentioned, replied to or written to directly."""
    in_thread: bool = False
    """The message is in a run's thread."""
    dev_channel: bool = False
    listed: bool = False
    """The speaker is an allow-listed person."""
    reply_to: ReplyTo | None = None
    is_text_only: bool = True
    """The message holds nothing but its words: no file, sticker or poll."""
    items: tuple[ItemName, ...] = ()
    """What can change while the program runs, by name: only that can be rolled back."""

    @property
    def is_for_bot(self) -> bool:
        """True when the message is for the bot, whatever it says."""
        return self.addressed or self.in_thread or self.reply_to in ("error", "proposal", "bot")

    @property
    def about_a_proposal(self) -> bool:
        """True where a short word such as "merge" can only mean one proposal."""
        return self.in_thread or self.reply_to == "proposal"


class Slots(Record):
    """The details of a request; what was not said is empty, None or False."""

    subject: str = ""
    """What is broken, or wished for, in the speaker's words and without politeness ("rolling
    dice", "add a /coinflip command")."""
    run: str | None = None
    pull_request: int | None = None
    security_reviewed: bool = False
    instruction: str = ""
    """What a revision should do ("handle empty input")."""
    note: str = ""
    """What to remember or forget."""
    until: str | None = None
    """How long to pause, in the speaker's words ("2 hours", "tomorrow")."""
    is_recurring: bool = False
    """The speaker says that it has happened before."""
    asks_status: bool = False
    """Beside what is asked for, the speaker wants to know how it stands."""
    topic: Topic | None = None
    """What a question is about; then `subject` is what it names: a command, words to look for."""
    span: str = ""
    """The time a question is about, in the speaker's words ("this week")."""
    may_mean: tuple[Intent, ...] = ()
    """What an unclear message may want decided, likeliest first."""
    rollback: RollbackRequest | None = None
    """Which of what can change while the program runs goes back, and to which version."""
    numbers: tuple[int, ...] = ()
    """Every number an unclear message names; each may be a proposal's."""


class Utterance(Record):
    """One message, understood: the intent, its slots, and whether to act on it.

    An unclear one is `clear` in strength where it begins with what may be decided, `weak` where
    such a word only stands in it.
    """

    intent: Intent
    slots: Slots = Slots()
    strength: Strength = "none"
    """How plainly it was said; `none` for chat."""
    recognised: bool = False
    """True when the caller should act: the message was for the bot and is not chat, or it was
    overheard in the dev channel from a listed person and plainly asks to investigate, fix or
    change."""
    language: str = "en"
    """The code of the language it was said in; English where that is not plain."""
    is_unspecific: bool = False
    """It was overheard like that, but does not say what about: it may be asked back."""

    @property
    def unsure(self) -> bool:
        """Whether it only might be a decision: where none can be meant, it is talk."""
        return self.intent is Intent.UNCLEAR and self.strength == "weak"


def describe(utterance: Utterance) -> dict[str, Any]:
    """`{"intent": ..., "slots": {...}, ...}` as plain JSON values; empty slots are left out."""
    slots = utterance.slots.model_dump(mode="json", exclude_defaults=True)
    told = {
        "intent": utterance.intent.value,
        "slots": slots,
        "strength": utterance.strength,
        "recognised": utterance.recognised,
    }
    return told if utterance.language == "en" else {**told, "language": utterance.language}
