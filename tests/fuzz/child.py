"""One class of inputs in a process of its own, because libFuzzer ends the process it runs in."""

import importlib
import json
import logging
import os
import random
import sys
import tempfile
from collections.abc import MutableMapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import structlog

from tests.fuzz.classes import CLASSES
from tests.fuzz.judge import Judge, Verdict

LONGEST = 2_048  # bytes of a case: enough for the choices of many edits
_STARTS = 64  # cases that libFuzzer begins with
_SEED = 43


def main(name: str, cases: int, seconds: float, report: Path) -> None:
    """Run so many cases of a class, or for so long, and write the verdict. Never returns."""
    import atheris  # of the group `fuzz`

    with atheris.instrument_imports(include=list(CLASSES[name].parsers)):
        fuzzed = importlib.import_module(CLASSES[name].module)
    logging.disable()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), processors=[_drop])
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        write_starts(corpus)
        judge = Judge(fuzzed.build(Path(folder), stack), cases, seconds)

        def run(data: bytes) -> None:
            judge.run(data)
            if judge.is_done:
                report.write_text(json.dumps(format_verdict(judge.finish())))
                sys.stderr.flush()
                os._exit(0)  # an exception would be a crash to libFuzzer

        arguments = [sys.argv[0], str(corpus), f"-max_len={LONGEST}", f"-seed={_SEED}",
                     "-len_control=0", "-rss_limit_mb=4096", "-timeout=60", f"-artifact_prefix={folder}/"]  # fmt: skip
        atheris.Setup(arguments, run)
        atheris.Fuzz()


def _drop(logger: Any, method: str, event: MutableMapping[str, Any]) -> NoReturn:
    raise structlog.DropEvent


def write_starts(corpus: Path) -> None:
    """Write random cases, always the same."""
    luck = random.Random(_SEED)  # no key is made of it
    for number in range(_STARTS):
        (corpus / str(number)).write_bytes(luck.randbytes(luck.randrange(4, 256)))


def format_verdict(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as JSON values."""
    findings = [{**asdict(each), "case": each.case.hex()} for each in verdict.findings.values()]
    return {**asdict(verdict), "is_growing": verdict.is_growing, "findings": findings}


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]))
