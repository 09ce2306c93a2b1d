"""Writes tests from a failure's record: they make the failing call with its arguments.

Nothing from the record becomes code: names are looked up in the source, values are parsed as
literals and written again. The generated tests pass ruff and mypy (strict).
"""

import re
from collections.abc import Callable, Iterator, Sequence

from theseus_repair.call_source.arguments import Call, call_from
from theseus_repair.call_source.target import find_target, get_module
from theseus_repair.call_source.writer import write_test

from bot.domain.journal import Action, Capsule, Frame, Kind
from bot.domain.plan import Reproduction
from bot.domain.replay import Replay
from bot.proof.reproduction._answers import add_answer, add_refusals
from bot.proof.reproduction._command import build_command_test, parse_options
from bot.proof.reproduction._refusals import find_refusals
from bot.proof.reproduction._script import ROOM, build_script_test

__all__ = [
    "FOLDER",
    "ROOM",
    "add_answer",
    "add_refusals",
    "build_candidates",
    "build_command_candidate",
    "build_replay_candidate",
    "build_script_test",
    "parse_options",
    "select_existing",
    "select_permanent",
]

FOLDER = "tests/regressions"
_MAX_CALL_LENGTH = 80
# Only such values are shown in a docstring: they cannot end it, and are nobody's words.
_PLAIN_VALUE = re.compile(r"-?\d{1,12}(\.\d{1,6})?|True|False|None", re.ASCII)

Read = Callable[[str], str | None]


def build_candidates(capsule: Capsule, *, read: Read) -> tuple[Reproduction, ...]:
    """Return a test for every project frame that can be called again, innermost first.

    `read` returns a file's text at base. A frame can be called when it is a function of its
    module, or a static or class method, whose parameters all have literal values; frames of
    methods on objects cannot.
    """
    return tuple(
        reproduction
        for frame in reversed(capsule.frames)
        for reproduction in _from_frame(capsule, frame, read)
    )


def build_command_candidate(failure: Action, *, read: Read) -> Reproduction | None:
    """Return a test that runs a slash command again, in a project that tests its cogs in a room.

    Return `None` for other actions, and if an option cannot be written as a literal.
    """
    capsule = failure.error
    if capsule is None or failure.kind is not Kind.COMMAND or read(ROOM) is None:
        return None
    own = _to_snake_case(failure.name)
    return build_command_test(
        failure.name,
        capsule,
        {frame.file: read(frame.file) or "" for frame in capsule.frames},
        path=f"{FOLDER}/test_{own}_command_{_shorten_fingerprint(capsule)}.py",
        name=f"test_{own}_is_answered",
        doc=_format_doc(capsule),
    )


def build_replay_candidate(
    failure: Action, replay: Replay, seed: int | None = None
) -> Reproduction | None:
    """Return a replay as a test; `None` if it needs a copy of files, or cannot be written.

    With a `seed`, the test has the same random numbers each time.
    """
    capsule = failure.error
    if capsule is None or replay.snapshot:
        return None
    own = _to_snake_case(failure.name)
    return build_script_test(
        replay.script,
        path=f"{FOLDER}/test_{own}_replay_{_shorten_fingerprint(capsule)}.py",
        name=f"test_{own}_is_answered",
        doc=_format_doc(capsule),
        expects=capsule.exception,
        typed=failure.kind is Kind.COMMAND,
        seed=seed,
    )


def _from_frame(capsule: Capsule, frame: Frame, read: Read) -> Iterator[Reproduction]:
    module, text = get_module(frame.file), read(frame.file)
    if module is None or text is None:
        return
    target = find_target(text, frame)
    if target is None:
        return
    call = call_from(target, frame)
    source = call and write_test(
        module, target, call, name=_build_name(frame, capsule), doc=_build_docstring(frame, capsule)
    )
    if call is None or not source:
        return
    file = f"{FOLDER}/test_{_to_snake_case(frame.function)}_{_shorten_fingerprint(capsule)}.py"
    yield Reproduction(
        path=file,
        node_id=f"{file}::{_build_name(frame, capsule)}",
        source=source,
        calls=_format_call(frame, call),
        expects=capsule.exception,
        target=f"{frame.file}::{frame.function}",
        refusals=_list_refusals(capsule, frame, read),
    )


def _list_refusals(capsule: Capsule, frame: Frame, read: Read) -> tuple[str, ...]:
    """Return the exceptions that count as answers, but never the one of the failure."""
    outer = capsule.frames[: capsule.frames.index(frame)]
    raised = {name.rpartition(".")[2] for name in (capsule.exception, *capsule.kinds)}
    found = find_refusals(frame, outer, read)
    return tuple(name for name in found if name.rpartition(".")[2] not in raised)


def select_existing(tests: Sequence[Reproduction], *, read: Read) -> tuple[Reproduction, ...]:
    """Return the tests whose function still exists; all of them if none would be left.

    A change may remove the helper that failed: then the tests through its callers are the proof.
    """
    left = tuple(test for test in tests if not test.target or _is_there(test.target, read))
    return left or tuple(tests)


def select_permanent(tests: Sequence[Reproduction]) -> tuple[Reproduction, ...]:
    """Return the tests that stay in the repository.

    Of a failure only one test stays: the innermost call with a checked answer, else the innermost.
    Tests of outer calls prove the fix today, but add nothing later. All tests of agreed examples
    stay.
    """
    wanted = tuple(test for test in tests if not test.path.startswith(f"{FOLDER}/"))
    failing = [test for test in tests if test not in wanted]
    one = next((test for test in failing if test.answered), failing[0] if failing else None)
    return (one, *wanted) if one else wanted


def _is_there(target: str, read: Read) -> bool:
    file, _, function = target.partition("::")
    text = read(file)
    return (
        text is not None
        and find_target(text, Frame(file=file, line=0, function=function)) is not None
    )


def _strip_punctuation(text: str) -> str:
    return re.sub(r"[^\w./]+", " ", text, flags=re.ASCII).strip()


def _to_snake_case(name: str) -> str:
    separated = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", separated.lower()).strip("_")[:40] or "call"


def _format_doc(capsule: Capsule) -> str:
    """Return the docstring of a test of an answer that was an error."""
    exception = _strip_punctuation(capsule.exception)[:30]
    doc = f"{exception} came out of it: failure {_shorten_fingerprint(capsule)}."
    if not capsule.frames:
        return doc
    frame = capsule.frames[-1]
    values = [
        f"{_strip_punctuation(name)[:20]}={value}"
        for name, value in frame.arguments.items()
        if _PLAIN_VALUE.fullmatch(value)
    ]
    called = f"{_strip_punctuation(frame.function)[:30]} was called with {', '.join(values[:2])}."
    return f"{doc}\n\n    {called}\n    " if values else doc


def _shorten_fingerprint(capsule: Capsule) -> str:
    return re.sub(r"[^0-9a-z]", "", capsule.fingerprint.lower())[:8] or "0"


def _build_name(frame: Frame, capsule: Capsule) -> str:
    exception = capsule.exception.rpartition(".")[2]
    return f"test_{_to_snake_case(frame.function)}_does_not_raise_{_to_snake_case(exception)}"[
        :80
    ].rstrip("_")


def _build_docstring(frame: Frame, capsule: Capsule) -> str:
    place = f"{_strip_punctuation(frame.function)} in {_strip_punctuation(frame.file)}"
    docstring = f"{_strip_punctuation(capsule.exception)[:30]} came out of {place}"
    return f"{docstring[:70]}: failure {_shorten_fingerprint(capsule)}."


def _format_call(frame: Frame, call: Call) -> str:
    words = [repr(value) for value in call.positional]
    words += [f"{name}={value!r}" for name, value in call.named.items()]
    text = f"{frame.function.rpartition('.')[2]}({', '.join(words)})"
    return text if len(text) <= _MAX_CALL_LENGTH else f"{text[: _MAX_CALL_LENGTH - 4]}...)"
