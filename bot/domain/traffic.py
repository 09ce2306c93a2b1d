"""Traffic: what people asked of each cog, kept so that it can be asked again.

A record holds no person: who took part is a small cast (`asker`, `other`, `owner`), the ids are
pseudonyms, and what was typed was cleaned before it was written.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, Field

from bot.domain.audience import Audience
from bot.domain.flag import FlagName
from bot.domain.journal import ActionOutcome, Kind
from bot.domain.record import Record
from bot.domain.rehearsal import (
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

ASKER = "asker"
Place = Literal["text", "thread", "voice", "dm"]

_DIGITS = re.compile(r"\d+")
_LETTERS = re.compile(r"[^\W\d_]+")
_LONGEST_FORM = 60


class TrafficRecord(Record):
    """One interaction, or message to the bot, as it can be asked again.

    `id` and `event` are those of the journal's record, where there is one. `step.by` and whoever
    else is named in it are in `people`, who asked first; `pseudonyms` tells for their names, for
    `server`, `channel` and `interaction` who or what that was, so that records can be told to
    be of the same person, or to be what an answer answers. `answer` is a keyed digest: equal
    answers have equal ones, and nothing is read from it.
    """

    id: str
    at: AwareDatetime = Field(description="when it was over")
    began: AwareDatetime | None = Field(default=None, description="when it was asked")
    event: str
    cog: str = Field(default="", description="the module under `cogs`: `polls`")
    step: SingleStep
    target: SayStep | None = Field(
        default=None, description="the message a menu was used on, or a reply is to"
    )
    people: tuple[Actor, ...] = ()
    pseudonyms: dict[str, str] = Field(default_factory=dict)
    place: Place = "text"
    audience: Audience | None = Field(
        default=None,
        description="who could see it: where it is private, texts are stand-ins; `None` in records"
        " of older versions",
    )
    custom_id: str = Field(default="", description="of a component or form, without ids")
    prefix: str = Field(default="", description="what a typed command began with: `!`")
    changed: tuple[str, ...] = Field(
        default=(), description="options whose value was not kept as it was typed"
    )
    outcome: ActionOutcome = ActionOutcome.OK
    fingerprint: str = Field(default="", description="of the failure")
    commit: str | None = Field(default=None, description="the code that ran")
    answer: str = ""
    shape: tuple[str, ...] = Field(default=(), description="what was answered, without its words")
    web: tuple[WebAnswer, ...] = ()
    flags: dict[FlagName, bool] = Field(
        default_factory=dict, description="that the cog asked for, and whether each was on"
    )

    @property
    def ok(self) -> bool:
        """Whether it went well."""
        return self.outcome is ActionOutcome.OK

    @property
    def is_command(self) -> bool:
        """Whether it runs a command, be it typed or a slash command."""
        return self.event.startswith(f"{Kind.COMMAND}.") and not isinstance(
            self.step, AutocompleteStep
        )

    @property
    def is_request(self) -> bool:
        """Whether somebody waits for its answer."""
        return self.is_command or isinstance(self.step, InteractionStep)

    @property
    def form(self) -> str:
        """What was given, without its letters: equal for `2d6` and `3d8`, not for `d6`.

        Where flags were on, these are part of it.
        """
        on = [f"flag {name}" for name, on in sorted(self.flags.items()) if on]
        given = (
            f"{name}={_classify_form(value)}" for name, value in sorted(_list_inputs(self.step))
        )
        return " ".join((*given, *on))

    @property
    def variety(self) -> str:
        """Equal for records of which one is as good as the other."""
        said = f"{self.answer} {' | '.join(self.shape)}" if self.ok else self.fingerprint
        return f"{self.form} {said}"


class TrafficBounds(Record):
    """How much is kept of each command, component or listener.

    The `newest` successes stay whatever they are; beyond them those that differ are preferred.
    """

    successes: int = Field(default=60, ge=1, le=10_000)
    failures: int = Field(default=30, ge=1, le=10_000)
    newest: int = Field(default=10, ge=0, le=10_000)


def find_last_success(records: Sequence[TrafficRecord], before: datetime) -> TrafficRecord | None:
    """Return the newest success before that time; `None` where there is none.

    The records are of one event, in any order.
    """
    worked = [each for each in records if each.ok and each.at < before]
    return max(worked, key=lambda each: each.at, default=None)


def _list_inputs(step: SingleStep) -> list[tuple[str, object]]:
    """Return what a step gives, by name."""
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
    """Return the form of a value: its kind of signs, not which."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return "0" if value == 0 else ("9" if value > 0 else "-9")
    text = str(value)
    if text.startswith(("@", "#")):
        return text
    return _LETTERS.sub("a", _DIGITS.sub("9", text))[:_LONGEST_FORM]
