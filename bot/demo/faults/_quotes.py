"""Faults in the quotes: they show with what another service answers."""

from bot.demo.faults._fault import FaultStep, ReplayedFault

RATE_LIMIT = ReplayedFault(
    name="quotes-rate-limit",
    file="cogs/quotes.py",
    replacements=(
        (
            "        self._web = aiohttp.ClientSession(timeout=REQUEST_TIMEOUT)\n",
            "        self._web = aiohttp.ClientSession(timeout=REQUEST_TIMEOUT, "
            "raise_for_status=True)\n",
        ),
    ),
    message=(
        "Quotes: the session raises for every status\n\n"
        "What is asked of the service next need not remember to look."
    ),
    author="Tobias Ekström <tobias.ekstrom@example.org>",
    breaks="/quote three times (the service wants a break at each third)",
    steps=(FaultStep(command="quote", times=3),),
    report="please fix /quote, it keeps failing",
    error="aiohttp.client_exceptions.ClientResponseError",
    limits=3,
)

REPLAYED = (RATE_LIMIT,)
