"""Measures whether people are answered sooner: two commits run the same scripts in turns."""

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from theseus_rehearsal.ports.rehearsal import Rehearsal, ScriptRunner
from theseus_rehearsal.records import CommandStep, Script

from bot.detection.statistics import compute_binomial_at_least
from bot.domain.proof import Proof

ROUNDS = 15
"""Rounds of timing: by chance, one commit is the faster in all of them once in 32,768."""

MOST = 4
"""The largest number of scripts that are timed, one after the other."""

_WITHIN = (
    3  # of 15 ordered ratios, the fourth and the twelfth enclose the median with 96 % confidence
)
_SURE = 0.01


def select_scripts(scripts: Sequence[Script], request: str) -> tuple[Script, ...]:
    """Return the scripts to time: those of commands in the request, else the first few."""
    words = {*request.lower().replace("/", " ").split()}
    spoken = [script for script in scripts if words & _split_last_command(script)]
    return tuple((spoken or scripts)[:MOST])


async def measure_rounds(
    rehearsal: Rehearsal,
    base: Path,
    head: Path,
    scripts: Sequence[Script],
    now: Callable[[], float],
) -> tuple[tuple[float, float], ...]:
    """Return how many seconds all scripts take with base and with head, round by round.

    The order alternates between rounds, and a first round for warming up is left out. `now` is a
    clock in seconds. Raises `RehearsalError`.
    """
    rounds = []
    async with rehearsal.open(base) as older, rehearsal.open(head) as newer:
        for number in range(ROUNDS + 1):
            if number % 2:
                after = await _measure_seconds(newer, scripts, now)
                before = await _measure_seconds(older, scripts, now)
            else:
                before = await _measure_seconds(older, scripts, now)
                after = await _measure_seconds(newer, scripts, now)
            rounds.append((before, after))
    return tuple(rounds[1:])


def build_speed_proof(rounds: Sequence[tuple[float, float]]) -> Proof:
    """Return whether head is faster: the median ratio, its interval, and a sign test."""
    if not rounds or any(before <= 0 for before, _ in rounds):
        summary = "no use of the affected commands was recorded, so nothing could be timed"
        return Proof(kind="measured", holds=False, summary=summary)
    ratios = sorted(after / before for before, after in rounds)
    within = min(_WITHIN, (len(ratios) - 1) // 2)
    least, most = ratios[within], ratios[-1 - within]
    faster = sum(each < 1 for each in ratios)
    p = compute_binomial_at_least(faster, len(ratios), 0.5)
    holds = most < 1 and p < _SURE
    ratio = f"{median(ratios):.2f} times as long ({least:.2f} to {most:.2f})"
    return Proof(
        kind="measured",
        holds=holds,
        summary=f"{ratio} as before" if holds else f"no faster: {ratio} as before",
        ratio=most,
        details=(f"faster in {faster} of {len(ratios)} rounds, p = {p:.2g}",),
    )


async def _measure_seconds(
    runner: ScriptRunner, scripts: Sequence[Script], now: Callable[[], float]
) -> float:
    began = now()
    for script in scripts:
        await runner.run(script)
    return now() - began


def _split_last_command(script: Script) -> set[str]:
    """Return the words of the last command of a script."""
    found = [step.command for step in script.steps if isinstance(step, CommandStep)]
    return {*found[-1].lower().split()} if found else set()
