"""From things that happen to journal records."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Unpack

from bot.domain.audience import Audience
from bot.domain.errors import JournalError
from bot.domain.ids import sortable_id
from bot.domain.journal import Action, ActionOutcome, Capsule, Kind
from bot.domain.no_response import NoResponse
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.recorder import About
from bot.redaction._redact import redact
from bot.telemetry.blamed_code import add_blamed_code
from bot.telemetry.capsules import capsule, root_cause
from bot.telemetry.endings import EndedByCode
from bot.telemetry.literals import Redact
from bot.telemetry.private_capsules import hide_private_values, without_values
from bot.telemetry.pseudonyms import pseudonym
from bot.telemetry.source_words import words_in
from bot.telemetry.stand_ins import StandIns

log = logging.getLogger(__name__)


_PEOPLES = frozenset(
    {
        Kind.COMMAND, Kind.CONTEXT_MENU, Kind.COMPONENT, Kind.LISTENER, Kind.TASK, Kind.CHAT,
        Kind.GATEWAY,
    }
)  # fmt: skip
"""Actions whose values may be people's: they are private unless the caller says otherwise."""


class Timed:
    """An action under way. `action` is its record, once it is over.

    One that is not `wanted` by then is not recorded: a look that brought nothing new.
    """

    def __init__(self, about: About) -> None:
        self.about = about
        self.action: Action | None = None
        self.wanted = True

    def note(self, **about: Unpack[About]) -> None:
        """Add what is known by now; with an `error` it counts as failed, though none is raised."""
        self.about.update(about)


class Recorder:
    """Implements `bot.ports.recorder.ActionRecorder`: actions go to the journal.

    It never fails what it records: that is logged instead.

    `root` is the project's folder, `secret` the key of the pseudonyms, `commit` tells which code
    runs.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        root: Path,
        secret: bytes,
        commit: Callable[[], str | None],
        *,
        redact: Redact = redact,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._root = root
        self._secret = secret
        self._commit = commit
        self._redact = redact

    def pseudonym(self, user_id: int) -> str:
        """Return the name by which the journal knows a person."""
        return pseudonym(user_id, self._secret)

    def hide_text(self, text: str, public: Iterable[str]) -> str:
        """Return a stand-in for a private text; the words of `public` texts stay."""
        return StandIns(self._secret, words_in(" ".join(public))).replace_text(text)

    def record(
        self, kind: Kind, name: str, outcome: ActionOutcome, **about: Unpack[About]
    ) -> Action:
        """Write one record and return it; its id is what an error reply shows."""
        at = self._clock.now()
        user_id, error = about.get("user_id"), about.get("error")
        action = Action(
            ts=at,
            id=sortable_id(at),
            event=f"{kind.value}.{name}",
            kind=kind,
            name=name,
            outcome=outcome,
            duration_ms=about.get("duration_ms"),
            cost_usd=about.get("cost_usd"),
            tokens_in=about.get("tokens_in"),
            tokens_out=about.get("tokens_out"),
            agent=about.get("agent"),
            run_id=about.get("run_id"),
            guild_id=about.get("guild_id"),
            channel_id=about.get("channel_id"),
            user=None if user_id is None else pseudonym(user_id, self._secret),
            shard=about.get("shard"),
            commit=self._commit(),
            flags=dict(about.get("flags", {})),
            error=None if error is None else self._capsule(kind, name, error, about),
        )
        try:
            self._journal.append(action)
        except JournalError:
            log.exception("The action %s (%s) was not recorded.", action.id, action.event)
        return action

    def _capsule(self, kind: Kind, name: str, error: BaseException, about: About) -> Capsule:
        found = capsule(error, root=self._root, redact=self._redact, inputs=about.get("inputs"))
        found = add_blamed_code(found, about.get("code"), self._root)
        default = Audience.PRIVATE if kind in _PEOPLES else Audience.TEAM
        audience = about.get("audience", default)
        found = found.but(audience=audience)
        if audience is Audience.TEAM:
            return found
        try:
            return hide_private_values(found, error, self._secret, name)
        except Exception as failure:  # noqa: BLE001  # the error may be of any shape
            log.warning("a private failure is kept without values: %s", type(failure).__name__)
            return without_values(found)

    @contextmanager
    def timed(self, kind: Kind, name: str, **about: Unpack[About]) -> Iterator[Timed]:
        """Record what happens inside, with how long it took and how it ended.

        Errors pass through, recorded with a capsule; a cancellation is recorded without one.
        """
        timed = Timed(about)
        start = self._clock.monotonic()
        try:
            yield timed
        except BaseException as error:
            timed.note(error=error)
            raise
        finally:
            timed.note(duration_ms=round((self._clock.monotonic() - start) * 1000, 3))
            outcome = outcome_of(timed.about.get("error"))
            if outcome is ActionOutcome.CANCELLED:
                timed.note(error=None)
            if timed.wanted:
                timed.action = self.record(kind, name, outcome, **timed.about)


def outcome_of(error: BaseException | None) -> ActionOutcome:
    """Return how an action ended that raised this, wrappers opened."""
    if error is None:
        return ActionOutcome.OK
    cause = root_cause(error)
    if isinstance(cause, NoResponse):
        return ActionOutcome.NO_RESPONSE
    if isinstance(cause, TimeoutError):
        return ActionOutcome.TIMEOUT
    if isinstance(cause, asyncio.CancelledError) and not isinstance(error, EndedByCode):
        return ActionOutcome.CANCELLED
    return ActionOutcome.ERROR
