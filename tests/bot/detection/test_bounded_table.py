"""A table of bounded size keeps what comes back, whatever flows past."""

from bot.detection.bounded_table import PROVEN, BoundedTable


def table(capacity: int = 100) -> BoundedTable[list[str]]:
    return BoundedTable(capacity, lambda key: [key])


def test_a_flood_of_one_off_keys_drives_out_nothing_that_came_back() -> None:
    kept = table()
    known = [kept.touch("roll") for _ in range(PROVEN)][-1]
    for number in range(20_000):
        kept.touch(f"one-off {number}")
    assert kept.get("roll") is known
    assert len(kept) <= 100


def test_a_newcomer_that_keeps_coming_back_proves_itself_in_the_middle_of_a_flood() -> None:
    kept = table()
    for number in range(2_000):
        kept.touch(f"one-off {number}")
        if number % 100 == 0:  # five times as rare as there are places for newcomers
            kept.touch("search")
    for number in range(1_000):
        kept.touch(f"another {number}")
    assert kept.get("search") is not None


def test_the_one_unseen_for_longest_goes_where_all_are_proven() -> None:
    kept = table(10)
    for key in "abcdefghijk":
        for _ in range(PROVEN):
            kept.touch(key)
        kept.touch("a")
    assert kept.get("a") is not None
    assert kept.get("b") is None
    assert kept.get("k") is not None


def test_what_was_driven_out_begins_afresh() -> None:
    kept = table(10)
    first = kept.touch("roll")
    for number in range(10):
        kept.touch(f"one-off {number}")
    assert kept.touch("roll") is not first


def test_a_table_taken_up_again_forgets_the_same_ones() -> None:
    kept, again = table(20), table(20)
    for number in range(300):
        kept.touch(f"key {number % 37 if number % 3 else number}")
    for key, seen, value in kept.iterate_entries():
        again.put(key, seen, value)
    assert [each[:2] for each in again.iterate_entries()] == [
        each[:2] for each in kept.iterate_entries()
    ]
    for each in (kept, again):
        for key in (next(again.iterate_entries())[0], "fresh"):
            each.touch(key)
    assert list(again.iterate_entries()) == list(kept.iterate_entries())
