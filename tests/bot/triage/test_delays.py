"""Whose fault a late answer is: the command's, or the machine's."""

from datetime import timedelta

import pytest

from bot.domain.triage import Origin
from bot.triage import triage
from tests.bot.triage.test_triage import CASES, CODE, ENV, NOW, group


@pytest.mark.parametrize(("seconds", "origin"), [(2, ENV), (60, CODE)])
def test_only_a_stall_that_hits_other_commands_is_the_machines(
    seconds: int, origin: Origin
) -> None:
    capsule = CASES["we answered too late"].capsule
    late = group(capsule)
    slow = late.replace(newest=late.newest.replace(duration_ms=4_200.0))
    other = group(capsule, name="roll", at=NOW + timedelta(seconds=seconds))
    same = group(capsule.replace(fingerprint="0123456789ab"), at=NOW)
    assert triage(slow, nearby=[other, same]).origin is origin
    assert triage(slow, nearby=[same]).origin is CODE


@pytest.mark.parametrize("name", ["EventLoopBlocked", "AnsweredTooLate"])
def test_a_command_that_was_seen_where_it_kept_people_waiting_is_at_fault(name: str) -> None:
    capsule = CASES["we answered too late"].capsule
    seen = group(capsule.replace(exception=f"theseus_observe.failures.delays.{name}", status=None))
    found = triage(seen.replace(newest=seen.newest.replace(duration_ms=4_200.0)))
    assert found.origin is CODE
    frame = capsule.innermost
    assert frame is not None
    assert f"{frame.file}:{frame.line}" in found.summary
