"""The files of a proposal that a person has viewed."""

from collections.abc import Mapping

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record


class ViewedFiles(Record):
    """The files of one run's proposal that one person ticked, each with its diff's digest.

    A tick counts only while the file's diff is the one that was viewed.
    """

    run_id: str
    person_id: int
    files: Mapping[str, str] = Field(default_factory=dict)
    at: AwareDatetime
