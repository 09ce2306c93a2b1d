"""From an exception to what a failing test needs: where it broke, and with which values."""

import functools
import inspect
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType

from bot.domain.journal import Capsule, Frame
from bot.telemetry.fingerprints import fingerprint
from bot.telemetry.literals import Redact, literals

MAX_FRAMES = 30
MAX_MESSAGE = 2000

_OUTER_FRAMES = 5
_FOREIGN = frozenset({".venv", "venv", "site-packages", "dist-packages", ".tox", "node_modules"})
_MAX_CAUSES = 20


def capsule(
    error: BaseException,
    *,
    root: Path,
    redact: Redact,
    inputs: Mapping[str, object] | None = None,
) -> Capsule:
    """Return what is known of a failure, redacted and bounded.

    Wrappers are opened: it is of the root cause, with the frames of the whole way there that lie
    under `root`, the project's folder. `inputs` that have no literal form are left out.
    """
    causes = tuple(_causes(error))
    cause = causes[-1]
    frames = _frames(causes, str(root))
    found, _ = literals(inputs or {}, redact=redact)
    message = redact(_message(cause))
    name = exception_name(cause)
    return Capsule(
        exception=name,
        message=_bounded(message),
        fingerprint=fingerprint(name, [f"{file}:{_function(f)}" for file, f, _ in frames], message),
        frames=tuple(_frame(file, frame, line, redact) for file, frame, line in _kept(frames)),
        inputs=found,
    )


def root_cause(error: BaseException) -> BaseException:
    """Return what really went wrong, under wrappers, groups and `raise ... from`."""
    *_, cause = _causes(error)
    return cause


def exception_name(error: BaseException) -> str:
    """Return the type as a traceback writes it: `IndexError`, `bot.domain.errors.ConfigError`."""
    kind = type(error)
    if kind.__module__ in ("builtins", "__main__"):
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


_Place = tuple[str, FrameType, int]


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what is behind it, one by one."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen and len(seen) < _MAX_CAUSES:
        yield cause
        seen.add(id(cause))
        cause = _behind(cause)


def _behind(error: BaseException) -> BaseException | None:
    """Return the next error down. discord.py's wrappers keep theirs in `original`."""
    original = getattr(error, "original", None)
    if isinstance(original, BaseException):
        return original
    if isinstance(error, BaseExceptionGroup):
        inner: BaseException = error.exceptions[0]
        return inner
    return error.__cause__


def _frames(causes: tuple[BaseException, ...], root: str) -> list[_Place]:
    """Return the project's frames, outermost first, on the way to the last of `causes`.

    A cause's traceback begins where it was caught, so the frame it shares with its wrapper's is
    where the two are joined.
    """
    places: list[_Place] = []
    for cause in causes:
        traceback = cause.__traceback__
        while traceback is not None:
            frame = traceback.tb_frame
            shared = next((i for i, place in enumerate(places) if place[1] is frame), None)
            if shared is not None:
                del places[shared:]
            if (file := _project_file(frame.f_code.co_filename, root)) is not None:
                places.append((file, frame, traceback.tb_lineno))
            traceback = traceback.tb_next
    return places


@functools.lru_cache(maxsize=4096)
def _project_file(filename: str, root: str) -> str | None:
    """Return the file relative to the project's root; `None` if it is not the project's own."""
    path, folder = Path(os.path.realpath(filename)), Path(os.path.realpath(root))
    if filename.startswith("<") or not path.is_relative_to(folder):
        return None
    relative = path.relative_to(folder)
    return None if _FOREIGN.intersection(relative.parts) else relative.as_posix()


def _kept(places: list[_Place]) -> list[_Place]:
    """Return the outermost few and the innermost: deep recursion says little in its middle."""
    if len(places) <= MAX_FRAMES:
        return places
    return places[:_OUTER_FRAMES] + places[_OUTER_FRAMES - MAX_FRAMES :]


def _frame(file: str, frame: FrameType, line: int, redact: Redact) -> Frame:
    arguments, opaque = literals(_arguments(frame), redact=redact)
    return Frame(
        file=file,
        line=line,
        function=_function(frame),
        module=str(frame.f_globals.get("__name__", "")),
        arguments=arguments,
        opaque=opaque,
    )


def _function(frame: FrameType) -> str:
    return frame.f_code.co_qualname


def _arguments(frame: FrameType) -> dict[str, object]:
    """Return the parameters with the values they hold now; a deleted one is left out."""
    code = frame.f_code
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    values = frame.f_locals
    return {name: values[name] for name in code.co_varnames[:count] if name in values}


def _message(error: BaseException) -> str:
    """Return what the error says; an error whose text fails to be made is still reported."""
    try:
        return str(error)
    except Exception as failure:  # noqa: BLE001  # any __str__ may run here
        return f"(no message: its own text raised {type(failure).__name__})"


def _bounded(message: str) -> str:
    clean = message.encode(errors="backslashreplace").decode()
    return clean if len(clean) <= MAX_MESSAGE else f"{clean[:MAX_MESSAGE]} [... cut]"
