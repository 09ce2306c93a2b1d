"""One person's flood is limited without effect on others or on memory."""

from bot.client.rate_limiter import Rate, RateLimiter

ANN, BOB = 1, 2


def flooded(limiter: RateLimiter, person: int = ANN, now: float = 0.0) -> list[bool]:
    """Take until the person has to wait; return what each said of being the last."""
    said = []
    while not limiter.is_limited(person, now):
        said.append(limiter.take(person, now))
    return said


def test_a_burst_is_let_through_and_its_last_says_that_it_is() -> None:
    limiter = RateLimiter(Rate(burst=4, seconds=10))
    assert flooded(limiter) == [False, False, False, True]
    assert not limiter.is_limited(BOB, 0.0)
    assert not limiter.take(ANN, 0.0), "what is said beyond it is not announced again"


def test_who_had_to_wait_is_heard_again_when_half_of_it_is_there() -> None:
    limiter = RateLimiter(Rate(burst=4, seconds=10))
    flooded(limiter)
    assert limiter.is_limited(ANN, 19.0)
    assert not limiter.is_limited(ANN, 20.0)
    assert flooded(limiter, now=20.0) == [False, True]


def test_who_asks_now_and_then_never_waits() -> None:
    limiter = RateLimiter(Rate(burst=2, seconds=10))
    assert not any(
        limiter.take(ANN, 10.0 * n) or limiter.is_limited(ANN, 10.0 * n) for n in range(99)
    )


def test_what_is_said_while_waiting_makes_nobody_wait_for_ever() -> None:
    limiter = RateLimiter(Rate(burst=2, seconds=10))
    for _ in range(1_000):
        limiter.take(ANN, 0.0)
    assert not limiter.is_limited(ANN, 20.0)


def test_a_clock_that_stands_still_or_a_thousand_people_fill_no_memory() -> None:
    limiter = RateLimiter(Rate(burst=1, seconds=10), people=100)
    for person in range(1_000):
        limiter.take(person, 0.0)
    assert len(limiter) == 100
    assert limiter.is_limited(999, 0.0)
    assert not limiter.is_limited(0, 0.0)
