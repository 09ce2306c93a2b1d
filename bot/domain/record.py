"""The base of every record: frozen, validated, JSON-storable."""

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, model_validator


class Record(BaseModel):
    """An immutable, validated value. Unknown keys are an error: a typo never gets stored."""

    reads_newer: ClassVar[bool] = False
    """Whether stored fields that only newer code knows are passed over, as after newer code was
    taken back. Not for what permits something: an unknown field may be what limits that."""

    former_names: ClassVar[Mapping[str, str]] = {}
    """Names that fields had in records of older versions, each with the present one."""

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
