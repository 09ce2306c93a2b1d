"""Logging of programs that are not the bot: commands, the trial of cogs, rehearsals, tests."""

import structlog


def use_standard_logging() -> None:
    """Pass what our code logs to the standard library, which shows warnings on standard error.

    Until it is configured, structlog prints every line to standard output, which commands use for
    their results, and a traceback with the values of local variables, unredacted.
    """
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.render_to_log_args_and_kwargs,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
