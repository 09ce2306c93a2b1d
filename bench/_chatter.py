"""People of a local Discord who talk to each other, in a separate program.

    python bench/_chatter.py BASE_URL MESSAGES_A_SECOND

It prints a line with its first message, writes until SIGTERM, and then prints how many messages a
second it sent.
"""

import asyncio
import contextlib
import signal
import sys
import time

from local_discord.person import Person

CHANNELS = ("dev", "general")
NAMES = ("bob", "carol")
TEXTS = (
    "did anyone watch the match yesterday", "yes, and it was great", "see you at eight then",
    "the new map is much bigger than I thought", "brb, coffee", "ok", "that made my day",
)  # fmt: skip
_HANDS = 32
"""Messages under way at a time, at most."""


async def talk(base_url: str, a_second: float) -> float:
    """Write messages at this rate until SIGTERM; return the rate that was reached."""
    stop, sent, began = asyncio.Event(), 0, time.perf_counter()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    async def write(person: Person, hand: int) -> None:
        nonlocal sent
        number = hand
        while not stop.is_set():
            due = began + number / a_second
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), max(due - time.perf_counter(), 0))
                return
            text = f"{TEXTS[number % len(TEXTS)]} {number}"
            await person.say(CHANNELS[number // _HANDS % len(CHANNELS)], text)
            if not sent:
                sys.stdout.write("begun\n")
                sys.stdout.flush()
            sent += 1
            number += _HANDS

    async with contextlib.AsyncExitStack() as stack:
        people = [await stack.enter_async_context(Person(base_url, name)) for name in NAMES]
        async with asyncio.TaskGroup() as group:
            for hand in range(_HANDS):
                group.create_task(write(people[hand % len(people)], hand))
    return sent / (time.perf_counter() - began)


def main() -> None:
    """Talk as the command line says."""
    base_url, a_second = sys.argv[1:]
    sys.stdout.write(f"{asyncio.run(talk(base_url, float(a_second)))}\n")


if __name__ == "__main__":
    main()
