"""Scripts from recorded traffic: what people asked with success, to be asked again."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, islice, zip_longest

from bot.domain.cogs import get_cog_name
from bot.domain.rehearsal import PressStep, Script, SubmitStep
from bot.domain.traffic import TrafficRecord
from bot.proof.traffic_scripts import build_script, find_earlier
from bot.proof.variations import build_variations

MOST, MOST_VARIED = 24, 8
"""How many scripts are made of records, and how many of variations of these."""

_SETUP = 3
_VARIED_EACH = 4


def build_regression_scripts(
    records: Sequence[TrafficRecord], files: Collection[str]
) -> tuple[Script, ...]:
    """Return scripts of the successes that a change of these files can reach, and variations.

    A cog's file reaches that cog; any other program reaches all of them, and what is no program
    none. Every event has its share, its newest first; what differs only in letters is played once.
    A button or a form needs what it is on: what was asked of that cog before, in the same channel,
    comes before it.
    """
    cogs = _find_reached_cogs(files)
    worked = [each for each in records if each.ok and (cogs is None or each.cog in cogs)]
    chosen = [*islice(_interleave(worked), MOST)]
    scripts = [build_script_with_setup(each, worked) for each in chosen]
    varied = (build_variations(each, len(each.steps) - 1, most=_VARIED_EACH) for each in scripts)
    found = {each.model_dump_json(): each for each in scripts}
    for each in islice(chain.from_iterable(varied), MOST_VARIED):
        found.setdefault(each.model_dump_json(), each)
    return tuple(found.values())


def _find_reached_cogs(files: Collection[str]) -> frozenset[str] | None:
    """Return the cogs that files are of; `None`: all."""
    programs = [each for each in files if each.endswith(".py") and not each.startswith("tests/")]
    cogs = frozenset(map(get_cog_name, programs))
    return None if "" in cogs else cogs


def _interleave(records: Iterable[TrafficRecord]) -> Iterator[TrafficRecord]:
    """Yield the newest of each event, then the next of each; the same form of one event once."""
    events: dict[str, dict[str, TrafficRecord]] = {}
    for record in sorted(records, key=lambda each: each.at, reverse=True):
        events.setdefault(record.event, {}).setdefault(record.form, record)
    for row in zip_longest(*(each.values() for each in events.values())):
        yield from (each for each in row if each is not None)


def build_script_with_setup(record: TrafficRecord, worked: Sequence[TrafficRecord]) -> Script:
    """Return the record as a script; a button or form after what may have made it.

    `worked` are successes. A form may have been opened by a button.
    """
    before = () if record.is_command else find_earlier(record, worked)
    made = [each for each in before if _can_make(each, record) and _is_near(each, record)]
    return build_script(record, made[-_SETUP:])


def _can_make(one: TrafficRecord, other: TrafficRecord) -> bool:
    """Whether what one record shows may hold the button, or open the form, of the other."""
    opens = isinstance(one.step, PressStep) and isinstance(other.step, SubmitStep)
    return one.is_command or opens


def _is_near(one: TrafficRecord, other: TrafficRecord) -> bool:
    there = (one.place, one.pseudonyms.get("channel"))
    return there == (other.place, other.pseudonyms.get("channel"))
