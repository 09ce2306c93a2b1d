"""Writes journal records about actions."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from types import CodeType, TracebackType
from typing import Self, Unpack

import structlog
from structlog.contextvars import bound_contextvars
from theseus_guard.source_folders import find_source_folder
from theseus_observe import outcomes, records
from theseus_observe.failures.blamed_code import add_blamed_code
from theseus_observe.failures.capsules import build_capsule, find_project_file
from theseus_observe.failures.literals import Redact
from theseus_observe.failures.placeholders import Placeholders
from theseus_observe.failures.private_capsules import hide_private_values, strip_values
from theseus_observe.failures.safe_access import (
    attempt,
    escape_surrogates,
    get_type_name,
    is_error,
    to_exact_text,
)
from theseus_observe.failures.source_vocabulary import find_tokens
from theseus_observe.pseudonyms import build_pseudonym
from theseus_observe.redaction._redact import redact

from bot.domain.audience import Audience
from bot.domain.errors import AgentError, AgentOutputInvalid, AgentStuck, JournalError
from bot.domain.ids import create_sortable_id
from bot.domain.journal import Action, ActionOutcome, Capsule, Kind
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.recorder import About
from bot.telemetry.observation import COPY, HOSTS, convert_capsule

log = structlog.stdlib.get_logger(__name__)

_UNCHANGED = (
    "duration_ms", "cost_usd", "tokens_in", "tokens_out", "agent", "run_id", "guild_id",
    "channel_id", "shard",
)  # fmt: skip


_PEOPLES = frozenset(
    {
        Kind.COMMAND, Kind.CONTEXT_MENU, Kind.COMPONENT, Kind.LISTENER, Kind.TASK, Kind.CHAT,
        Kind.GATEWAY,
    }
)  # fmt: skip
"""Actions whose values may be people's: they are private unless the caller says otherwise."""


class Timed:
    """A running action. `action` is its record, once it has ended.

    If `wanted` is false at the end, it is not recorded, as for a query without a new answer.
    """

    def __init__(self, recorder: "Recorder", kind: Kind, name: str, about: About) -> None:
        self.about = about
        self.action: Action | None = None
        self.wanted = True
        self._recorder = recorder
        self._kind = kind
        self._name = name
        self._start = recorder.clock.monotonic()

    def note(self, **about: Unpack[About]) -> None:
        """Add what is known by now; with an `error` it counts as failed, though none is raised."""
        self.about.update(about)

    # A class and no generator: `contextlib` sets an attribute of the error, which may raise another
    # in its place.

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        if error is not None:
            self.note(error=error)
        duration = self._recorder.clock.monotonic() - self._start
        self.note(duration_ms=round(duration * 1000, 3))
        outcome = get_outcome(self.about.get("error"))
        if outcome is ActionOutcome.CANCELLED:
            self.note(error=None)
        if self.wanted:
            self.action = self._recorder.record(self._kind, self._name, outcome, **self.about)


class Recorder:
    """Implements `bot.ports.recorder.ActionRecorder`: writes actions to the journal.

    It never makes an action fail: its own errors are logged. Every action gets a record, with less
    in it if the inputs or the exception cannot be read.

    `root` is the project's folder, `secret` the key of the pseudonyms, and `commit` returns the
    commit that runs.
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
        self.clock = clock
        self._root = root
        self._secret = secret
        self._commit = commit
        self._redact = redact

    def get_pseudonym(self, user_id: int) -> str:
        """Return the name by which the journal knows a person."""
        return build_pseudonym(user_id, self._secret)

    @contextmanager
    def label_logs(self, user_id: int | None) -> Iterator[None]:
        """Add the person's pseudonym and the running commit to all lines logged in the block."""
        labels = {
            "person": None if user_id is None else self.get_pseudonym(user_id),
            "commit": attempt(self._commit, None),
        }
        with bound_contextvars(**{name: value for name, value in labels.items() if value}):
            yield

    def hide_text(self, text: str, public: Iterable[str]) -> str:
        """Return a placeholder for a private text; the words of the `public` texts are kept."""
        return Placeholders(self._secret, find_tokens(" ".join(public))).replace_text(text)

    def record(
        self, kind: Kind, name: str, outcome: ActionOutcome, **about: Unpack[About]
    ) -> Action:
        """Write one record and return it; its id is what an error reply shows."""
        action = self._describe(kind, to_exact_text(name) or "unknown", outcome, about)
        try:
            self._journal.append(action)
        except JournalError:
            log.exception("The action %s (%s) was not recorded.", action.id, action.event)
        except Exception:
            log.exception("The action %s (%s) is recorded in short.", action.id, action.event)
            action = _shorten(action)
            self._append_short(action)
        return action

    def _build_capsule(self, kind: Kind, name: str, error: BaseException, about: About) -> Capsule:
        found = build_capsule(
            error,
            root=self._root,
            redact=self._redact,
            inputs=about.get("inputs"),
            hosts=HOSTS,
            copy=COPY,
        )
        found = attempt(partial(self._add_code, found, about.get("code")), found)
        default = Audience.PRIVATE if kind in _PEOPLES else Audience.TEAM
        audience = about.get("audience", default)
        children = tuple(each.replace(audience=audience) for each in found.children)
        found = found.replace(audience=audience, children=children)
        if audience is Audience.PRIVATE:
            found = self._hide_values(found, error, name)
        return convert_capsule(found)

    def _add_code(self, found: records.Capsule, code: CodeType | None) -> records.Capsule:
        file = find_project_file(code.co_filename, str(self._root), COPY) if code else None
        if code is None or file is None:
            return found
        path = PurePosixPath(file).with_suffix("")
        module = path.relative_to(find_source_folder(PurePosixPath(file)))
        return add_blamed_code(found, code, file, ".".join(module.parts))

    def _hide_values(
        self, found: records.Capsule, error: BaseException, name: str
    ) -> records.Capsule:
        try:
            return hide_private_values(
                found, error, self._secret, name, quotes_no_one=_is_own_message
            )
        except BaseException as failure:  # noqa: BLE001  # the error may be of any shape
            reason = get_type_name(type(failure))
            log.warning("a private failure is kept without values: %s", reason)
            return strip_values(found)

    def measure(self, kind: Kind, name: str, **about: Unpack[About]) -> Timed:
        """Record what happens inside a `with`, with how long it took and how it ended.

        Errors pass through, recorded with a capsule; a cancellation is recorded without one.
        """
        return Timed(self, kind, name, about)

    def _describe(self, kind: Kind, name: str, outcome: ActionOutcome, about: About) -> Action:
        at = self.clock.now()
        error = about.get("error")
        certain = {
            "ts": at,
            "id": create_sortable_id(at),
            "event": f"{kind.value}.{escape_surrogates(name)}",
            "kind": kind,
            "name": escape_surrogates(name),
            "outcome": outcome,
            "commit": attempt(self._commit, None),
            "error": None if error is None else self._build_capsule(kind, name, error, about),
        }
        try:
            return Action.model_validate({**certain, **self._build_details(about)})
        except Exception as failure:  # noqa: BLE001  # a cog's event may carry anything as an id
            reason = type(failure).__name__
            log.warning("The place of %s is not recorded: %s.", certain["event"], reason)
            return Action.model_validate(certain)

    def _build_details(self, about: About) -> dict[str, object]:
        user_id = about.get("user_id")
        details: dict[str, object] = {
            name: value for name, value in about.items() if name in _UNCHANGED
        }
        details["user"] = None if user_id is None else build_pseudonym(user_id, self._secret)
        details["flags"] = dict(about.get("flags", {}))
        return details

    def _append_short(self, action: Action) -> None:
        try:
            self._journal.append(action)
        except Exception:
            log.exception("The action %s (%s) was not recorded.", action.id, action.event)


def _is_own_message(error: BaseException) -> bool:
    """Return whether an engine's error has a message of its own, which quotes no one."""
    is_quoting = any(is_error(error, each) for each in (AgentStuck, AgentOutputInvalid))
    return is_error(error, AgentError) and not is_quoting


def _shorten(action: Action) -> Action:
    """Return an action without the values that a journal may fail to write."""
    if action.error is None:
        return action
    frames = tuple(each.replace(arguments={}, opaque=()) for each in action.error.frames)
    return action.replace(
        error=action.error.replace(message="", inputs={}, frames=frames, children=())
    )


def get_outcome(error: BaseException | None) -> ActionOutcome:
    """Return how an action ended that raised this, wrappers and groups opened."""
    return ActionOutcome(outcomes.get_outcome(error))
