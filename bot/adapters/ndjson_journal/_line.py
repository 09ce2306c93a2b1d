"""Converts actions to and from lines: one ASCII JSON object each, so no text can break a line."""

import functools
import json
import math
from collections.abc import Callable
from datetime import UTC

from theseus_guard.syntax import evaluate_literal

from bot.domain.journal import Action, Capsule, Frame

Redact = Callable[[str], str]

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_REMOVED = "'[redacted]'"
_REMEMBERED = 2048  # redacted texts in the cache
_REMEMBERED_CHARS = 500


class Lines:
    """Writes actions as lines, redacting all fields that people or programs could have filled.

    Names and failures repeat, so redacted texts are cached for a while.
    """

    def __init__(self, redact: Redact) -> None:
        def clean(text: str) -> str:
            return _escape_surrogates(redact(text))

        cached_clean = functools.lru_cache(maxsize=_REMEMBERED)(clean)
        self._text: Redact = lambda text: (
            cached_clean(text) if len(text) <= _REMEMBERED_CHARS else clean(text)
        )

    def format_line(self, action: Action) -> bytes:
        """Return the action as one line with its newline. Not validated: it is a valid record."""
        fields = dict(action.__dict__)
        at = action.ts if action.ts.tzinfo is UTC else action.ts.astimezone(UTC)
        fields["ts"] = at.isoformat(timespec="microseconds")[:26] + "Z"
        fields["kind"] = action.kind.value
        fields["outcome"] = action.outcome.value
        fields["event"] = self._text(action.event)
        fields["name"] = self._text(action.name)
        if action.agent is not None:
            fields["agent"] = self._text(action.agent)
        if action.error is not None:
            fields["error"] = self._convert_capsule(action.error)
        del fields["request"]
        if action.request is not None:  # checked and clean: only journals of other bots have it
            fields["request"] = action.request.model_dump(mode="json", exclude_defaults=True)
        if not action.flags:
            del fields["flags"]  # most have none: shorter lines are parsed faster
        try:
            return (_encode(fields) + "\n").encode("ascii")
        except ValueError:
            return (_encode(_remove_infinities(fields)) + "\n").encode("ascii")

    def _convert_capsule(self, capsule: Capsule) -> dict[str, object]:
        return {
            "exception": capsule.exception,
            "message": self._text(capsule.message),
            "fingerprint": capsule.fingerprint,
            "frames": [self._convert_frame(frame) for frame in capsule.frames],
            "inputs": {
                self._text(name): self._redact_literal(source) or _REMOVED
                for name, source in capsule.inputs.items()
            },
            **_convert_cause(capsule),
            **(
                {"children": [*map(self._convert_capsule, capsule.children)]}
                if capsule.children
                else {}
            ),
        }

    def _convert_frame(self, frame: Frame) -> dict[str, object]:
        cleaned = {name: self._redact_literal(source) for name, source in frame.arguments.items()}
        return {
            "file": frame.file,
            "line": frame.line,
            "function": frame.function,
            "module": frame.module,
            "arguments": {name: source for name, source in cleaned.items() if source is not None},
            "opaque": [
                *frame.opaque,
                *(name for name, source in cleaned.items() if source is None),
            ],
        }

    def _redact_literal(self, source: str) -> str | None:
        """Return the redacted source, or `None` if it is no longer a literal."""
        cleaned = self._text(source)
        if cleaned == source:
            return source
        try:
            evaluate_literal(cleaned)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return None
        return cleaned


def _convert_cause(capsule: Capsule) -> dict[str, object]:
    """Return the fields that tell whose fault a failure is, without empty ones."""
    fields: dict[str, object] = {
        "kinds": list(capsule.kinds),
        "causes": list(capsule.causes),
        "libraries": list(capsule.libraries),
        "status": capsule.status,
        "code": capsule.code,
        "deliberate": capsule.deliberate,
        "audience": capsule.audience,
    }
    return {name: value for name, value in fields.items() if value}


def parse(line: bytes) -> Action:
    """Return the action of a line. Raises `ValueError` if it is none; unknown keys are ignored."""
    try:
        fields = json.loads(line)
    except RecursionError as raised:
        raise ValueError("nested too deeply") from raised
    if not isinstance(fields, dict):
        raise ValueError("not an object")  # noqa: TRY004 # the file is wrong, not a type
    known_fields = {name: value for name, value in fields.items() if name in Action.model_fields}
    if isinstance(error := known_fields.get("error"), dict):
        known_fields["error"] = _select_known_fields(error)
    action = Action.model_validate(known_fields)
    try:
        action.ts.astimezone(UTC)
    except OverflowError as error:  # the last day of the year 9999 elsewhere
        raise ValueError("its time is out of range") from error
    return _strip_old_messages(action)


def _strip_old_messages(action: Action) -> Action:
    """Return a direct message's failure without values, which older versions stored."""
    error = action.error
    is_direct = action.guild_id is None and action.channel_id is not None
    if error is None or error.audience is not None or not is_direct:
        return action
    return action.replace(error=_strip_values(error))


def _strip_values(capsule: Capsule) -> Capsule:
    frames = tuple(
        frame.replace(arguments={}, opaque=(*frame.opaque, *frame.arguments))
        for frame in capsule.frames
    )
    children = tuple(map(_strip_values, capsule.children))
    return capsule.replace(message="", inputs={}, frames=frames, children=children)


def _select_known_fields(capsule: dict[str, object]) -> dict[str, object]:
    """Return the fields of a capsule, and of its children, that this version knows."""
    known_fields = {name: value for name, value in capsule.items() if name in Capsule.model_fields}
    if isinstance(children := known_fields.get("children"), list):
        known_fields["children"] = [
            _select_known_fields(child) for child in children if isinstance(child, dict)
        ]
    return known_fields


def _escape_surrogates(text: str) -> str:
    """Return `text` with lone surrogates escaped, because no reader could encode them again."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="backslashreplace").decode()
    return text


def _remove_infinities(fields: dict[str, object]) -> dict[str, object]:
    """Return `fields` without infinities and NaN, which JSON does not have."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in fields.items()
    }
