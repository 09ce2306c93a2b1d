"""The base of every record: frozen, validated, JSON-storable."""

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, model_validator


class Record(BaseModel):
    """An immutable, validated value. Unknown keys are an error, so a typo is never stored."""

    reads_newer: ClassVar[bool] = False
    """True if stored fields that only newer code knows are ignored, for example after a rollback.

    Never set it for records that permit something: the unknown field may limit the permission.
    """

    former_names: ClassVar[Mapping[str, str]] = {}
    """Field names in records of older versions, each mapped to the current name."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _read_former_names(cls, data: object) -> object:
        if not cls.former_names or not isinstance(data, Mapping):
            return data
        return {cls.former_names.get(name, name): value for name, value in data.items()}

    def replace(self, **changes: object) -> Self:
        """Return a validated copy with these fields changed."""
        return type(self).model_validate({**dict(self), **changes})
