"""Wraps methods of single objects of the bot, without subclassing or patching its classes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from theseus_observe.hook_runner import HookRunner

Notice = Callable[..., object]


class MethodWrapper:
    """Calls `notice` with the arguments of a method before the method itself.

    What the bot assigns to the name later is wrapped by the next `ensure`.
    """

    def __init__(self, owner: Any, name: str, notice: Notice, runner: HookRunner) -> None:
        self._owner = owner
        self._name = name
        self._notice = notice
        self._runner = runner
        self._original: Any = None
        self._wrapped: Any = None

    def ensure(self, make: Callable[[Any, Notice, HookRunner], Any]) -> None:
        """Wrap the present method with `make`; again is harmless."""
        own = vars(self._owner)
        if self._wrapped is not None and own.get(self._name) is self._wrapped:
            return
        self._original = getattr(self._owner, self._name)
        self._wrapped = make(self._original, self._notice, self._runner)
        setattr(self._owner, self._name, self._wrapped)

    def remove(self) -> None:
        """Put the method back, unless the bot has assigned another one since."""
        if self._wrapped is None or vars(self._owner).get(self._name) is not self._wrapped:
            return
        delattr(self._owner, self._name)
        if getattr(self._owner, self._name, None) != self._original:
            setattr(self._owner, self._name, self._original)
        self._wrapped = None


def wrap_call(original: Any, notice: Notice, runner: HookRunner) -> Any:
    """Return a function that calls `notice` and then the original."""

    @wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        runner.run(notice, *args)
        return original(*args, **kwargs)

    return call


def wrap_check(original: Any, notice: Notice, runner: HookRunner) -> Any:
    """Return a check, as a coroutine function, that calls `notice` if the original passes."""

    @wraps(original)
    async def call(*args: Any, **kwargs: Any) -> Any:
        result = await original(*args, **kwargs)
        if result:
            runner.run(notice, *args)
        return result

    return call


def wrap_coroutine(original: Any, notice: Notice, runner: HookRunner) -> Any:
    """Return a coroutine function that calls `notice` and then awaits the original."""

    @wraps(original)
    async def call(*args: Any, **kwargs: Any) -> Any:
        runner.run(notice, *args)
        return await original(*args, **kwargs)

    return call
