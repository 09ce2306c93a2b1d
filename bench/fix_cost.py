"""What a fix with the claude engine costs: requests, tokens, rounds, and processor time.

The real Claude Code program asks a scripted model, on a small repository with four checks: format,
lint, types and affected tests. The model is right at once, or formats its first answer badly, or
breaks a test with it. Of these figures, only the processor time depends on the load of the machine.
To compare two commits, copy this file and `rows.py` into a clone of each.
"""

import os
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.rows import Row
from tests.fakes.small_bot_repository import FILE, SPIN
from tests.support.casts import make_claude_cast
from tests.support.small_bot_harness import SmallBotHarness, open_small_bot
from tests.twins.model import Request
from tests.twins.model._responses import count_request_tokens

SECONDS = 240.0
CHECKUP = "## A check fails"  # how the executor's message about a failed check begins
CHECKS = (
    '{name: types, command: [mypy, "{changed}"], seconds: 60}',
    "{name: format, seconds: 30,"
    ' command: [ruff, format, --isolated, --line-length, "100", --check, "{changed}"]}',
)
_RIGHT, _SPACELESS, _FIRST = "COLOURS[number - 1]", "COLOURS[number-1]", "COLOURS[0]"
# What the model writes: edits (before, after), one tuple for each of its answers.
ANSWERS: Mapping[str, Sequence[tuple[str, str]]] = {
    "right at once": [(SPIN.edit[1], _RIGHT)],
    "badly formatted first": [(SPIN.edit[1], _SPACELESS), (_SPACELESS, _RIGHT)],
    "a test fails first": [(SPIN.edit[1], _FIRST), (_FIRST, _RIGHT)],
}


@dataclass(frozen=True)
class FixCost:
    """What one fix took, from the request to the proposal."""

    requests: Counter[str]
    tokens: Counter[str]
    rounds: int
    checkups: int
    processor_seconds: float


async def measure(names: Sequence[str] = tuple(ANSWERS)) -> Sequence[Row]:
    """Return the rows of one fix for each of the named answers."""
    rows = list[Row]()
    for name in names:
        with tempfile.TemporaryDirectory(prefix="theseus-bench-", ignore_cleanup_errors=True) as at:
            async with open_small_bot(Path(at), make_claude_cast(), checks=CHECKS) as world:
                rows += _build_rows(name, await _measure_fix(world, ANSWERS[name]))
    return rows


async def _measure_fix(world: SmallBotHarness, answers: Sequence[tuple[str, str]]) -> FixCost:
    """Have the fault fixed by a model that gives these answers."""
    model, pid = world.cast.model, world.bot.pid
    assert model is not None
    assert pid is not None
    await world.break_command(SPIN)
    turns = [{"edits": [(FILE, *edit)], "summary": f"mend spin {edit[1]}"} for edit in answers]
    world.write_script({SPIN.command: turns})
    before = read_processor_seconds(pid)
    thread = await world.alice.ask(SPIN.report)
    await world.alice.wait_for_proposal(thread, timeout=SECONDS)
    seconds = read_processor_seconds(pid) - before
    asked = model.list_requests()
    return FixCost(
        requests=Counter(request.who for request in asked),
        tokens=_count_tokens(asked),
        rounds=int(world.get_run(thread)["round"]),
        checkups=max(request.text.count(CHECKUP) for request in model.list_requests("executor")),
        processor_seconds=seconds,
    )


def _count_tokens(asked: Sequence[Request]) -> Counter[str]:
    """Return the tokens that each role sent, as the scripted model counts them."""
    counted = Counter[str]()
    for request in asked:
        counted[request.who] += count_request_tokens(request.body)
    return counted


def _build_rows(name: str, cost: FixCost) -> list[Row]:
    def build(what: str, amount: float, unit: str) -> Row:
        return Row.model_validate(
            {"bench": "fix-cost", "name": f"{name}: {what}", "ours": amount, "unit": unit}
        )

    rows = [build("requests", cost.requests.total(), "requests")]
    rows += [build(f"  {who}", count, "requests") for who, count in sorted(cost.requests.items())]
    rows.append(build("tokens sent", cost.tokens.total(), "tokens"))
    rows += [build(f"  {who}", count, "tokens") for who, count in sorted(cost.tokens.items())]
    rows.append(build("rounds", cost.rounds, "rounds"))
    rows.append(build("failed checks in a round", cost.checkups, "rounds"))
    rows.append(build("processor time", cost.processor_seconds, "s"))
    return rows


def read_processor_seconds(pid: int) -> float:
    """Return the processor time of a process, its living descendants, and those it waited for."""
    children: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            text = (place / "stat").read_text()
        except OSError:
            continue  # it ended meanwhile
        fields = text.rpartition(")")[2].split()  # the name before may contain anything
        ticks[int(place.name)] = sum(int(each) for each in fields[11:15])
        children.setdefault(int(fields[1]), []).append(int(place.name))
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        total += ticks.get(one, 0)
        waiting += children.get(one, [])
    return total / os.sysconf("SC_CLK_TCK")
