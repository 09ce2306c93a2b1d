"""The child that compares meanings: whatever it does, the bot gets numbers or a sentence."""

import asyncio
import os
from pathlib import Path

import pytest
from theseus_rehearsal.sandbox import PlainSandbox

from bot.adapters.sandbox import UnavailableSandbox
from bot.adapters.sentence_encoder import EncoderModel, SentenceEncoder, find_encoder
from bot.domain.meanings import MeaningUnavailable

READY = """echo '{"ready": true}'"""


def put_child(folder: Path, script: str) -> Path:
    """Return an interpreter that is this script, and notes each start."""
    child = folder / "python"
    child.write_text(f"#!/bin/sh\necho $$ >> {folder}/starts\n{script}\n")
    child.chmod(0o700)
    return child


def connect(folder: Path, script: str, seconds: float = 30.0) -> SentenceEncoder:
    model = EncoderModel(folder, (("weights.npz", "0" * 64),))
    return SentenceEncoder(model, PlainSandbox(), python=put_child(folder, script), seconds=seconds)


def count_starts(folder: Path) -> int:
    return len((folder / "starts").read_text().split())


@pytest.mark.parametrize(
    "script",
    [
        "exit 1",
        "kill -SEGV $$",
        f"{READY}; read line; echo '[1]'",
        f"""{READY}; read line; echo '{{"rates": [0.1]}}'""",
        f"""{READY}; read line; echo '{{"rates": [NaN, 0]}}'""",
        f"""{READY}; read line; echo '{{"rates": ["a", 0]}}'""",
        f"{READY}; read line; yes | tr -d '\\n'",
    ],
)
async def test_a_child_that_fails_floods_or_lies_is_ended_and_started_again(
    tmp_path: Path, script: str
) -> None:
    async with asyncio.timeout(20), connect(tmp_path, script) as encoder:
        for starts in (1, 2):
            with pytest.raises(MeaningUnavailable, match="starts again"):
                await encoder.rate("dice", ["a", "b"])
            assert count_starts(tmp_path) == starts


@pytest.mark.parametrize(
    ("error", "text"), [("changed", "not the one that I know"), ("missing", "--extra hearing")]
)
async def test_other_weights_are_refused_once_and_for_all(
    tmp_path: Path, error: str, text: str
) -> None:
    async with connect(tmp_path, f"""echo '{{"error": "{error}"}}'""") as encoder:
        for _ in range(2):
            with pytest.raises(MeaningUnavailable, match=text):
                await encoder.rate("dice", ["a"])
        assert count_starts(tmp_path) == 1


async def test_an_answer_that_comes_late_is_not_waited_for_and_answers_no_other_question(
    tmp_path: Path,
) -> None:
    script = f"""{READY}; read line; while [ ! -e {tmp_path}/go ]; do sleep 0.01; done
        echo '{{"rates": [0.5]}}'; read line; echo '{{"rates": [0.25]}}'; read line"""
    async with asyncio.timeout(20), connect(tmp_path, script, seconds=0.3) as encoder:
        with pytest.raises(MeaningUnavailable, match="too long"):
            await encoder.rate("dice", ["a"])
        with pytest.raises(MeaningUnavailable, match="busy"):
            await encoder.rate("dice", ["b"])
        (tmp_path / "go").touch()
        rates: tuple[float, ...] = ()
        while not rates:
            try:
                rates = await encoder.rate("dice", ["b"])
            except MeaningUnavailable:
                await asyncio.sleep(0.01)
        assert rates == (0.25,)
        assert count_starts(tmp_path) == 1


async def test_closing_leaves_no_child_and_nothing_starts_without_a_sandbox(
    tmp_path: Path,
) -> None:
    async with connect(tmp_path, f"{READY}; read line; exec sleep 60", 0.2) as encoder:
        with pytest.raises(MeaningUnavailable):
            await encoder.rate("dice", ["a"])
        pid = int((tmp_path / "starts").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    sandbox = UnavailableSandbox("no bubblewrap here")
    async with SentenceEncoder(EncoderModel(tmp_path, ()), sandbox) as encoder:
        with pytest.raises(MeaningUnavailable, match="bubblewrap"):
            await encoder.rate("dice", ["a"])


@pytest.mark.slow
async def test_weights_that_were_changed_are_not_loaded() -> None:
    try:
        model = find_encoder()
    except MeaningUnavailable as error:
        pytest.skip(str(error))
    changed = EncoderModel(model.folder, (("weights.npz", "0" * 64),))
    async with SentenceEncoder(changed, PlainSandbox(), seconds=60) as encoder:
        with pytest.raises(MeaningUnavailable, match="not the one that I know"):
            await encoder.rate("dice", ["a"])


def test_without_the_package_it_says_what_to_install() -> None:
    with pytest.raises(MeaningUnavailable, match="--extra hearing"):
        find_encoder("no_such_encoder")
