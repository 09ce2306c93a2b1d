"""Reads objects whose own code may raise anything, or claim to be another type.

An exception is an object like any other: its attributes can be properties, its text is made by its
own code, and a proxy claims to be of another class. So fields are read by the descriptors of
`BaseException` and `type`, which run no code of the object, and types are compared by `type()`.
Where code of the object has to run (`str`), whatever it raises ends here.
"""

import builtins
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeGuard, TypeVar

T = TypeVar("T")
E = TypeVar("E", bound=BaseException)

LONGEST_TEXT = 4000
"""Characters of a text that are looked at: what follows is never shown and costs time."""

_MAX_NAME = 200
# Python 3.10 has no groups.
_GROUP: Any = getattr(builtins, "BaseExceptionGroup", None)
_UNKNOWN = "unknown"


def attempt(read: Callable[[], T], fallback: T) -> T:
    """Return what `read` returns, or `fallback` if it raises anything at all.

    `SystemExit` and `KeyboardInterrupt` included: in code that never waits, only the object that
    is being read can have raised them.
    """
    try:
        return read()
    except BaseException:  # noqa: BLE001  # the caller records a failure, which must not be lost
        return fallback


def to_exact_text(value: object) -> str:
    """Return a `str` as exactly that type, without running the code of a subclass; else empty."""
    return str.__str__(value) if issubclass(type(value), str) else ""


def is_error(value: object, kind: type[E] = BaseException) -> TypeGuard[E]:  # type: ignore[assignment]
    """Return whether a value is an exception of that type; `isinstance` asks the value itself."""
    return issubclass(type(value), kind)


def get_fields(error: BaseException) -> dict[str, Any]:
    """Return a plain copy of the exception's instance attributes, without running its code."""
    return attempt(lambda: dict.copy(_read(error, "__dict__")), {})


def get_traceback(error: BaseException) -> TracebackType | None:
    """Return the exception's traceback, without running its code."""
    return _read(error, "__traceback__")  # type: ignore[no-any-return]


def get_cause(error: BaseException) -> BaseException | None:
    """Return what the exception was raised from, without running its code."""
    return _read(error, "__cause__")  # type: ignore[no-any-return]


def get_context(error: BaseException) -> BaseException | None:
    """Return what was being handled when the exception was raised, without running its code."""
    return _read(error, "__context__")  # type: ignore[no-any-return]


def is_context_hidden(error: BaseException) -> bool:
    """Return whether the exception was raised with `from`, which hides what was being handled."""
    return BaseException.__dict__["__suppress_context__"].__get__(error) is True


def choose(error: BaseException | None, fallback: BaseException) -> BaseException:
    """Return the error, or `fallback` if there is none; `or` would ask the error for its truth."""
    return fallback if error is None else error


def get_original(error: BaseException) -> BaseException | None:
    """Return the exception that a wrapper of discord.py keeps in `original`."""
    original = get_fields(error).get("original")
    return original if is_error(original) else None


def get_children(error: BaseException) -> tuple[BaseException, ...]:
    """Return the exceptions of a group, without running its code; none where it is no group."""
    if _GROUP is None or not is_error(error, _GROUP):
        return ()
    return _GROUP.__dict__["exceptions"].__get__(error)  # type: ignore[no-any-return]


def get_type_name(kind: type) -> str:
    """Return a type as a traceback writes it: `IndexError`, `bot.domain.errors.ConfigError`."""
    module = attempt(lambda: to_exact_text(type.__dict__["__module__"].__get__(kind)), "")
    name = (
        attempt(lambda: to_exact_text(type.__dict__["__qualname__"].__get__(kind)), "") or _UNKNOWN
    )
    return escape_surrogates(
        name if module in ("", "builtins", "__main__") else f"{module}.{name}"
    )[:_MAX_NAME]


def get_bases(kind: type) -> tuple[type, ...]:
    """Return the type and what it derives from, without running code of its metaclass."""
    return type.__dict__["__mro__"].__get__(kind)  # type: ignore[no-any-return]


def get_message(error: BaseException) -> str:
    """Return the first characters of what the error says, one more than `LONGEST_TEXT` at most.

    An error whose text cannot be made is still reported, by the failure of its text.
    """
    try:
        text = to_exact_text(_format(error))
    except BaseException as failure:  # noqa: BLE001  # any __str__ may run here
        return f"(no message: its own text raised {get_type_name(type(failure))})"
    return text[: LONGEST_TEXT + 1]


def escape_surrogates(text: str) -> str:
    """Return a text with lone surrogates escaped, because they cannot be encoded as UTF-8."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def _read(error: BaseException, name: str) -> Any:
    return BaseException.__dict__[name].__get__(error)


def _format(error: BaseException) -> str:
    """Return the error's text. Long arguments are cut first: the `repr` of 4 MB takes 30 ms."""
    render = type(error).__str__
    if render is not BaseException.__str__ and render is not KeyError.__str__:
        return str(error)
    stand_in = KeyError if render is KeyError.__str__ else Exception
    return str(stand_in(*map(_cut, _read(error, "args"))))


def _cut(argument: object) -> object:
    kind = type(argument)
    if kind is str or kind is bytes or kind is list or kind is tuple:
        return argument[: LONGEST_TEXT + 1]  # type: ignore[index]
    return argument
