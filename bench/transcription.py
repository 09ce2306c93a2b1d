"""Measures how well spoken requests are understood: `python -m bench.transcription`.

It needs espeak-ng and the extra `voice`, or `--python` and `--folder` of a place that has it.
"""

import argparse
import asyncio
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from theseus_rehearsal.sandbox import PlainSandbox

from bot.adapters.whisper_transcriber import WhisperModel, WhisperTranscriber, find_model
from bot.domain.intents import Setting
from bot.domain.recording import Recording, VoiceRules
from bot.listener.second_opinion import understand
from tests.support.recordings import build_speech

REQUESTS = (
    "Rolling dice keeps crashing, fix it.", "Please fix the polls.",
    "The roll command is broken.", "Can you look into why reminders arrive twice?",
    "Something is wrong with the quotes, please investigate.", "The bot does not answer to roll.",
    "Fix the reminder command, it fails every time.", "Poll results shows an error.",
    "Why does the dice command crash?", "Investigate the failing polls.",
    "Add a command that flips a coin.", "I would like a command for the weather.",
    "Please let polls end after a day.", "Make the dice command support advantage.",
    "Change the text of the quote command.", "Can you add a leaderboard?",
    "What did you change this week?", "What did it cost?", "Who shipped that?",
    "Is anything broken right now?", "What is waiting for me?", "What can you do?",
    "Which commit is live?", "How do I stop you?", "What do you remember about dice?",
    "When did roll last fail?", "What do people wish for?", "Show me the status.",
    "How much budget is left?", "Remember that we play on Fridays at eight.",
    "Good morning.", "Thank you very much.", "That was a great evening.", "How are you today?",
    "Ship it.", "Reject it.", "Stop everything.", "Cancel.", "Revert it.", "Pause for two hours.",
)  # fmt: skip
_VOICES = ("en-us", "en-gb", "en-us+f3", "en-gb-scotland")
_WORD = re.compile(r"[a-z0-9']+")
_SETTING = Setting(addressed=True, listed=True, is_text_only=False)


def count_errors(expected: Sequence[str], transcript: Sequence[str]) -> int:
    """Return how many words are wrong, missing or too many."""
    row = list(range(len(transcript) + 1))
    for number, word in enumerate(expected, 1):
        corner, row[0] = row[0], number
        for place, other in enumerate(transcript, 1):
            change = corner + (word != other)
            corner, row[place] = row[place], min(change, row[place] + 1, row[place - 1] + 1)
    return row[-1]


async def measure(model: WhisperModel, python: str) -> None:
    """Print each request that was misheard, and the sums."""
    transcriber = WhisperTranscriber(model, PlainSandbox(), VoiceRules(), python=python)
    words = errors = right = decisions = 0
    for number, text in enumerate(REQUESTS):
        speech = build_speech(text, _VOICES[number % len(_VOICES)])
        transcript = await transcriber.transcribe(Recording(format="wav", content=speech), 1)
        expected, got = (_WORD.findall(each.lower()) for each in (text, transcript.text))
        words, errors = words + len(expected), errors + count_errors(expected, got)
        wanted, found = (understand(each, _SETTING).intent for each in (text, transcript.text))
        right += wanted is found
        decisions += understand(transcript.text, _SETTING).slots.may_mean == () and (
            found.value in ("ship", "reject", "stop", "cancel", "revert", "pause", "resume")
        )
        if expected != got:
            sys.stdout.write(
                f"{text} -> {transcript.text} ({wanted.value} -> {found.value})" + "\n"
            )
    sys.stdout.write(
        f"words wrong: {errors} of {words}; intents right: {right} of {len(REQUESTS)}\n"
    )
    sys.stdout.write(f"decisions: {decisions}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    chosen = WhisperModel(options.folder) if options.folder else find_model()
    asyncio.run(measure(chosen, options.python))
