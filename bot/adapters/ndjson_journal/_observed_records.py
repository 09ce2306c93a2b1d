"""Reads records that another bot has written. Nothing in them is trusted.

A record may have any size, type and text, by mistake or on purpose. Only what `theseus_observe`
writes is read; a name, path or literal that it could not have written is left out, because tests
are made of these. Fields of Theseus' own work, as runs and costs, are never read.
"""

import functools
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from theseus_guard.syntax import evaluate_literal

from bot.adapters.ndjson_journal._line import parse
from bot.adapters.ndjson_journal._observed_requests import read_request
from bot.domain.ids import parse_timestamp_ms
from bot.domain.journal import Action, Capsule, Frame, Kind, Request

LONGEST_LINE = 256 * 1024
"""Bytes of a record; `theseus_observe` sends no more in one request."""

_KINDS = frozenset(
    {Kind.COMMAND, Kind.CONTEXT_MENU, Kind.COMPONENT, Kind.LISTENER, Kind.TASK, Kind.GATEWAY}
)
_AHEAD = timedelta(days=1)  # a clock that is wrong by more makes the record useless
_MOST_FRAMES, _MOST_CHILDREN, _MOST_NAMES, _MOST_VALUES = 30, 20, 8, 64
_NAME_CHARS, _TEXT_CHARS, _LITERAL_CHARS = 200, 4_000, 1_000
_LARGEST_ID = 2**63

_USER = re.compile(r"u-[0-9a-z]{1,32}")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_FINGERPRINT = re.compile(r"[0-9a-z]{1,64}")
_QUALIFIED = re.compile(r"[\w.<>]{1,500}")
_CODE = re.compile(r"[A-Z0-9_]{1,120}")

Redact = Callable[[str], str]


class RecordReader:
    """Makes actions of lines. `redact` is applied to what the journal does not redact itself."""

    def __init__(self, redact: Redact) -> None:
        self._is_clean = functools.lru_cache(maxsize=4096)(lambda text: redact(text) == text)

    def read(self, line: bytes, *, now: datetime, oldest: datetime) -> Action | None:
        """Return the action of a line, or `None` if it is not a record that can be stored.

        A record from before `oldest` or from far ahead of `now` is not one. One from a clock that
        is a little ahead gets the time `now`.
        """
        if len(line) > LONGEST_LINE:
            return None
        try:
            action = parse(line)
        except (ValueError, OverflowError, RecursionError):
            return None
        is_dated = oldest <= action.ts <= now + _AHEAD
        if not is_dated or action.kind not in _KINDS or parse_timestamp_ms(action.id) is None:
            return None
        name = _flatten(action.name[:_NAME_CHARS]) or "unknown"
        return Action(
            ts=min(action.ts, now),
            id=action.id,
            event=f"{action.kind}.{name}",
            kind=action.kind,
            name=name,
            outcome=action.outcome,
            duration_ms=_check_duration(action.duration_ms),
            guild_id=_check_number(action.guild_id),
            channel_id=_check_number(action.channel_id),
            user=_check(_USER, action.user),
            shard=_check_number(action.shard),
            commit=_check(_COMMIT, action.commit),
            error=None if action.error is None else self._read_capsule(action.error),
            request=None if action.request is None else self._read_request(action.request),
        )

    def _read_request(self, found: Request) -> Request | None:
        return read_request(found, self._is_clean, _select_literals)

    def _read_capsule(self, found: Capsule, *, is_child: bool = False) -> Capsule:
        children = () if is_child else found.children[:_MOST_CHILDREN]
        frames = (self._read_frame(each) for each in found.frames[-_MOST_FRAMES:])
        return Capsule(
            exception=self._check_name(found.exception) or "Exception",
            message=found.message[:_TEXT_CHARS],
            fingerprint=_check(_FINGERPRINT, found.fingerprint) or "unknown",
            frames=tuple(each for each in frames if each is not None),
            inputs=_select_literals(found.inputs),
            kinds=self._check_names(found.kinds),
            causes=self._check_names(found.causes),
            libraries=self._check_names(found.libraries),
            status=found.status if found.status in range(100, 600) else None,
            code=_check(_CODE, found.code) or "",
            deliberate=found.deliberate,
            audience=found.audience,
            children=tuple(self._read_capsule(each, is_child=True) for each in children),
        )

    def _read_frame(self, found: Frame) -> Frame | None:
        function = self._check_name(found.function)
        if not function or not self._is_project_file(found.file) or found.line >= _LARGEST_ID:
            return None
        known = {name: value for name, value in found.arguments.items() if name.isidentifier()}
        arguments = _select_literals(known)
        opaque = [*found.opaque[:_MOST_VALUES], *(known.keys() - arguments.keys())]
        return Frame(
            file=found.file,
            line=found.line,
            function=function,
            module=self._check_name(found.module) or "",
            arguments=arguments,
            opaque=tuple(each for each in opaque if each.isidentifier()),
        )

    def _check_names(self, names: tuple[str, ...]) -> tuple[str, ...]:
        checked = map(self._check_name, names[:_MOST_NAMES])
        return tuple(each for each in checked if each is not None)

    def _check_name(self, name: str) -> str | None:
        """Return a name of Python; `None` if it is not one, or if it holds a secret."""
        return name if _QUALIFIED.fullmatch(name) and self._is_clean(name) else None

    def _is_project_file(self, file: str) -> bool:
        path = PurePosixPath(file)
        is_inside = not path.is_absolute() and ".." not in path.parts and "\\" not in file
        is_plain = 0 < len(file) <= _TEXT_CHARS and file.isprintable()
        return is_inside and is_plain and self._is_clean(file)


def _select_literals(values: dict[str, str]) -> dict[str, str]:
    return {
        name: source
        for name, source in list(values.items())[:_MOST_VALUES]
        if name.isprintable() and len(name) <= _NAME_CHARS and _is_literal(source)
    }


@functools.lru_cache(maxsize=4096)
def _is_literal(source: str) -> bool:
    """Return whether a text is one literal that can be written between others.

    Tests are written with it, so neither code, nor a comment, nor a second value may pass.
    """
    if len(source) > _LITERAL_CHARS or "\n" in source or "\r" in source:
        return False
    try:
        value = evaluate_literal(f"[{source}, 0]")
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return False
    return isinstance(value, list) and len(value) == 2


def _flatten(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text).strip()


def _check(pattern: re.Pattern[str], text: str | None) -> str | None:
    return text if text is not None and pattern.fullmatch(text) else None


def _check_number(number: int | None) -> int | None:
    return number if number is not None and 0 <= number < _LARGEST_ID else None


def _check_duration(milliseconds: float | None) -> float | None:
    is_valid = milliseconds is not None and 0 <= milliseconds < float(_LARGEST_ID)
    return milliseconds if is_valid else None
