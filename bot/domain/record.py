"""The base of every record: frozen, validated, JSON-storable."""

from typing import Self

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """An immutable, validated value. Unknown keys are an error: a typo never gets stored."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    def but(self, **changes: object) -> Self:
        """Return a validated copy with these fields changed."""
        return type(self).model_validate({**dict(self), **changes})
