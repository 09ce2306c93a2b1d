"""One thing the doctor looked at."""

from typing import Literal

from bot.domain.record import Record

Status = Literal["good", "note", "bad"]


class DoctorFinding(Record):
    """One thing looked at. `mend` says what to do about it, where something is to be done."""

    name: str
    status: Status
    message: str
    remedy: str = ""

    @property
    def line(self) -> str:
        """Return it as one line for a terminal."""
        mark = {"good": "ok  ", "note": "note", "bad": "BAD "}[self.status]
        return f"{mark} {self.name}: {self.message}" + (
            f"\n     -> {self.remedy}" if self.remedy else ""
        )


def report_good(name: str, message: str) -> DoctorFinding:
    """Return a finding that all is well."""
    return DoctorFinding(name=name, status="good", message=message)


def report_note(name: str, message: str, remedy: str = "") -> DoctorFinding:
    """Return a finding that is worth knowing."""
    return DoctorFinding(name=name, status="note", message=message, remedy=remedy)


def report_bad(name: str, message: str, remedy: str) -> DoctorFinding:
    """Return a finding that keeps something from working."""
    return DoctorFinding(name=name, status="bad", message=message, remedy=remedy)
