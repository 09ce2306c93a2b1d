"""A test that has to fail, so that sources which pass whatever a test says are found out.

What a change brings runs in the very process that counts its tests: it can report what it likes.
So the reproduction is run once more with a failure at its end, from the same file, under the same
name. Sources that fake results fake this one too.
"""

import secrets

from bot.adapters.sandboxed_verifier._report import Report
from bot.domain.plan import Reproduction

_AFTER = """

def _fails(test):
    import functools, inspect

    if inspect.iscoroutinefunction(test):

        @functools.wraps(test)
        async def run(*args, **named):
            await test(*args, **named)
            raise AssertionError({nonce!r})

    else:

        @functools.wraps(test)
        def run(*args, **named):
            test(*args, **named)
            raise AssertionError({nonce!r})

    return run


{name} = _fails({name})
"""
FAKED = "the sources pass whatever the test says: it was made to fail, and did not"


def witness(reproduction: Reproduction) -> tuple[Reproduction, str]:
    """Return the reproduction with a failure at its end, and the word it fails with."""
    nonce = secrets.token_hex(8)
    name = ".".join(reproduction.node_id.split("::")[1:]).partition("[")[0]
    source = reproduction.source + _AFTER.format(nonce=nonce, name=name)
    return reproduction.but(source=source), nonce


def testifies(report: Report | None, nonce: str) -> bool:
    """Whether the failure was reported as it was made."""
    if report is None or len(report.failures) != 1 or report.passed:
        return False
    failure = report.failures[0]
    return not failure.broken and nonce in failure.message
