"""What the guard reads of a change, and what it finds."""

from typing import Literal

from pydantic import Field

from theseus_guard.record import Record


class FileChange(Record):
    """One changed file, with its numbers of added and removed lines."""

    path: str
    added: int = Field(ge=0)
    removed: int = Field(ge=0)
    status: Literal["added", "modified", "deleted", "renamed"] = "modified"


class Finding(Record):
    """An objection of the diff guard. A blocking finding stops the proposal."""

    rule: Literal[
        "protected_path",
        "immutable_path",
        "test_deleted",
        "test_weakened",
        "test_changed",
        "secret",
        "new_dependency",
        "ownership",
        "size",
        "unsafe_file",
        "shadowing",
        "empty",
        "unproven",
        "unjudged",
        "behaviour",
        "owed",
        "gate",
        "slower",
    ]
    path: str
    message: str
    blocking: bool
    kind: str = Field(default="", description="the class a guarded path is in: `policy`")

    @property
    def summary(self) -> str:
        """The finding as people read it, with its file."""
        named = not self.path or self.path in self.message
        return self.message if named else f"`{self.path}`: {self.message}"
