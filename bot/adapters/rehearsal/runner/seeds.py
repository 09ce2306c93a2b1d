"""Luck that repeats itself: every source of chance in Python, from the script's seed."""

import os
import random
from typing import Any

_seed = random.Random.seed


class Seeds:
    """What `random`, `secrets` and `uuid` draw from."""

    def __init__(self) -> None:
        self._source = random.Random(0)  # noqa: S311 - repeating itself is its purpose

    def install(self) -> None:
        """Take the place of the machine's chance, and of what unseeded generators begin with."""
        bytes_of = self.generate_bytes

        def seed(generator: random.Random, a: Any = None, version: int = 2) -> None:
            _seed(generator, bytes_of(16) if a is None else a, version)

        os.urandom = bytes_of
        random._urandom = bytes_of  # type: ignore[attr-defined]
        random.Random.seed = seed  # type: ignore[assignment,method-assign]
        random.seed()

    def begin(self, seed: int) -> None:
        """Begin anew, as the script says."""
        _seed(self._source, seed)
        random.seed(seed)

    def generate_bytes(self, size: int, /) -> bytes:
        """Return so many bytes, in place of `os.urandom`."""
        return self._source.randbytes(size)
