"""Whom a flag is on for: decided by its record alone."""

import pytest
from pydantic import ValidationError

from bot.domain.flag import SETTLED, Asker, Flag, Reach, build_flags_for_all, is_on, is_valid_name
from tests.fakes.fake_clock import START

GENERAL, DEV, THREAD = 10, 20, 30


def flag(reach: Reach, channels: tuple[int, ...] = (), percent: int = 0) -> Flag:
    return Flag(name="coinflip", reach=reach, channels=channels, percent=percent, at=START)


def asker(person_id: int = 1, *channels: int) -> Asker:
    return Asker(person_id, frozenset(channels), DEV in channels)


def test_what_nobody_switched_is_off() -> None:
    assert not is_on(None, asker(1, DEV))
    assert not is_on(flag("off"), asker(1, DEV))


def test_it_is_on_in_the_dev_channel_and_nowhere_else() -> None:
    assert is_on(flag("dev"), asker(1, DEV))
    assert is_on(flag("dev"), asker(1, THREAD, DEV))
    assert not is_on(flag("dev"), asker(1, GENERAL))


def test_it_is_on_in_named_channels_their_threads_and_the_dev_channel() -> None:
    named = flag("channels", channels=(GENERAL,))
    assert is_on(named, asker(1, GENERAL))
    assert is_on(named, asker(1, THREAD, GENERAL))
    assert is_on(named, asker(1, DEV))
    assert not is_on(named, asker(1, THREAD))


def test_a_share_has_about_so_many_people_and_always_the_same() -> None:
    people = range(10_000)
    small = {each for each in people if is_on(flag("share", percent=20), asker(each, GENERAL))}
    large = {each for each in people if is_on(flag("share", percent=50), asker(each, GENERAL))}
    assert 1_850 < len(small) < 2_150
    assert 4_800 < len(large) < 5_200
    assert small < large
    other = flag("share", percent=20).replace(name="other")
    assert small != {each for each in people if is_on(other, asker(each, GENERAL))}


def test_who_has_a_share_is_the_same_in_every_version_of_the_program() -> None:
    had = [each for each in range(40) if is_on(flag("share", percent=20), asker(each))]
    assert had == [2, 4, 6, 11, 17, 19, 22, 25, 30, 33]


def test_for_nobody_in_particular_only_what_is_on_for_all_is_on() -> None:
    assert is_on(flag("all"), None)
    assert is_on(flag("all"), asker())
    for reach in (flag("dev"), flag("share", percent=99), flag("channels", channels=(GENERAL,))):
        assert not is_on(reach, None)


@pytest.mark.parametrize(
    ("reach", "channels", "percent"),
    [("all", (1,), 0), ("channels", (), 0), ("share", (), 0), ("dev", (), 5), ("share", (), 100)],
)
def test_a_record_says_whom_and_nothing_beside(
    reach: Reach, channels: tuple[int, ...], percent: int
) -> None:
    with pytest.raises(ValidationError):
        flag(reach, channels, percent)


@pytest.mark.parametrize("name", ["coinflip", "roll-advantage", "a1", "x_y"])
def test_names(name: str) -> None:
    assert is_valid_name(name)


@pytest.mark.parametrize("name", ["", "a", "Coinflip", "1st", "a b", "coin\n", "x" * 33, "é1", 5])
def test_no_names(name: object) -> None:
    assert not is_valid_name(name)


def test_after_a_week_on_for_everybody_it_can_go() -> None:
    assert flag("all").is_settled(START + SETTLED)
    assert not flag("all").is_settled(START + SETTLED / 2)
    assert not flag("dev").is_settled(START + SETTLED)


def test_a_play_has_flags_that_are_on_for_everybody() -> None:
    flags = build_flags_for_all(["coinflip"])
    assert is_on(flags.get("coinflip"), asker(5, GENERAL))
    assert not is_on(flags.get("other"), asker(5, DEV))
