"""Finds the uses of commands and buttons that a report of incorrect output may be about."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from theseus_rehearsal.records import CommandStep
from theseus_rehearsal.scripts import describe_step

from bot.domain.traffic import TrafficRecord
from bot.grammar.incorrect_output import TypedCommand, answer_claim
from bot.proof.example_scripts import (
    build_record,
    find_command_source,
    find_similar_use,
    find_uses_by_value,
    find_uses_of_cogs,
)


class InspectedTree(NamedTuple):
    """A checked out commit, the recorded traffic, and the texts of the commit's cogs."""

    folder: Path
    known: Sequence[TrafficRecord]
    cogs: Mapping[str, str]


class MatchedUses(NamedTuple):
    """The uses that a report may be about, most likely first.

    If only the cog is known (`named_by_cog`), the report is about the use whose output has changed.
    """

    records: tuple[TrafficRecord, ...] = ()
    named_by_cog: bool = False

    @property
    def only(self) -> bool:
        """True if exactly one use matches."""
        return len(self.records) == 1 and not self.named_by_cog


def match_uses(
    text: str, answered: str, tree: InspectedTree, commands: Collection[str], now: datetime
) -> MatchedUses:
    """Return the matching uses: the answer replied to, the named command, or one with its values.

    Otherwise return the last uses of the named cog (`my poll says it is over`).
    """
    replied = [e for e in tree.known if answered and e.pseudonyms.get("interaction") == answered]
    if replied:
        return MatchedUses((_add_cog(replied[-1], tree.cogs),))
    claim = answer_claim(text, commands)
    named = [claim.typed] if claim.typed else [TypedCommand(each) for each in claim.named]
    values = "" if claim.typed else " ".join(claim.values[:1])
    found = tuple(filter(None, (_use_of(each, values, text, tree, now) for each in named)))
    if found or named:
        return MatchedUses(found)
    found = find_uses_by_value(tree.known, claim.values)
    return (
        MatchedUses(found)
        if found
        else MatchedUses(find_uses_of_cogs(tree.known, text), named_by_cog=True)
    )


def _use_of(
    typed: TypedCommand, values: str, text: str, tree: InspectedTree, now: datetime
) -> TrafficRecord | None:
    """Return a recorded use of the command, or else one built from the typed text."""
    used = find_similar_use(tree.known, typed, text)
    if used is not None:
        return used
    source = find_command_source(tree.cogs, typed.name)
    if source is None:
        return None
    like = next((each for each in reversed(tree.known) if each.cog == source.cog), None)
    return build_record(TypedCommand(typed.name, typed.arguments or values), source, like, now)


def _add_cog(record: TrafficRecord, cogs: Mapping[str, str]) -> TrafficRecord:
    """Return the record with its cog, which is missing if the command was refused early."""
    step = record.step
    if record.cog or not isinstance(step, CommandStep):
        return record
    source = find_command_source(cogs, step.command)
    return record.replace(cog=source.cog) if source else record


def cog_texts(tree: Path) -> dict[str, str]:
    """Return the texts of a tree's cogs by their paths."""
    found = {}
    for file in sorted((tree / "cogs").rglob("*.py")):
        if file.is_file() and not file.is_symlink():
            text = file.read_text(encoding="utf-8", errors="replace")
            found[file.relative_to(tree).as_posix()] = text
    return found


def format_command(record: TrafficRecord, cogs: Mapping[str, str]) -> str:
    """Return how to type a command with its options, if these are unknown; empty if it has none."""
    step = record.step
    if not isinstance(step, CommandStep) or step.options:
        return ""
    source = find_command_source(cogs, step.command)
    options = source.options if source else ()
    return " ".join((f"/{step.command}", *(f"{each}:…" for each in options))) if options else ""


def list_recent_commands(known: Sequence[TrafficRecord]) -> list[str]:
    """Return the most recently used commands, each once, as they were typed."""
    commands = [e for e in reversed(known) if e.ok and e.cog and e.event.startswith("command.")]
    return [*{each.event: describe_step(each.step) for each in reversed(commands)}.values()][::-1]
