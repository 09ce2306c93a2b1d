"""The refusal of a request, as the cause of the forge port's error."""

from bot.domain.errors import ForgeRejected


class Refusal(Exception):
    """A forge refused a request. `message` is its own text, in English."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{message} ({status})")
        self.status = status
        self.message = message


def get_refusal(error: ForgeRejected) -> Refusal:
    """Return the refusal that caused an error, or one with status 0 if there is none."""
    cause = error.__cause__
    return cause if isinstance(cause, Refusal) else Refusal(0, str(error))
