"""Finds a service's address in a run if the bot's settings gave it another one in production."""

from typing import NamedTuple

from theseus_rehearsal.records import Script, Transcript


class MovedAddress(NamedTuple):
    """A recorded request and the request of a run for it: `GET https://…`."""

    recorded: str
    requested: str


def find_moved_address(script: Script, transcript: Transcript) -> MovedAddress | None:
    """Return the recorded request that a run makes at another address, or `None` if unclear.

    The run has to be of the recorded code, or fail in the same way: then an unrecorded address
    comes from settings or files that the run lacks. The result is clear only if there is one such
    request, one recorded request, and both have the same method.
    """
    wanted = {request for step in transcript.steps for request in step.wanted}
    recorded = {f"{answer.method.upper()} {answer.url}" for answer in script.world.web}
    if len(wanted) != 1 or len(recorded) != 1 or wanted == recorded:
        return None
    moved = MovedAddress(recorded.pop(), wanted.pop())
    return moved if _get_method(moved.recorded) == _get_method(moved.requested) else None


def replace_address(script: Script, moved: MovedAddress | None) -> Script:
    """Return the script with the service's answer at the address that a run requests."""
    if moved is None:
        return script
    url = moved.requested.partition(" ")[2]
    web = tuple(
        answer.replace(url=url)
        if f"{answer.method.upper()} {answer.url}" == moved.recorded
        else answer
        for answer in script.world.web
    )
    return script.replace(world=script.world.replace(web=web))


def _get_method(request: str) -> str:
    return request.partition(" ")[0]
