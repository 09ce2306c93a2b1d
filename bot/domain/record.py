"""The base of every record: frozen, validated, JSON-storable."""

from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """An immutable, validated value. Unknown keys are an error: a typo never gets stored."""

    reads_newer: ClassVar[bool] = False
    """Whether stored fields that only newer code knows are passed over, as after newer code was
    taken back. Not for what permits something: an unknown field may be what limits that."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    def but(self, **changes: object) -> Self:
        """Return a validated copy with these fields changed."""
        return type(self).model_validate({**dict(self), **changes})
