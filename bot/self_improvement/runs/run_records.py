"""Reads the records that earlier steps of a run have saved."""

from typing import TypeVar

from theseus_guard.record import Record

from bot.domain.history import History
from bot.domain.proposal import ForgeProposal

R = TypeVar("R", bound=Record)


def need(record: R | None) -> R:
    """Return the record. Raises `AssertionError` if it is missing, which is a bug."""
    if record is None:
        raise AssertionError("a stage ran before the record it needs was saved")
    return record


def is_pushed_by_others(opened: ForgeProposal, history: History) -> bool:
    """Return whether the branch's head is neither our change nor what we started from."""
    own_heads = {need(history.change_set).head}
    if history.revising is not None:  # a revision may start from a change that was not proposed
        own_heads.add(history.revising.change_set.head)
        own_heads.add(need(history.proposal).head)
    return opened.head not in own_heads
