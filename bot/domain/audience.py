"""Who may see the content of a record."""

from enum import StrEnum


class Audience(StrEnum):
    """Who could see an action where it happened.

    `TEAM`: everyone who can read the dev channel. `PRIVATE`: someone in the dev channel could not,
    or this is not known; the record then contains placeholders instead of what was typed and
    answered.
    """

    TEAM = "team"
    PRIVATE = "private"
