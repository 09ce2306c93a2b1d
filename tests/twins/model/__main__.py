"""A scripted model as a server: `python -m tests.twins.model story.json --port 8765`.

With `--run COMMAND`, the command is started with the model's address and a key set, and the model
ends with it. A story in Python is named as `package.module:STORY`.

Set ANTHROPIC_BASE_URL=http://127.0.0.1:8765 and ANTHROPIC_API_KEY to any text; then every client of
Anthropic's Messages API follows the story. Every conversation starts the story from its beginning,
unless `--once` is set. A story is a list of turns, or lists by role, as the system prompt states it
(`You are the planner of Theseus`):

    {"planner": [{"gives": {"summary": "..."}}],
     "executor": [{"says": "I look.", "then": {"calls": "Read", "with": {"file_path": "dice.py"}}},
                  {"fails": 529, "times": 2},
                  {"says": "Done."}]}

or several such stories; the first is used whose text occurs in the request:

    [{"when": "dice", "story": {...}}, {"when": "", "story": {...}}]

Turns: `says` and `thinks` (with `then`: more in the same answer), `calls` (with `with`: arguments),
`together` (a list of these), `gives` (the structured answer that a schema requires), `refuses` (a
text or null), `fails` (a status; `message`, `retry_after`, `times`), `limited` (seconds until a
usage limit ends), `cuts_off` and `falls_silent` (the text sent before, or null), `slow` (seconds;
`turn`) and `forever` (a turn). `{cwd}` in an argument is the working folder of the client.
"""

import argparse
import asyncio
import importlib
import json
import os
import shlex
import signal
import sys
from pathlib import Path

from tests.twins.model import ScriptedModel, Story
from tests.twins.model._json import StoryError, parse_story

KEY = "sk-ant-api03-of-a-scripted-model"


async def serve(story: Story, port: int, *, once: bool) -> None:
    """Serve a story until interrupted, and print the requests."""
    model = ScriptedModel(story, each=not once, port=port)
    async with model:
        _tell(f"ANTHROPIC_BASE_URL={model.base_url}")
        count = told = 0
        while count := count + 1:
            request = await model.wait_for_requests(count)
            _tell(f"{count}: {request.who} asks {request.model}: {request.prompt[:70]!r}")
            for complaint in model.story_errors[told:]:
                _tell(complaint)
            told = len(model.story_errors)


async def run(story: Story, port: int, command: str) -> int:
    """Serve a story to a command, and return its exit code. Mismatches are printed at the end.

    A Ctrl-C goes to the command, so that it can shut down properly.
    """
    model = ScriptedModel(story, each=True, port=port)
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, lambda: None)
    try:
        async with model:
            told = {"ANTHROPIC_BASE_URL": model.base_url, "ANTHROPIC_API_KEY": KEY}
            running = await asyncio.create_subprocess_exec(
                *shlex.split(command), env={**os.environ, **told}
            )
            return await running.wait()
    except AssertionError as error:
        _tell(f"The scripted model was asked what is not in its story: {error}")
        return running.returncode or 0


def load_story(name: str) -> Story:
    """Return the story in a JSON file, or the one that Python code has under that name."""
    module, _, attribute = name.partition(":")
    if attribute.isidentifier() and not name.endswith(".json"):
        story: Story = getattr(importlib.import_module(module), attribute)
        return story
    return parse_story(json.loads(Path(name).read_text("utf-8")))


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run the command line."""
    about, _, details = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        prog="python -m tests.twins.model",
        description=about,
        epilog=details,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("story", help="the story: a JSON file, or package.module:STORY")
    parser.add_argument("--port", type=int, default=8765, help="of 127.0.0.1; 0 takes a free one")
    parser.add_argument("--once", action="store_true", help="all conversations share one story")
    parser.add_argument("--run", metavar="COMMAND", help="serve it to this command, then end")
    chosen = parser.parse_args()
    try:
        story = load_story(chosen.story)
        if chosen.run:
            return asyncio.run(run(story, chosen.port, chosen.run))
        asyncio.run(serve(story, chosen.port, once=chosen.once))
    except KeyboardInterrupt:
        return 0
    except (OSError, ValueError, KeyError, ImportError, AttributeError, StoryError) as error:
        sys.stderr.write(f"{chosen.story}: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
