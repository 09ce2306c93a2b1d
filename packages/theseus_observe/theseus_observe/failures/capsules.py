"""Extracts from an exception what a failing test needs: the places and the values.

No attribute of an exception can be trusted; see `safe_access`. What cannot be read is left out.
"""

import errno
import functools
import inspect
import itertools
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from theseus_observe.failures.bounded_text import keep_beginning
from theseus_observe.failures.causes import Chain, find_chains
from theseus_observe.failures.fingerprints import compute_fingerprint, group_fingerprint
from theseus_observe.failures.host_frames import (
    NO_HOSTS,
    Hosts,
    TracePlace,
    is_host_module,
    is_raised_on_purpose,
    skip_host,
)
from theseus_observe.failures.literals import Redact, format_literals
from theseus_observe.failures.qualified_names import get_qualified_name
from theseus_observe.failures.safe_access import (
    LONGEST_TEXT,
    attempt,
    escape_surrogates,
    get_bases,
    get_fields,
    get_message,
    get_traceback,
    get_type_name,
    is_error,
    to_exact_text,
)
from theseus_observe.records import Capsule, Frame

MAX_FRAMES = 30
MAX_MESSAGE = 2000

_OUTER_FRAMES = 5
_FOREIGN = frozenset({".venv", "venv", "site-packages", "dist-packages", ".tox", "node_modules"})
_MAX_KINDS = 8
_MAX_LIBRARIES = 8
_MAX_NAME = 120
_MAX_FUNCTION = 500
_MAX_CHILDREN = 20
_REMEMBERED = 256

_HIDDEN = "__tracebackhide__"

log = logging.getLogger(__name__)


def build_capsule(
    error: BaseException,
    *,
    root: Path,
    redact: Redact,
    inputs: Mapping[str, object] | None = None,
    hosts: Hosts = NO_HOSTS,
    copy: Path | None = None,
) -> Capsule:
    """Return a redacted description of a failure, with size limits. It never raises.

    It describes the root cause of wrapped exceptions, with all frames on the way to it that are in
    the project's folder `root`. An exception group is described by one child, which does not depend
    on the order, and `children` has all of them. `inputs` without a literal form are left out.
    `hosts` are the project's packages that only host the code that failed. `copy` is a second
    folder that the project's code may run from.
    """
    try:
        project = _Project(root, copy, functools.lru_cache(_REMEMBERED)(redact), hosts)
        return _describe(error, project, inputs or {})
    except BaseException as failure:  # noqa: BLE001  # losing a failure is worse than any error
        name, reason = get_exception_name(error), get_type_name(type(failure))
        log.warning("The record of a %s is minimal: describing it raised %s.", name, reason)
        return _describe_minimally(error, _Project(root, copy, redact, hosts))


def get_exception_name(error: BaseException) -> str:
    """Return the type as a traceback writes it: `IndexError`, `bot.domain.errors.ConfigError`."""
    return get_type_name(type(error))


class _Project(NamedTuple):
    """Where the project's code is, what redacts its values, and which of its packages host it."""

    root: Path
    copy: Path | None
    redact: Redact
    hosts: Hosts

    def find_file(self, name: str) -> str | None:
        """Return a source file relative to the project's folder; `None` if it is not its own."""
        return find_project_file(name, str(self.root), self.copy)


def _describe(error: BaseException, project: _Project, inputs: Mapping[str, object]) -> Capsule:
    nothing: dict[str, str] = {}
    found = attempt(lambda: format_literals(inputs, redact=project.redact)[0], nothing)
    children: dict[str, Capsule] = {}
    for chain in find_chains(error):
        child = _describe_chain(chain, project, found)
        children.setdefault(child.fingerprint, child)
    by_weight = sorted(children.values(), key=_build_sort_key)
    main = by_weight[0]
    if len(by_weight) == 1:
        return main
    alone = tuple(each.replace(inputs={}) for each in by_weight[:_MAX_CHILDREN])
    return main.replace(fingerprint=group_fingerprint(children), children=alone)


def _build_sort_key(child: Capsule) -> tuple[bool, bool, str]:
    """Return a sort key that puts the most informative child first.

    Children with frames of the project come first. Timeouts come last, because they often only
    waited for something that another child broke.
    """
    timeout = "TimeoutError" in (child.exception, *child.kinds)
    return not child.frames, timeout, child.fingerprint


def _describe_chain(chain: Chain, project: _Project, inputs: dict[str, str]) -> Capsule:
    """Return the capsule of one root cause; `inputs` are literals already."""
    cause = chain.root_cause
    redact, hosts = project.redact, project.hosts
    whole = _trace_path(chain.errors, project)
    deliberate = attempt(lambda: is_raised_on_purpose(cause, whole), False)
    way = attempt(lambda: skip_host(whole, cause, deliberate=deliberate), tuple(whole))
    frames = [
        _build_frame(place, redact) for place in _trim_places([each for each in way if each.file])
    ]
    if (unparsed := attempt(lambda: _build_syntax_frame(cause, project), None)) is not None:
        frames = [each for each in frames if not is_host_module(each.module, hosts)] + [unparsed]
    original = get_message(cause)
    message = attempt(
        lambda: redact(original[:LONGEST_TEXT]), "(no message: it cannot be redacted)"
    )
    name = get_exception_name(cause)
    # The host's frames count where a cog led there. Those before it are only how it was called,
    # which differs between a slash and a typed use of the same command.
    ours = [place for place in whole if place.file is not None]
    led = list(itertools.dropwhile(lambda place: place.is_host, ours)) or ours
    places = [f"{place.file}:{_get_function(place.frame)}" for place in led]
    return Capsule(
        exception=name,
        message=keep_beginning(
            escape_surrogates(message), MAX_MESSAGE, cut=len(original) > LONGEST_TEXT
        ),
        fingerprint=compute_fingerprint(name, places, message),
        frames=tuple(frames),
        inputs=inputs,
        kinds=_list_kinds(cause),
        causes=tuple(
            get_exception_name(each)[:_MAX_NAME] for each in chain.errors if each is not cause
        ),
        libraries=_list_libraries(way),
        status=attempt(lambda: _get_status(cause), None),
        code=attempt(lambda: _get_code(cause), ""),
        deliberate=deliberate and way[-1:] == tuple(whole[-1:]),
    )


def _describe_minimally(error: BaseException, project: _Project) -> Capsule:
    """Return the exception's type and its frames, without a value of either."""
    name = get_exception_name(error)
    way: list[TracePlace] = attempt(lambda: _trace_path((error,), project), [])
    frames = [
        Frame(file=place.file, line=place.line, function=_get_function(place.frame))
        for place in _trim_places(way)
        if place.file is not None
    ]
    places = [f"{frame.file}:{frame.function}" for frame in frames]
    return Capsule(
        exception=name,
        message="(no message: the error cannot be described)",
        fingerprint=compute_fingerprint(name, places, ""),
        frames=tuple(frames),
    )


def _trace_path(causes: Sequence[BaseException], project: _Project) -> list[TracePlace]:
    """Return the frames, outermost first, on the way to the last of `causes`.

    The traceback of a cause begins where it was caught, so it is joined with the traceback of its
    wrapper at the frame that both have. Frames that are marked as wrappers, by a local name that
    other tools also use, are left out.
    """
    places: list[TracePlace] = []
    where: dict[FrameType, int] = {}
    for cause in causes:
        traceback = get_traceback(cause)
        while traceback is not None:
            frame = traceback.tb_frame
            shared = where.get(frame)
            if shared is not None:
                for place in places[shared:]:
                    del where[place.frame]
                del places[shared:]
            where[frame] = len(places)
            name = to_exact_text(frame.f_code.co_filename)
            file = attempt(functools.partial(project.find_file, name), None)
            module = _get_module(frame)
            is_host = is_host_module(module, project.hosts)
            places.append(TracePlace(file, frame, traceback.tb_lineno, module, is_host))
            traceback = traceback.tb_next
    return [place for place in places if _HIDDEN not in place.frame.f_code.co_varnames]


def _list_libraries(way: Sequence[TracePlace]) -> tuple[str, ...]:
    """Return the modules that our innermost frame called, by two names at most, each once."""
    ours = max((i for i, place in enumerate(way) if place.file is not None), default=-1)
    names = (place.module for place in way[ours + 1 :])
    called = tuple(dict.fromkeys(".".join(name.split(".")[:2])[:_MAX_NAME] for name in names))
    return called if len(called) <= _MAX_LIBRARIES else called[:4] + called[4 - _MAX_LIBRARIES :]


def _list_kinds(error: BaseException) -> tuple[str, ...]:
    """Return the names of what the type derives from, without what every exception does."""
    bases = (base for base in get_bases(type(error))[1:] if issubclass(base, Exception))
    names = (get_type_name(base)[:_MAX_NAME] for base in bases if base is not Exception)
    return tuple(names)[:_MAX_KINDS]


def _get_status(error: BaseException) -> int | None:
    """Return the HTTP status a library's error carries, read without running its code."""
    own = get_fields(error)
    answer = own.get("response")
    answered = getattr(answer, "__dict__", {}) if answer is not None else {}
    for fields in (own, answered):
        for name in ("status", "status_code", "code"):
            status = fields.get(name)
            if isinstance(status, int) and not isinstance(status, bool) and 100 <= status <= 599:
                return int(status)
    return None


def _get_code(error: BaseException) -> str:
    """Return the system's or the database's own name for what went wrong."""
    if named := to_exact_text(get_fields(error).get("sqlite_errorname")):
        return escape_surrogates(named[:_MAX_NAME])
    if not is_error(error, OSError):
        return ""
    number = vars(OSError)["errno"].__get__(error)
    return errno.errorcode.get(number, "") if isinstance(number, int) else ""


@functools.lru_cache(maxsize=4096)
def find_project_file(filename: str, root: str, copy: Path | None = None) -> str | None:
    """Return the file relative to the project's root, or to a copy of the project.

    It is `None` if the file is not the project's own.
    """
    path, folder = Path(os.path.realpath(filename)), Path(os.path.realpath(root))
    if copy is not None and path.is_relative_to(copy):
        return path.relative_to(copy).as_posix()
    if filename.startswith("<") or not path.is_relative_to(folder):
        return None
    relative = path.relative_to(folder)
    return None if _FOREIGN.intersection(relative.parts) else escape_surrogates(relative.as_posix())


def _trim_places(places: list[TracePlace]) -> list[TracePlace]:
    """Return the outermost few and the innermost: deep recursion says little in its middle."""
    if len(places) <= MAX_FRAMES:
        return places
    return places[:_OUTER_FRAMES] + places[_OUTER_FRAMES - MAX_FRAMES :]


def _build_frame(place: TracePlace, redact: Redact) -> Frame:
    frame = place.frame
    values: dict[str, object] = attempt(lambda: _collect_arguments(frame), {})
    arguments, opaque = format_literals(values, redact=redact)
    return Frame(
        file=place.file or "",
        line=place.line,
        function=_get_function(frame),
        module=_get_module(frame),
        arguments=arguments,
        opaque=opaque,
    )


def _build_syntax_frame(error: BaseException, project: _Project) -> Frame | None:
    """Return the line of the project that is no Python: no frame of it ever ran."""
    if not is_error(error, SyntaxError):
        return None
    name = to_exact_text(SyntaxError.__dict__["filename"].__get__(error))
    line = SyntaxError.__dict__["lineno"].__get__(error)
    file = project.find_file(name) if name else None
    number = max(0, line) if type(line) is int else 0
    return None if file is None else Frame(file=file, line=number, function="<module>")


def _get_function(frame: FrameType) -> str:
    return escape_surrogates(to_exact_text(get_qualified_name(frame.f_code))[:_MAX_FUNCTION])


def _get_module(frame: FrameType) -> str:
    return escape_surrogates(to_exact_text(dict.get(frame.f_globals, "__name__"))[:_MAX_FUNCTION])


def _collect_arguments(frame: FrameType) -> dict[str, object]:
    """Return the parameters with the values they hold now; a deleted one is left out."""
    code = frame.f_code
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    values = frame.f_locals
    return {name: values[name] for name in code.co_varnames[:count] if name in values}
