"""From an exception to what a failing test needs: where it broke, and with which values."""

import asyncio
import errno
import functools
import hashlib
import inspect
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

from bot.domain.journal import Capsule, Frame
from bot.telemetry.host_frames import TracePlace, is_host_module, is_raised_on_purpose, skip_host
from bot.telemetry.literals import Redact, literals

MAX_FRAMES = 30
MAX_MESSAGE = 2000

_OUTER_FRAMES = 5
_FOREIGN = frozenset({".venv", "venv", "site-packages", "dist-packages", ".tox", "node_modules"})
_MAX_CAUSES = 20
_MAX_KINDS = 8
_MAX_LIBRARIES = 8
_MAX_NAME = 120


_READ_CHARS = 4000
_KEPT_CHARS = 500
# In this order: what is more specific first. Each may leave placeholders that a later one keeps.
_VOLATILE: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), placeholder)
    for pattern, placeholder in (
        (r"""(?<!\w)[bru]{0,2}"(?:[^"\\\n]|\\.)*"(?!\w)""", "<text>"),
        (r"""(?<!\w)[bru]{0,2}'(?:[^'\\\n]|\\.|(?<=\w)'(?=\w))*'(?!\w)""", "<text>"),
        (r"`[^`\n]*`", "<text>"),
        (r"\b[a-z][a-z0-9+.-]*://\S+", "<url>"),
        (
            r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?",
            "<time>",
        ),
        (r"\b\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?\b", "<time>"),
        (r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b", "<n>"),
        (r"(?<!\w)[A-Za-z]:\\[^\s:*?<>|]+", "<path>"),
        (r"(?<![\w<])~?(?:/[\w.@+~%-]+)+/?", "<path>"),
        (r"(?<![\w<])\.{0,2}(?:[\w.@+~-]+/)+[\w@+~-]+\.\w+", "<path>"),
        (r"(?<![\w.])[-+]?\d+(?:\.\d+)?[eE][-+]\d+", "<n>"),
        (r"\b0[xX][0-9a-fA-F]+\b", "<n>"),
        (r"(?<![\w.])(?=[a-fA-F]*\d)(?=\d*[a-fA-F])[0-9a-fA-F]{7,}\b", "<n>"),
        (r"(?<![\w<.])[-+]?\d+(?:[.,_]\d+)*(?:[eE][-+]?\d+)?", "<n>"),
        (r"\d+", "<n>"),
        (r"(<\w+>)(?:,\s*\1)+", r"\1"),
    )
)


_HIDDEN = "__tracebackhide__"


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
    cause = _cause(causes)
    whole = _way(causes, str(root))
    deliberate = is_raised_on_purpose(cause, whole)
    way = skip_host(whole, cause, deliberate=deliberate)
    frames = [_frame(place, redact) for place in _kept([each for each in way if each.file])]
    if (unparsed := _unparsed(cause, str(root))) is not None:
        frames = [each for each in frames if not is_host_module(each.module)] + [unparsed]
    found, _ = literals(inputs or {}, redact=redact)
    message = redact(_message(cause))
    name = exception_name(cause)
    # With the host's frames, as always: other fingerprints would part failures from their fixes.
    places = [f"{place.file}:{_function(place.frame)}" for place in whole if place.file is not None]
    return Capsule(
        exception=name,
        message=_bounded(message),
        fingerprint=fingerprint(name, places, message),
        frames=tuple(frames),
        inputs=found,
        kinds=_kinds(cause),
        causes=tuple(exception_name(each)[:_MAX_NAME] for each in causes if each is not cause),
        libraries=_libraries(way),
        status=_status(cause),
        code=_code(cause),
        deliberate=deliberate and way[-1:] == tuple(whole[-1:]),
    )


def root_cause(error: BaseException) -> BaseException:
    """Return what really went wrong, under wrappers, groups and `raise ... from`."""
    return _cause(tuple(_causes(error)))


def exception_name(error: BaseException) -> str:
    """Return the type as a traceback writes it: `IndexError`, `bot.domain.errors.ConfigError`."""
    return _type_name(type(error))


def _type_name(kind: type) -> str:
    if kind.__module__ in ("builtins", "__main__"):
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def _cause(causes: tuple[BaseException, ...]) -> BaseException:
    """Return the last of them. A time limit works by cancelling: that is not what went wrong."""
    *before, last = causes
    if isinstance(last, asyncio.CancelledError) and before:
        return before[-1] if isinstance(before[-1], TimeoutError) else last
    return last


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


def _way(causes: tuple[BaseException, ...], root: str) -> list[TracePlace]:
    """Return the frames, outermost first, on the way to the last of `causes`.

    A cause's traceback begins where it was caught, so the frame it shares with its wrapper's is
    where the two are joined. Frames that call themselves wrappers only, by a local name that
    tracebacks know elsewhere too, stand for nobody's code.
    """
    places: list[TracePlace] = []
    where: dict[FrameType, int] = {}
    for cause in causes:
        traceback = cause.__traceback__
        while traceback is not None:
            frame = traceback.tb_frame
            shared = where.get(frame)
            if shared is not None:
                for place in places[shared:]:
                    del where[place.frame]
                del places[shared:]
            where[frame] = len(places)
            file = find_project_file(frame.f_code.co_filename, root)
            places.append(TracePlace(file, frame, traceback.tb_lineno))
            traceback = traceback.tb_next
    return [place for place in places if _HIDDEN not in place.frame.f_code.co_varnames]


def _libraries(way: Sequence[TracePlace]) -> tuple[str, ...]:
    """Return the modules that our innermost frame called, by two names at most, each once."""
    ours = max((i for i, place in enumerate(way) if place.file is not None), default=-1)
    names = (str(place.frame.f_globals.get("__name__", "")) for place in way[ours + 1 :])
    called = tuple(dict.fromkeys(".".join(name.split(".")[:2])[:_MAX_NAME] for name in names))
    return called if len(called) <= _MAX_LIBRARIES else called[:4] + called[4 - _MAX_LIBRARIES :]


def _kinds(error: BaseException) -> tuple[str, ...]:
    """Return the names of what the type derives from, without what every exception does."""
    bases = (base for base in type(error).__mro__[1:] if issubclass(base, Exception))
    names = (_type_name(base)[:_MAX_NAME] for base in bases if base is not Exception)
    return tuple(names)[:_MAX_KINDS]


def _status(error: BaseException) -> int | None:
    """Return the HTTP status a library's error carries, read without running its code."""
    own = vars(error)
    answer = own.get("response")
    answered = getattr(answer, "__dict__", {}) if answer is not None else {}
    for fields in (own, answered):
        for name in ("status", "status_code", "code"):
            status = fields.get(name)
            if isinstance(status, int) and not isinstance(status, bool) and 100 <= status <= 599:
                return int(status)
    return None


def _code(error: BaseException) -> str:
    """Return the system's or the database's own name for what went wrong."""
    named = vars(error).get("sqlite_errorname")
    if isinstance(named, str):
        return named[:_MAX_NAME]
    if not isinstance(error, OSError):
        return ""
    number = vars(OSError)["errno"].__get__(error)
    return errno.errorcode.get(number, "") if isinstance(number, int) else ""


@functools.lru_cache(maxsize=4096)
def find_project_file(filename: str, root: str) -> str | None:
    """Return the file relative to the project's root; `None` if it is not the project's own."""
    path, folder = Path(os.path.realpath(filename)), Path(os.path.realpath(root))
    if filename.startswith("<") or not path.is_relative_to(folder):
        return None
    relative = path.relative_to(folder)
    return None if _FOREIGN.intersection(relative.parts) else relative.as_posix()


def _kept(places: list[TracePlace]) -> list[TracePlace]:
    """Return the outermost few and the innermost: deep recursion says little in its middle."""
    if len(places) <= MAX_FRAMES:
        return places
    return places[:_OUTER_FRAMES] + places[_OUTER_FRAMES - MAX_FRAMES :]


def _frame(place: TracePlace, redact: Redact) -> Frame:
    frame = place.frame
    arguments, opaque = literals(_arguments(frame), redact=redact)
    return Frame(
        file=place.file or "",
        line=place.line,
        function=_function(frame),
        module=str(frame.f_globals.get("__name__", "")),
        arguments=arguments,
        opaque=opaque,
    )


def _unparsed(error: BaseException, root: str) -> Frame | None:
    """Return the line of the project that is no Python: no frame of it ever ran."""
    if not isinstance(error, SyntaxError) or not isinstance(error.filename, str):
        return None
    file = find_project_file(error.filename, root)
    line = error.lineno if isinstance(error.lineno, int) else 0
    return None if file is None else Frame(file=file, line=max(0, line), function="<module>")


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


def masked(message: str) -> str:
    """Return a message with numbers, ids, times, paths and quoted text replaced by placeholders."""
    text = message[:_READ_CHARS]
    for pattern, placeholder in _VOLATILE:
        text = pattern.sub(placeholder, text)
    return " ".join(text.split())[:_KEPT_CHARS]


def fingerprint(exception: str, places: Iterable[str], message: str) -> str:
    """Return 12 hexadecimal characters naming a fault.

    `places` are the project's frames as `file:function`, without lines, outermost first; one met
    again (recursion) counts once. Edits elsewhere in a file and other values keep the fingerprint.
    """
    lines = (exception, *dict.fromkeys(places), masked(message))
    return hashlib.sha256("\n".join(lines).encode(errors="backslashreplace")).hexdigest()[:12]
