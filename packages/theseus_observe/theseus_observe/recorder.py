"""Makes records of actions and puts them into the outbox."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from types import CodeType
from typing import Protocol

from theseus_observe.failures.blamed_code import add_blamed_code
from theseus_observe.failures.capsules import build_capsule, find_project_file
from theseus_observe.failures.private_capsules import hide_private_values, strip_values
from theseus_observe.failures.safe_access import attempt, escape_surrogates, to_exact_text
from theseus_observe.folder_sink import get_utc_now
from theseus_observe.outbox import Build, Fields
from theseus_observe.places import Place
from theseus_observe.pseudonyms import build_pseudonym
from theseus_observe.records import PRIVATE, Action, Capsule
from theseus_observe.redaction import redact
from theseus_observe.request_reader import BuildRequest, build_safely

NOWHERE = Place()
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]
_MILLISECONDS_LENGTH, _RANDOM_LENGTH, _RANDOM_BITS = 10, 16, 80
_MAX_NAME = 200


class Failure:
    """What is known of a failure beside its exception."""

    def __init__(
        self,
        error: BaseException,
        *,
        audience: str = PRIVATE,
        inputs: Mapping[str, object] | None = None,
        code: CodeType | None = None,
        module: str = "",
    ) -> None:
        self.error = error
        self.audience = audience
        self.inputs = inputs
        self.code = code
        self.module = module


class RecordQueue(Protocol):
    """What takes records."""

    def add(self, build: Build, *, urgent: bool = False) -> None:
        """Take a record without waiting."""
        ...


class Recorder:
    """Describes actions. What it cannot read of them is left out.

    `secret` is the key of the pseudonyms, and `root` the project's folder.
    """

    def __init__(
        self,
        queue: RecordQueue,
        root: Path,
        secret: bytes,
        commit: str | None,
        *,
        now: Callable[[], datetime] = get_utc_now,
    ) -> None:
        self._queue = queue
        self._root = root
        self._secret = secret
        self._commit = commit
        self._now = now

    def record(
        self,
        kind: str,
        name: str,
        outcome: str,
        *,
        place: Place = NOWHERE,
        duration_ms: float | None = None,
        failure: Failure | None = None,
        request: BuildRequest | None = None,
    ) -> str:
        """Queue one record; return its id, or nothing if it is no failure.

        Only what changes is read here. The thread that writes makes the record of it, because the
        event loop has commands to run.
        """
        known_name = to_exact_text(name)[:_MAX_NAME] or "unknown"
        action_id, error, at = "", None, self._now()
        if failure is not None:
            action_id = create_sortable_id(int(at.timestamp() * 1000))
            error = self._describe(known_name, failure)

        def build() -> Fields:
            action = self._build(at, action_id, kind, known_name, outcome, place, duration_ms)
            return vars(action.replace(error=error, request=build_safely(request)))

        self._queue.add(build, urgent=error is not None)
        return action_id

    def _build(
        self,
        at: datetime,
        action_id: str,
        kind: str,
        name: str,
        outcome: str,
        place: Place,
        duration_ms: float | None,
    ) -> Action:
        known_name = escape_surrogates(name)
        user = None if place.user_id is None else build_pseudonym(place.user_id, self._secret)
        return Action(
            ts=at.isoformat(timespec="microseconds")[:26] + "Z",
            id=action_id or create_sortable_id(int(at.timestamp() * 1000)),
            event=f"{kind}.{known_name}",
            kind=kind,
            name=known_name,
            outcome=outcome,
            duration_ms=duration_ms,
            guild_id=place.guild_id,
            channel_id=place.channel_id,
            user=user,
            shard=place.shard,
            commit=self._commit,
        )

    def _describe(self, name: str, failure: Failure) -> Capsule:
        error, audience = failure.error, failure.audience
        found = build_capsule(error, root=self._root, redact=redact, inputs=failure.inputs)
        found = attempt(partial(self._add_code, found, failure), found)
        children = tuple(each.replace(audience=audience) for each in found.children)
        found = found.replace(audience=audience, children=children)
        if audience != PRIVATE:
            return found
        hide = partial(hide_private_values, found, error, self._secret, name)
        return attempt(hide, None) or strip_values(found)

    def _add_code(self, found: Capsule, failure: Failure) -> Capsule:
        code = failure.code
        file = find_project_file(code.co_filename, str(self._root)) if code is not None else None
        if code is None or file is None:
            return found
        return add_blamed_code(found, code, file, failure.module)


def create_sortable_id(milliseconds: int) -> str:
    """Return 26 characters that sort by time: 48 bits of ms since 1970, then 80 random bits."""
    return _encode(milliseconds, _MILLISECONDS_LENGTH) + _encode(
        secrets.randbits(_RANDOM_BITS), _RANDOM_LENGTH
    )


def _encode(value: int, length: int) -> str:
    """Return a number in Crockford's base 32, with an even number of digits."""
    found = []
    for _ in range(0, length, 2):
        found.append(_PAIRS[value & 1023])
        value >>= 10
    return "".join(reversed(found))
