"""The address a service has in a play, where the bot's own settings gave it another in life."""

from typing import NamedTuple

from bot.domain.rehearsal import Script, Transcript


class MovedAddress(NamedTuple):
    """A request as it was recorded, and as a play of the same code makes it: `GET https://…`."""

    recorded: str
    requested: str


def find_moved_address(script: Script, transcript: Transcript) -> MovedAddress | None:
    """Return which recorded request a play makes at another address; `None` where that is unsure.

    The play has to be of the code that was recorded, or of what failed as it did: then an address
    that nobody recorded comes from settings or files which a play does not have. It is sure only
    where one such request is made, one is recorded, and both have one method.
    """
    wanted = {each for step in transcript.steps for each in step.wanted}
    recorded = {f"{each.method.upper()} {each.url}" for each in script.world.web}
    if len(wanted) != 1 or len(recorded) != 1 or wanted == recorded:
        return None
    moved = MovedAddress(recorded.pop(), wanted.pop())
    return moved if _get_method(moved.recorded) == _get_method(moved.requested) else None


def replace_address(script: Script, moved: MovedAddress | None) -> Script:
    """Return the script with what the service answered at the address that a play asks."""
    if moved is None:
        return script
    url = moved.requested.partition(" ")[2]
    web = tuple(
        each.replace(url=url) if f"{each.method.upper()} {each.url}" == moved.recorded else each
        for each in script.world.web
    )
    return script.replace(world=script.world.replace(web=web))


def _get_method(request: str) -> str:
    return request.partition(" ")[0]
