"""When a bot is replaced: decided from what is seen, second by second, with no process at all."""

import json

import pytest

from bot.supervisor.rules import Reading, RestartRules, find_fault, has_passed_probation

RULES = RestartRules()


def seen(
    *, heard: float = 0.0, ready: bool = True, was_ready: bool = True, memory: float | None = None
) -> Reading:
    return Reading(0.0, heard, ready, was_ready, memory)


@pytest.mark.parametrize("second", [1, 10, 50])
def test_silence_counts_from_the_last_sign_of_life_at_any_second(second: int) -> None:
    def fault(after: float, *, probation: bool) -> str | None:
        return find_fault(seen(heard=second), RULES, second + after, probation=probation)

    assert fault(RULES.silent_seconds, probation=True) is None
    assert fault(RULES.silent_seconds + 1, probation=True) == "it hung: no sign of life for 16 s"
    assert fault(RULES.silent_seconds + 1, probation=False) is None
    assert fault(RULES.hung_seconds + 1, probation=False) is not None


def test_what_was_ready_once_may_lose_its_connection() -> None:
    never = seen(heard=31, ready=False, was_ready=False)
    lost = seen(heard=31, ready=False)
    assert find_fault(never, RULES, 31, probation=True) == "it was not ready within 30 s"
    assert find_fault(never, RULES, 29, probation=True) is None
    assert find_fault(lost, RULES, 31, probation=True) is None
    assert find_fault(never, RULES, 31, probation=False) is None  # a start that Discord holds up


def test_memory_counts_on_probation_alone() -> None:
    large = seen(memory=RULES.memory_mb + 1)
    assert find_fault(large, RULES, 1, probation=True) == (
        "its memory grew to 1025 MiB, more than 1024"
    )
    assert find_fault(large, RULES, 1, probation=False) is None
    assert find_fault(seen(memory=None), RULES, 1, probation=True) is None


def test_a_probation_is_over_when_its_time_is_up_and_it_is_ready() -> None:
    assert not has_passed_probation(seen(), RULES, RULES.probation_seconds - 1)
    assert has_passed_probation(seen(), RULES, RULES.probation_seconds)
    assert not has_passed_probation(seen(ready=False), RULES, RULES.probation_seconds + 1)


def test_each_next_start_waits_longer_up_to_the_last_pause() -> None:
    assert [RULES.pause(crashes) for crashes in (1, 2, 3, 6, 60)] == [1.0, 2.0, 4.0, 30.0, 30.0]


def test_rules_go_over_the_command_line() -> None:
    other = RestartRules(drain_seconds=3.0, backoff=(1.0, 5.0))
    assert RestartRules.from_json(other.to_json()) == other
    assert RestartRules.from_json("{}") == RULES
    with pytest.raises(ValueError, match="rules are an object"):
        RestartRules.from_json(json.dumps({"drain": 3}))
