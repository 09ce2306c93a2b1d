"""A finding of the doctor."""

from typing import Literal

from theseus_guard.record import Record

Status = Literal["good", "note", "bad"]


class DoctorFinding(Record):
    """The result of one check. `remedy` says how to fix a problem; it may be empty."""

    name: str
    status: Status
    message: str
    remedy: str = ""

    @property
    def line(self) -> str:
        """The finding as text for a terminal; a remedy is on a second line."""
        mark = {"good": "ok  ", "note": "note", "bad": "BAD "}[self.status]
        return f"{mark} {self.name}: {self.message}" + (
            f"\n     -> {self.remedy}" if self.remedy else ""
        )


def report_good(name: str, message: str) -> DoctorFinding:
    """Return a finding without a problem."""
    return DoctorFinding(name=name, status="good", message=message)


def report_note(name: str, message: str, remedy: str = "") -> DoctorFinding:
    """Return a finding that a person should know; it prevents nothing from working."""
    return DoctorFinding(name=name, status="note", message=message, remedy=remedy)


def report_bad(name: str, message: str, remedy: str) -> DoctorFinding:
    """Return a finding about a problem that prevents something from working."""
    return DoctorFinding(name=name, status="bad", message=message, remedy=remedy)
