"""The baselines of the claude engine: a bare SDK that converses, and memory of whole trees."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.bare import BareRequest, run_bare
from bench.memory import measure_megabytes
from tests.twins.model import ScriptedModel, Turn, call_tool, fail_request, give_result, say_text

ASKED = BareRequest(
    system="You are the executor of Theseus.", prompt="Mend it.", model="sonnet", tools=("Read",)
)
SHAPE: dict[str, object] = {
    "type": "object",
    "properties": {"approve": {"type": "boolean"}},
    "required": ["approve"],
}


@pytest.mark.slow
async def test_the_bare_sdk_asks_the_same_model_the_same_question(tmp_path: Path) -> None:
    (tmp_path / "dice.py").write_text("FACES = 6\n")
    story: dict[str, list[Turn]] = {
        "executor": [call_tool("Read", file_path="dice.py"), say_text("Done."), say_text("Again.")],
        "reviewer": [give_result({"approve": True})],
    }
    shaped = {"system": "You are the reviewer of Theseus.", "result_schema": SHAPE}
    async with ScriptedModel(story) as model, run_bare(tmp_path / "home", model.base_url) as sdk:
        await sdk.hold(ASKED, tmp_path)
        await sdk.hold(ASKED.model_copy(update=shaped), tmp_path)
        assert "FACES = 6" in model.list_tool_results("executor")[0].text
        again = BareRequest.from_request(model.list_requests("reviewer")[0])
        await sdk.hold(BareRequest.from_request(model.list_requests("executor")[0]), tmp_path)
        assert (
            model.list_requests("executor")[-1].prompt == model.list_requests("executor")[0].prompt
        )
    assert again.system == shaped["system"]
    assert again.result_schema is not None
    assert again.result_schema["properties"] == SHAPE["properties"]


@pytest.mark.slow
async def test_a_bare_conversation_that_fails_is_no_measurement(tmp_path: Path) -> None:
    async with (
        ScriptedModel([fail_request(403)]) as model,
        run_bare(tmp_path / "home", model.base_url) as sdk,
    ):
        with pytest.raises(RuntimeError, match="the bare conversation failed"):
            await sdk.hold(ASKED, tmp_path)


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux's /proc")
def test_memory_is_that_of_a_process_and_all_below_it() -> None:
    large = "held = bytearray(64 * 1024 * 1024); print(flush=True); input()"
    before = measure_megabytes(os.getpid())
    with subprocess.Popen(
        [sys.executable, "-c", large], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert measure_megabytes(child.pid) > 64
        assert measure_megabytes(os.getpid()) > before + 60
        child.communicate(b"\n")
