"""Input and output of the grammar: where a message was sent, and what it asks for."""

from enum import StrEnum
from typing import Any, Literal

from theseus_guard.record import Record

from bot.domain.live_items import ItemName, RollbackRequest

ReplyTo = Literal["error", "proposal", "bot", "person"]
Strength = Literal["none", "weak", "clear"]


class Intent(StrEnum):
    """What a person wants.

    `UNCLEAR` may be a decision, so the bot asks. `CHAT` is everything else.
    """

    INVESTIGATE = "investigate"
    FIX = "fix"
    CHANGE = "change"
    STATUS = "status"
    CANCEL = "cancel"
    REVISE = "revise"
    RETRY = "retry"
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
    SET_GOAL = "set_goal"
    REMOVE_GOAL = "remove_goal"
    GOALS = "goals"
    QUIET = "quiet"
    DIGEST = "digest"
    ASK = "ask"
    RESEARCH = "research"
    UNCLEAR = "unclear"
    CHAT = "chat"


REQUESTS = (Intent.FIX, Intent.INVESTIGATE, Intent.CHANGE, Intent.ASK)
"""What a message without a clear request may ask for."""


class Topic(StrEnum):
    """The topic of a question about the bot itself."""

    CHANGES = "changes"  # what it did: in a period, or in one run
    CAUSE = "cause"  # the cause of a failure, a fix or an end
    COST = "cost"
    RISK = "risk"  # what could break
    PROOF = "proof"  # how it knows that a change works
    WATCH = "watch"  # whether a fix held, and what is watched
    BROKEN = "broken"  # what fails now
    TENDENCY = "tendency"  # what tends to break with a file
    WHO = "who"  # who asked, approved or shipped, and when
    PEOPLE = "people"  # who may do something
    WAITING = "waiting"  # what waits for people
    LIVE = "live"  # which commit runs
    MEMORY = "memory"
    OWN_DATA = "own data"  # what is stored about the person who asks, and how to erase it
    FAILURES = "failures"  # when and how often something failed
    USE = "use"  # how often something is used
    FEATURE_REQUESTS = "wishes"
    FLAGS = "flags"
    SKILLS = "skills"  # the skills of models: all, or one of them
    TOOLS = "tools"  # of MCP servers, which models may use
    HOW_TO = "how to"  # which words stop, revert or ship
    ABILITIES = "abilities"
    HELP = "help"


class Setting(Record):
    """Where a message was sent, and by whom.

    The caller removes the bot's own mention from the text and writes other people's mentions as
    `@name`. If a single raw mention is left in an addressed request, it counts as the bot's own; in
    a decision, no mention does.
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
    """True if the message is only text: no file, sticker or poll."""
    has_chat_model: bool = False
    """A chat model answers what the grammar does not understand."""
    items: tuple[ItemName, ...] = ()
    """The live items, by name: only these can be rolled back."""

    @property
    def is_for_bot(self) -> bool:
        """True if the message is for the bot, whatever its text."""
        return self.addressed or self.in_thread or self.reply_to in ("error", "proposal", "bot")

    @property
    def about_a_proposal(self) -> bool:
        """True if a short word such as "merge" can only refer to one proposal."""
        return self.in_thread or self.reply_to == "proposal"


class Slots(Record):
    """The details of a request; details not given are empty, `None` or `False`."""

    subject: str = ""
    """What is broken or requested, in the speaker's words and without politeness ("rolling
    dice", "add a /coinflip command")."""
    run: str | None = None
    pull_request: int | None = None
    security_reviewed: bool = False
    slower_accepted: bool = False
    instruction: str = ""
    """What a revision should do ("handle empty input")."""
    note: str = ""
    """What to remember or forget, the goal to set or to remove, or the request for quiet mode or a
    digest."""
    until: str | None = None
    """How long to pause, in the speaker's words ("2 hours", "tomorrow")."""
    is_recurring: bool = False
    """True if the speaker says that it has happened before."""
    asks_status: bool = False
    """True if the speaker also asks for the status."""
    topic: Topic | None = None
    """The topic of a question; `subject` is then what it names: a command, text to search for."""
    span: str = ""
    """The period a question is about, in the speaker's words ("this week")."""
    may_mean: tuple[Intent, ...] = ()
    """The decisions or `REQUESTS` that an unclear message may ask for, likeliest first."""
    question: str = ""
    """What a model asks back about an unclear message: data, one line."""
    rollback: RollbackRequest | None = None
    """Which live item to roll back, and to which version."""
    numbers: tuple[int, ...] = ()
    """All numbers in an unclear message; each may be a proposal's number."""


class Utterance(Record):
    """One parsed message: the intent, its slots, and whether to act on it.

    An unclear message has strength `clear` if it begins with a word of a decision, and `weak` if
    such a word only occurs in it.
    """

    intent: Intent
    slots: Slots = Slots()
    strength: Strength = "none"
    """How clearly the intent was expressed; `none` for chat."""
    recognised: bool = False
    """True if the caller should act: the message was for the bot and is not chat, or a listed
    person wrote it in the dev channel and it clearly asks to investigate, fix or change."""
    language: str = "en"
    """The code of the message's language; English if that is not clear."""
    is_unspecific: bool = False
    """True if it was not addressed to the bot and names no subject; the bot may ask."""

    @property
    def unsure(self) -> bool:
        """True if it may be a decision. If no decision is possible, it is treated as chat."""
        return self.intent is Intent.UNCLEAR and self.strength == "weak"

    @property
    def is_unclear_request(self) -> bool:
        """True if it asks for something, and its author has to say for what; no decision."""
        meant = set(self.slots.may_mean)
        return self.intent is Intent.UNCLEAR and bool(meant) and meant <= set(REQUESTS)


def describe(utterance: Utterance) -> dict[str, Any]:
    """Return `{"intent": ..., "slots": {...}, ...}` as plain JSON values, without empty slots."""
    slots = utterance.slots.model_dump(mode="json", exclude_defaults=True)
    data = {
        "intent": utterance.intent.value,
        "slots": slots,
        "strength": utterance.strength,
        "recognised": utterance.recognised,
    }
    return data if utterance.language == "en" else {**data, "language": utterance.language}
