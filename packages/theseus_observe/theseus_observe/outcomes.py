"""How an action ended, by what it raised."""

from __future__ import annotations

import asyncio

from theseus_observe.failures.causes import find_chains
from theseus_observe.failures.endings import EndedByCode
from theseus_observe.failures.no_response import NoResponse
from theseus_observe.failures.safe_access import is_error
from theseus_observe.records import CANCELLED, ERROR, NO_RESPONSE, OK, TIMEOUT

_BY_WEIGHT = (ERROR, TIMEOUT, NO_RESPONSE)


def get_outcome(error: BaseException | None) -> str:
    """Return how an action ended that raised this, wrappers and groups opened."""
    if error is None:
        return OK
    outcomes = {_classify(chain.root_cause, error) for chain in find_chains(error)}
    return next((each for each in _BY_WEIGHT if each in outcomes), CANCELLED)


def _classify(cause: BaseException, error: BaseException) -> str:
    if is_error(cause, NoResponse):
        return NO_RESPONSE
    # Before Python 3.11, asyncio has an error of its own for it.
    if is_error(cause, TimeoutError) or is_error(cause, asyncio.TimeoutError):
        return TIMEOUT
    if is_error(cause, asyncio.CancelledError) and not is_error(error, EndedByCode):
        return CANCELLED
    return ERROR
