"""The live transcript shows what models say and do, as data, to readers only."""

from bot.domain.progress import TranscriptEntry
from bot.self_improvement.reporting.run_transcripts import RunTranscripts
from tests.bot.web.test_pages import checked
from tests.bot.web.web_server import TOKEN, Room, bearer

HTML = {"Accept": "text/html"}
SECRET = "ghp_" + "a1B2c3D4e5" * 4
HOSTILE = f'<script>alert(1)</script> {SECRET} "><img src=x> {{{{7*7}}}}'


async def test_a_transcript_is_shown_as_data_and_announced_as_it_grows() -> None:
    room = Room()
    run = room.add_run()
    transcripts = RunTranscripts(room.clock)
    room.without(transcripts=transcripts)
    async with room.serving() as client:
        empty = checked((await client.get(f"/runs/{run.id}/transcript", headers=HTML)).text)
        assert "Nothing yet" in empty.read
        await client.server.feed.look()
        before = client.server.feed.last
        for kind in ("text", "call", "result"):
            entry = TranscriptEntry(author="execute", kind=kind, text=f"{kind}: {HOSTILE}")
            transcripts.add(run.id, entry)
        transcripts.add_step(run.id, "lint passed")
        await client.server.feed.look()
        (event,) = client.server.feed.list_after(before)
        assert (event.name, event.text) == ("transcript", f'{{"id": "{run.id}", "line": 4}}')
        answer = await client.get(f"/runs/{run.id}/transcript", headers=HTML)
        page = checked(answer.text)
    for said in ("Executor says", "Executor calls", "Executor gets", "Theseus does", "lint passed"):
        assert said in page.read, said
    assert "{{7*7}}" in page.read
    assert SECRET not in answer.text
    assert "<script>alert" not in answer.text
    assert "<img" not in answer.text


async def test_who_is_not_let_in_reads_no_transcript() -> None:
    room = Room()
    run = room.add_run()
    transcripts = RunTranscripts(room.clock)
    transcripts.add(run.id, TranscriptEntry(author="plan", kind="text", text="the cause"))
    room.without(transcripts=transcripts)
    async with room.serving(token=TOKEN) as client:
        refused = await client.get(f"/runs/{run.id}/transcript")
        assert refused.status == 401
        assert "the cause" not in refused.text
        shown = await client.get(f"/runs/{run.id}/transcript", headers=bearer(TOKEN))
        assert "the cause" in shown.text
