"""Traffic: people's interactions with each cog, stored so that they can be replayed.

A record contains no personal data: the participants have roles (`asker`, `other`, `owner`), ids are
pseudonyms, and typed text is cleaned before it is written.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record
from theseus_rehearsal.records import (
    Actor,
    AutocompleteStep,
    CommandStep,
    InteractionStep,
    PressStep,
    SayStep,
    SingleStep,
    SubmitStep,
    WebAnswer,
)

from bot.domain.audience import Audience
from bot.domain.flag import FlagName
from bot.domain.journal import ActionOutcome, Kind

ASKER = "asker"
Place = Literal["text", "thread", "voice", "dm"]

_DIGITS = re.compile(r"\d+")
_LETTERS = re.compile(r"[^\W\d_]+")
_LONGEST_FORM = 60


class TrafficRecord(Record):
    """One interaction, or message to the bot, in a form that can be replayed.

    `id` and `event` are those of the journal record, if there is one. `people` lists `step.by`
    first and then everyone else in the step. `pseudonyms` maps their names, and `server`, `channel`
    and `interaction`, to pseudonyms, which show whether two records are of the same person, or
    whether a record answers another. `answer` is a keyed digest: equal answers have equal digests,
    and the text cannot be recovered.
    """

    id: str
    at: AwareDatetime = Field(description="when it ended")
    began: AwareDatetime | None = Field(default=None, description="when it began")
    event: str
    cog: str = Field(default="", description="the module under `cogs`: `polls`")
    step: SingleStep
    target: SayStep | None = Field(
        default=None, description="the message that a menu was used on or that was replied to"
    )
    people: tuple[Actor, ...] = ()
    pseudonyms: dict[str, str] = Field(default_factory=dict)
    place: Place = "text"
    audience: Audience | None = Field(
        default=None,
        description="who could see it; if it is private, texts are placeholders; `None` in records"
        " of older versions",
    )
    custom_id: str = Field(default="", description="of a component or form, without ids")
    prefix: str = Field(default="", description="the prefix of a typed command: `!`")
    changed: tuple[str, ...] = Field(
        default=(), description="options whose stored value differs from what was typed"
    )
    outcome: ActionOutcome = ActionOutcome.OK
    fingerprint: str = Field(default="", description="of the failure")
    commit: str | None = Field(default=None, description="the code that ran")
    answer: str = ""
    shape: tuple[str, ...] = Field(
        default=(), description="the structure of the answer, without its text"
    )
    web: tuple[WebAnswer, ...] = ()
    flags: dict[FlagName, bool] = Field(
        default_factory=dict, description="the flags that the cog read, and whether each was on"
    )

    @property
    def ok(self) -> bool:
        """True if it succeeded."""
        return self.outcome is ActionOutcome.OK

    @property
    def is_command(self) -> bool:
        """True if it runs a typed command or a slash command."""
        return self.event.startswith(f"{Kind.COMMAND}.") and not isinstance(
            self.step, AutocompleteStep
        )

    @property
    def is_request(self) -> bool:
        """True if a person waits for its answer."""
        return self.is_command or isinstance(self.step, InteractionStep)

    @property
    def form(self) -> str:
        """The form of the input: equal for `2d6` and `3d8`, different for `d6`.

        The flags that were on are part of it.
        """
        on = [f"flag {name}" for name, on in sorted(self.flags.items()) if on]
        inputs = (
            f"{name}={_classify_form(value)}" for name, value in sorted(list_inputs(self.step))
        )
        return " ".join((*inputs, *on))

    @property
    def variety(self) -> str:
        """A key that is equal for records of which only one needs to be stored."""
        result = f"{self.answer} {' | '.join(self.shape)}" if self.ok else self.fingerprint
        return f"{self.form} {result}"


class TrafficBounds(Record):
    """The number of records stored for each command, component or listener.

    The `newest` successes are always stored; beyond them, records with a different variety are
    preferred.
    """

    successes: int = Field(default=60, ge=1, le=10_000)
    failures: int = Field(default=30, ge=1, le=10_000)
    newest: int = Field(default=10, ge=0, le=10_000)


def find_last_success(records: Sequence[TrafficRecord], before: datetime) -> TrafficRecord | None:
    """Return the newest success before that time, or `None`.

    The records are of one event, in any order.
    """
    succeeded = [record for record in records if record.ok and record.at < before]
    return max(succeeded, key=lambda record: record.at, default=None)


def list_inputs(step: SingleStep) -> list[tuple[str, object]]:
    """Return the inputs of a step, by name."""
    match step:
        case CommandStep() | AutocompleteStep():
            return list(step.options.items())
        case PressStep():
            return [("press", step.press), ("values", len(step.values))]
        case SubmitStep():
            return list(step.submit.items())
        case SayStep():
            return [("say", step.say), ("files", len(step.files))]
        case _:
            return []


def _classify_form(value: object) -> str:
    """Return the form of a value: its kinds of characters, not the characters."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return "0" if value == 0 else ("9" if value > 0 else "-9")
    text = str(value)
    if text.startswith(("@", "#")):
        return text
    return _LETTERS.sub("a", _DIGITS.sub("9", text))[:_LONGEST_FORM]
