"""Scripts from recorded traffic: successful interactions, to be run again."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, islice, zip_longest

from theseus_rehearsal.records import PressStep, Script, SubmitStep
from theseus_rehearsal.variations import build_variations

from bot.domain.cogs import get_cog_name
from bot.domain.traffic import TrafficRecord
from bot.proof.traffic_scripts import build_script, find_earlier

MOST, MOST_VARIED = 24, 8
"""The largest number of scripts from records, and of variations of these."""

_SETUP = 3
_VARIED_EACH = 4


def build_regression_scripts(
    records: Sequence[TrafficRecord], files: Collection[str]
) -> tuple[Script, ...]:
    """Return scripts of the successes that a change of these files can affect, and variations.

    A cog's file affects that cog, any other program file all cogs, and other files none. Every
    event has its share, the newest first; uses that differ only in letters are run once. A
    button or a form needs its message: the earlier interactions of that cog in the same channel
    come before it.
    """
    cogs = _find_reached_cogs(files)
    worked = [use for use in records if use.ok and (cogs is None or use.cog in cogs)]
    chosen = [*islice(_interleave(worked), MOST)]
    scripts = [build_script_with_setup(record, worked) for record in chosen]
    varied = (
        build_variations(script, len(script.steps) - 1, most=_VARIED_EACH) for script in scripts
    )
    found = {script.model_dump_json(): script for script in scripts}
    for variation in islice(chain.from_iterable(varied), MOST_VARIED):
        found.setdefault(variation.model_dump_json(), variation)
    return tuple(found.values())


def _find_reached_cogs(files: Collection[str]) -> frozenset[str] | None:
    """Return the cogs that the files belong to; `None` means all."""
    programs = [file for file in files if file.endswith(".py") and not file.startswith("tests/")]
    cogs = frozenset(map(get_cog_name, programs))
    return None if "" in cogs else cogs


def _interleave(records: Iterable[TrafficRecord]) -> Iterator[TrafficRecord]:
    """Yield the newest of each event, then the next of each; the same form of one event once."""
    events: dict[str, dict[str, TrafficRecord]] = {}
    for record in sorted(records, key=lambda each: each.at, reverse=True):
        events.setdefault(record.event, {}).setdefault(record.form, record)
    for row in zip_longest(*(event.values() for event in events.values())):
        yield from (each for each in row if each is not None)


def build_script_with_setup(record: TrafficRecord, worked: Sequence[TrafficRecord]) -> Script:
    """Return the record as a script; a button or form comes after what may have created it.

    `worked` are successes. A form may have been opened by a button.
    """
    before = () if record.is_command else find_earlier(record, worked)
    made = [each for each in before if _can_make(each, record) and _is_near(each, record)]
    return build_script(record, made[-_SETUP:])


def _can_make(one: TrafficRecord, other: TrafficRecord) -> bool:
    """Return whether one record may show the button, or open the form, of the other."""
    opens = isinstance(one.step, PressStep) and isinstance(other.step, SubmitStep)
    return one.is_command or opens


def _is_near(one: TrafficRecord, other: TrafficRecord) -> bool:
    place = (one.place, one.pseudonyms.get("channel"))
    return place == (other.place, other.pseudonyms.get("channel"))
