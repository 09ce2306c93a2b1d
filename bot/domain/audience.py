"""Who may see what a record holds."""

from enum import StrEnum


class Audience(StrEnum):
    """Who could see an action where it happened.

    `TEAM`: everyone who can read the dev channel. `PRIVATE`: somebody there could not, or that is
    not known; the record then holds stand-ins in place of what was typed and answered.
    """

    TEAM = "team"
    PRIVATE = "private"
