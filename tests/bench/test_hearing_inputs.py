"""The committed table is what its inputs teach: a change of them is trained."""

from bench.hearing import INPUTS, hash_inputs
from bot.listener.table import TABLE


def test_the_table_was_trained_on_the_committed_inputs() -> None:
    heading = TABLE.read_text("utf-8").partition("\n")[0]
    assert heading == f"{INPUTS}{hash_inputs()}", "run `make hearing`, and measure unseen sentences"
