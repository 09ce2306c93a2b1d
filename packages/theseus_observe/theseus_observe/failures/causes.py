"""What is behind an error: wrappers opened, groups taken apart."""

import asyncio
from typing import NamedTuple

from theseus_observe.failures.safe_access import get_cause, get_children, get_original, is_error

MAX_ROOT_CAUSES = 100
"""Children of groups that are looked at; a group may hold any number."""

_MAX_DEPTH = 20


class Chain(NamedTuple):
    """The errors from the outermost wrapper, first, down to a root cause."""

    errors: tuple[BaseException, ...]

    @property
    def root_cause(self) -> BaseException:
        """Return the last error. A time limit works by cancelling: that is not what went wrong."""
        *before, last = self.errors
        if is_error(last, asyncio.CancelledError) and before:
            return before[-1] if is_error(before[-1], TimeoutError) else last
        return last


def find_chains(error: BaseException) -> tuple[Chain, ...]:
    """Return the way to each root cause: one, or of a group one for each child.

    Children that were only cancelled are left out where another child failed.
    """
    found: list[Chain] = []
    waiting: list[tuple[BaseException, ...]] = [(error,)]
    seen = {id(error)}
    while waiting and len(found) < MAX_ROOT_CAUSES:
        errors = waiting.pop()
        behind = [each for each in _list_causes(errors[-1]) if id(each) not in seen]
        if behind and len(errors) < _MAX_DEPTH:
            seen.update(map(id, behind))
            waiting += [(*errors, each) for each in reversed(behind)]
        else:
            found.append(Chain(errors))
    failed = [each for each in found if not is_error(each.root_cause, asyncio.CancelledError)]
    return tuple(failed or found)


def find_root_cause(error: BaseException) -> BaseException:
    """Return what really went wrong, under wrappers and `raise ... from`; of a group, the first."""
    return find_chains(error)[0].root_cause


def _list_causes(error: BaseException) -> tuple[BaseException, ...]:
    """Return the direct causes of an error. discord.py's wrappers have theirs in `original`."""
    original = get_original(error)
    if original is not None:
        return (original,)
    if children := get_children(error):
        return children[:MAX_ROOT_CAUSES]
    cause = get_cause(error)
    return () if cause is None else (cause,)
