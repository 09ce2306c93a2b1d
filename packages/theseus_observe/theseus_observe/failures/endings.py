"""Exceptions that end more than the code that raises them, turned into failures of that code."""

from theseus_observe.failures.safe_access import get_message


class EndedByCode(Exception):
    """Reports that an action's own code raised `SystemExit`, `KeyboardInterrupt` or the like.

    asyncio and discord.py would treat `original` as a request to end the process or the task. No
    one made that request, so it is recorded like any other failure.
    """

    def __init__(self, original: BaseException) -> None:
        super().__init__(get_message(original))
        self.original = original
