"""Source is parsed by one thread at a time. Each test patches the collector of its own Python."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from theseus_guard.syntax import TurnLock

ROOT = Path(__file__).resolve().parents[2]
# The collector runs while a tree is built, and lets other threads go on just then.
SEVERAL_THREADS = """
import ast, gc, sys, time
from concurrent.futures import ThreadPoolExecutor
from theseus_guard.syntax import parse
gc.set_threshold(20)
gc.callbacks.append(lambda *_: time.sleep(0.00005))
text = "x = [f(a, b + c * (d - e)) for a in range(3) if a]\\n" * 20
with ThreadPoolExecutor(8) as pool:
    trees = list(pool.map({parse}, [text] * 32))
assert all(len(tree.body) == 20 for tree in trees)
"""
# Somebody who does not know of the lock builds a tree in the middle of ours, once.
ONE_IN_ANOTHER = """
import ast, gc
from theseus_guard.syntax import parse
beside = iter("x")
gc.set_threshold(20)
gc.callbacks.append(lambda *_: next(beside, "") and ast.parse("y"))
tree = {parse}("x = f(a, b + c * (d - e))\\n" * 20)
assert len(tree.body) == 20 and not next(beside, "")
"""


def ended(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stderr.strip().rpartition("\n")[2]


def test_source_is_parsed_from_many_threads_at_once() -> None:
    assert ended(SEVERAL_THREADS.replace("{parse}", "parse")) == ""


def test_a_parser_beside_ours_that_knows_of_no_lock_costs_one_more_attempt() -> None:
    assert ended(ONE_IN_ANOTHER.replace("{parse}", "parse")) == ""


@pytest.mark.parametrize("program", [SEVERAL_THREADS, ONE_IN_ANOTHER], ids=["threads", "one"])
def test_without_the_lock_either_fails_on_a_python_that_mixes_them(program: str) -> None:
    how = ended(program.replace("{parse}", "ast.parse"))
    if not how:
        pytest.skip("this Python no longer mixes what its threads build")
    assert "recursion depth mismatch" in how


def test_a_thread_that_parses_file_after_file_lets_a_waiting_one_in_between() -> None:
    """As the event loop, which answers a failed command while a thread reads the repository."""
    lock, order = TurnLock(), []

    def wait_for_turn() -> None:
        with lock:
            order.append("waiting")

    with ThreadPoolExecutor(1) as pool:
        with lock:
            pool.submit(wait_for_turn)
            while not lock._queue.locked():  # until the other waits
                pass
            order.append("first")
        with lock:
            order.append("second")
    assert order == ["first", "waiting", "second"]


def test_the_owner_of_the_lock_may_enter_again() -> None:
    lock = TurnLock()
    with lock, lock:
        pass
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lock.__enter__).result(10) is None
