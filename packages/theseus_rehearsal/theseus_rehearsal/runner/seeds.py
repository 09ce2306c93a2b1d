"""Makes all randomness of Python deterministic, by the script's seed."""

import os
import random
from typing import Any

_seed = random.Random.seed


class Seeds:
    """The random source for `random`, `secrets` and `uuid`."""

    def __init__(self) -> None:
        self._source = random.Random(0)  # noqa: S311 - it must be deterministic

    def install(self) -> None:
        """Replace the system's randomness, and the seeds of generators without one."""
        generate = self.generate_bytes

        def seed(generator: random.Random, a: Any = None, version: int = 2) -> None:
            _seed(generator, generate(16) if a is None else a, version)

        os.urandom = generate
        random._urandom = generate  # type: ignore[attr-defined]
        random.Random.seed = seed  # type: ignore[assignment,method-assign]
        random.seed()

    def begin(self, seed: int) -> None:
        """Restart the random sequence with the script's seed."""
        _seed(self._source, seed)
        random.seed(seed)

    def generate_bytes(self, size: int, /) -> bytes:
        """Return so many bytes, in place of `os.urandom`."""
        return self._source.randbytes(size)
