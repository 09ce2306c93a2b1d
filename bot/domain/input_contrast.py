"""Which inputs of an action fail and which work, with the same code, as recorded traffic shows."""

from collections.abc import Iterator, Sequence

from pydantic import Field
from theseus_guard.record import Record

from bot.domain.audience import Audience
from bot.domain.traffic import TrafficRecord, list_inputs

_SHOWN = 4  # inputs of each kind
_LONGEST = 60


class InputContrast(Record):
    """Inputs for which an action failed in one way, and inputs for which it worked.

    Both were seen with the code at `commit`. The inputs are what people typed: untrusted data.
    """

    commit: str
    works: tuple[str, ...] = Field(min_length=1)
    fails: tuple[str, ...] = Field(min_length=1)

    @property
    def summary(self) -> str:
        """One sentence as people read it."""
        return (
            f"With the same code (`{self.commit[:7]}`) it works for {_format_inputs(self.works)} "
            f"and fails for {_format_inputs(self.fails)}."
        )


def find_contrast(records: Sequence[TrafficRecord], fingerprint: str) -> InputContrast | None:
    """Return the inputs that fail so and those that work, on the newest code that fails.

    `records` are of one event, in any order. Records whose texts are placeholders do not count, nor
    does an input that was seen to fail and to work: it is not the input that decides. Returns
    `None` if one of the sides is empty.
    """
    known = [each for each in records if each.audience is Audience.TEAM and not each.changed]
    failures = [each for each in known if not each.ok and each.fingerprint == fingerprint]
    newest = max(failures, key=lambda each: each.at, default=None)
    if newest is None or newest.commit is None:
        return None
    same_code = [each for each in known if each.commit == newest.commit]
    failing = set(_iterate_inputs(each for each in same_code if not each.ok))
    working = list(_iterate_inputs(each for each in same_code if each.ok))
    fails = [each for each in _iterate_inputs(failures) if each in failing - set(working)]
    works = [each for each in working if each not in failing]
    if not fails or not works:
        return None
    return InputContrast(
        commit=newest.commit, works=_select_distinct(works), fails=_select_distinct(fails)
    )


def _iterate_inputs(records: Sequence[TrafficRecord] | Iterator[TrafficRecord]) -> Iterator[str]:
    for record in records:
        inputs = [f"{name}={value}" for name, value in list_inputs(record.step)]
        yield " ".join(", ".join(inputs).split()) or "no input"


def _select_distinct(inputs: Sequence[str]) -> tuple[str, ...]:
    """Return a few different inputs, the newest last."""
    return tuple(dict.fromkeys(inputs))[-_SHOWN:]


def _format_inputs(inputs: Sequence[str]) -> str:
    """Return the inputs as code, which nothing in them can end."""
    clean = (each.replace("`", "\u02cb") for each in inputs)
    return ", ".join(
        f"`{each if len(each) <= _LONGEST else each[: _LONGEST - 1] + '…'}`" for each in clean
    )
