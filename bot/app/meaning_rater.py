"""Opens what compares texts by meaning, where the extra `hearing` is installed."""

from collections.abc import Callable
from contextlib import AsyncExitStack

from theseus_rehearsal.ports.sandbox import Sandbox

from bot.adapters.sentence_encoder import EncoderModel, SentenceEncoder, find_encoder
from bot.app.configured_sandbox import open_configured_sandbox
from bot.domain.meanings import MeaningUnavailable
from bot.infra.injector import Injector
from bot.ports.meaning_rater import MeaningRater
from bot.settings import Settings

FindEncoder = Callable[[], EncoderModel]


async def add_meaning_rater(
    injector: Injector,
    settings: Settings,
    stack: AsyncExitStack,
    find: FindEncoder = find_encoder,
) -> None:
    """Provide the encoder, if it is installed. It starts when it is first needed."""
    try:
        model = find()
    except MeaningUnavailable:
        return  # `theseus doctor` says what to install
    sandbox = injector.get(Sandbox)
    if settings.config.sandbox.network == "all":  # comparing needs none, whatever checks need
        sandbox = await open_configured_sandbox(settings, network=False)
    encoder = await stack.enter_async_context(SentenceEncoder(model, sandbox))
    injector.add(encoder, MeaningRater)
