"""Replaces private values in the description of a failure by placeholders."""

import opcode
import re
from collections.abc import Callable, Iterator
from itertools import chain
from types import FrameType
from typing import NamedTuple

from theseus_observe.failures.causes import find_chains
from theseus_observe.failures.delays import AnsweredTooLate, EventLoopBlocked
from theseus_observe.failures.no_response import NoResponse
from theseus_observe.failures.placeholders import Placeholders
from theseus_observe.failures.safe_access import get_traceback, is_error
from theseus_observe.failures.source_vocabulary import TOKEN, collect_vocabulary, find_tokens
from theseus_observe.records import Capsule, Frame

_QUOTED = re.compile(r""""(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'""")
_OBSERVED = (NoResponse, EventLoopBlocked, AnsweredTooLate)
_RAISED = frozenset({opcode.opmap["RAISE_VARARGS"], opcode.opmap["RERAISE"]})


def hide_private_values(
    capsule: Capsule,
    error: BaseException,
    secret: bytes,
    name: str = "",
    *,
    quotes_no_one: Callable[[BaseException], bool] = lambda _: False,
) -> Capsule:
    """Return the capsule with placeholders in its inputs, arguments and message.

    The fingerprint is kept, because it is a digest. Values without a literal form become opaque.
    Words in the source are kept, and so are those of the action's `name`, which is shown anyway.
    `quotes_no_one` says which further errors have a message that can be shown as it is.
    """
    causes = [each.root_cause for each in find_chains(error)]
    ways = [list(_walk_frames(each)) for each in causes]
    # With several causes, the author of the message is unknown: it counts as the project's.
    frames = ways[0] if len(ways) == 1 else []
    modules = {frame.module for each in (capsule, *capsule.children) for frame in each.frames}
    passed = [*chain.from_iterable(ways), *_walk_frames(error)]
    named = collect_vocabulary(_list_files(passed, modules))
    keywords = named.keywords | find_tokens(" ".join([name, *_find_library_keys(passed, modules)]))
    words = _Vocabulary(
        values=Placeholders(secret, keywords),
        messages=Placeholders(secret, named.prose | keywords),
        keywords=keywords,
        is_ours=_is_raised_by(modules, frames),
    )
    children = tuple(_hide(each, words) for each in capsule.children)
    hidden = _hide(capsule, words).replace(children=children)
    is_observed = len(causes) == 1 and (_is_observed(causes[0]) or quotes_no_one(causes[0]))
    return hidden.replace(message=capsule.message) if is_observed else hidden


def _is_observed(error: BaseException) -> bool:
    """Return whether the message is our own text, which quotes no one."""
    return any(is_error(error, each) for each in _OBSERVED)


class _Vocabulary(NamedTuple):
    """What hides values, and what hides messages; `is_ours` says who wrote the messages."""

    values: Placeholders
    messages: Placeholders
    keywords: frozenset[str]
    is_ours: bool


def _hide(capsule: Capsule, vocabulary: _Vocabulary) -> Capsule:
    """Return one capsule with placeholders; its children are unchanged."""
    typed = [*capsule.inputs.values(), *_list_arguments(capsule)]
    if vocabulary.is_ours:
        message = vocabulary.messages.replace_text(capsule.message)
    else:
        private = find_tokens(" ".join(typed)) - vocabulary.keywords
        message = _redact_library_message(capsule.message, vocabulary.values, private)
    inputs = {
        name: _replace_literal(vocabulary.values, source) for name, source in capsule.inputs.items()
    }
    return capsule.replace(
        message=message,
        inputs={name: source for name, source in inputs.items() if source is not None},
        frames=tuple(_replace_frame(vocabulary.values, frame) for frame in capsule.frames),
    )


def strip_values(capsule: Capsule) -> Capsule:
    """Return the capsule without any value: where the failure was, and of which type."""
    frames = (
        frame.replace(arguments={}, opaque=(*frame.opaque, *frame.arguments))
        for frame in capsule.frames
    )
    children = tuple(map(strip_values, capsule.children))
    return capsule.replace(message="", inputs={}, frames=tuple(frames), children=children)


def _redact_library_message(message: str, values: Placeholders, private: frozenset[str]) -> str:
    """Return a message of Python or a library with its values replaced; its own text is kept.

    Quoted parts count as values, and so do words that people typed.
    """

    def replace_token(found: re.Match[str]) -> str:
        word = found[0]
        return values.replace_text(word) if word.casefold() in private else word

    parts, end = [], 0
    for quoted in _QUOTED.finditer(message):
        parts.append(TOKEN.sub(replace_token, message[end : quoted.start()]))
        parts.append(values.replace_text(quoted[0]))
        end = quoted.end()
    return "".join([*parts, TOKEN.sub(replace_token, message[end:])])


def _is_raised_by(modules: set[str], frames: list[tuple[FrameType, int]]) -> bool:
    """Return whether a `raise` in one of these modules created the error and its message.

    Without a traceback the author of the message is unknown: it counts as the project's.
    """
    if not frames:
        return True
    frame, instruction = frames[-1]
    if frame.f_globals.get("__name__") not in modules:
        return False
    return instruction < 0 or frame.f_code.co_code[instruction] in _RAISED


def _walk_frames(error: BaseException) -> Iterator[tuple[FrameType, int]]:
    traceback = get_traceback(error)
    while traceback is not None:
        yield traceback.tb_frame, traceback.tb_lasti
        traceback = traceback.tb_next


def _list_files(frames: list[tuple[FrameType, int]], modules: set[str]) -> list[str]:
    """Return the source files of the project's frames."""
    ours = (frame for frame, _ in frames if frame.f_globals.get("__name__") in modules)
    return [frame.f_code.co_filename for frame in ours]


def _find_library_keys(frames: list[tuple[FrameType, int]], modules: set[str]) -> Iterator[str]:
    """Yield the texts without a blank that a library's functions on the way name."""
    for frame, _ in frames:
        if frame.f_globals.get("__name__") not in modules:
            for value in frame.f_code.co_consts:
                if isinstance(value, str) and not any(char.isspace() for char in value):
                    yield value


def _list_arguments(capsule: Capsule) -> list[str]:
    return [source for frame in capsule.frames for source in frame.arguments.values()]


def _replace_frame(values: Placeholders, frame: Frame) -> Frame:
    replaced = {name: _replace_literal(values, source) for name, source in frame.arguments.items()}
    opaque = (name for name, source in replaced.items() if source is None)
    return frame.replace(
        arguments={name: source for name, source in replaced.items() if source is not None},
        opaque=(*frame.opaque, *opaque),
    )


def _replace_literal(values: Placeholders, source: str) -> str | None:
    """Return a placeholder, or `None` if the source is no literal, as after a redaction."""
    try:
        return values.replace_literal(source)
    except ValueError:
        return None
