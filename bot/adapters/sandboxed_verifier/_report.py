"""Reading pytest's own report. It was written inside the sandbox, so it is read with care."""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

_MAX_BYTES = 20 * 1024 * 1024
_CRASH = re.compile(r"^(?P<file>[^\s:][^:\n]*):\d+: (?P<name>[\w.]+)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Failure:
    """One test that did not pass. `broken` is an error outside the test: import, fixture."""

    message: str
    text: str
    broken: bool

    @property
    def crash(self) -> tuple[str, str]:
        """Return the file the exception was raised in and its class name, as pytest shows them."""
        sites = list(_CRASH.finditer(self.text))
        return (sites[-1]["file"], sites[-1]["name"]) if sites else ("", "")

    def raised(self, exception: str) -> bool:
        """Whether this is an exception of that class (its module may be left out)."""
        name = re.escape(exception.rpartition(".")[2])
        if re.match(rf"(?:[\w.]+\.)?{name}(?::|\s|$)", self.message):
            return True
        return bool(re.fullmatch(rf"(?:[\w.]+\.)?{name}", self.crash[1]))


@dataclass(frozen=True)
class Report:
    """What one run of pytest did."""

    passed: int
    skipped: int
    failures: tuple[Failure, ...]

    @property
    def summary(self) -> str:
        """Return the counts: `2 failed, 14 passed`."""
        broken = sum(failure.broken for failure in self.failures)
        counts = {
            "failed": len(self.failures) - broken,
            "broken": broken,
            "passed": self.passed,
            "skipped": self.skipped,
        }
        return ", ".join(f"{count} {word}" for word, count in counts.items() if count) or (
            "no tests ran"
        )


def _read(file: Path) -> str | None:
    """Return a regular file's text; never follows a link and never waits for a pipe."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as opened:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_BYTES:
            return None
        return opened.read(_MAX_BYTES).decode("utf-8", errors="replace")


def read_report(file: Path) -> Report | None:
    """Return the report, or `None` if there is none that can be trusted to be one."""
    text = _read(file)
    if text is None or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - no entities: refused just above
    except ElementTree.ParseError:
        return None
    passed, skipped, failures = 0, 0, []
    for case in root.iter("testcase"):
        bad = [part for part in case if part.tag in ("failure", "error")]
        failures += [
            Failure(part.get("message", ""), part.text or "", part.tag == "error") for part in bad
        ]
        if not bad and case.find("skipped") is not None:
            skipped += 1
        elif not bad:
            passed += 1
    return Report(passed, skipped, tuple(failures))
