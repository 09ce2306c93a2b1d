"""The command `rehearse`: runs a commit against a local Discord, and prints what people see."""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from theseus_rehearsal.cli.commit_bot import CommitBot, ForeignOptions, find_bot
from theseus_rehearsal.cli.each_command import run_each_command
from theseus_rehearsal.cli.repairs import RepairOptions, repair_commit
from theseus_rehearsal.cli.runs import CommandOutput
from theseus_rehearsal.cli.work import RehearsalWork
from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.recorded_scripts import build_recorded_script, read_journal
from theseus_rehearsal.records import Script
from theseus_rehearsal.repository import Repository
from theseus_rehearsal.script_files import read_script

_Commit = Annotated[str, typer.Option(help="The commit to run.")]
_Script = Annotated[
    Path | None,
    typer.Option(
        help="The script, a YAML file. Without: try each command (for bots that are not built on "
        "Theseus)."
    ),
]
_Journal = Annotated[
    Path | None,
    typer.Option(
        help="Instead of a script: a journal of theseus_observe, to repeat what people did."
    ),
]
_Last = Annotated[
    int, typer.Option(min=1, max=10_000, help="How many records of the journal, the newest ones.")
]
_Start = Annotated[
    str, typer.Option(help="How a bot that is not built on Theseus starts: `python bot.py`.")
]
_Python = Annotated[
    Path | None,
    typer.Option(
        help="That bot's Python, or its environment. By default: .venv in the repository."
    ),
]
_Repo = Annotated[Path, typer.Option(help="The repository.")]
_Files = Annotated[
    Path | None,
    typer.Option(help="A folder with files that it needs and the commit does not have."),
]
_CopyDatabases = Annotated[
    bool,
    typer.Option(
        "--copy-databases",
        help="Begin with copies of the repository's SQLite files, which contain people's data.",
    ),
]
_DatabaseSetup = Annotated[
    str,
    typer.Option(help="How its tables in PostgreSQL are made, such as `python bot.py db init`."),
]
_Compare = Annotated[
    str, typer.Option(help="Run this commit too, and show what changes from older to newer.")
]
_Repeat = Annotated[
    int, typer.Option(min=1, max=1_000, help="Run the script N times, and show differences.")
]
_Since = Annotated[
    str,
    typer.Option(help="Find the commit after this one that changed the answer to the last step."),
]
_Least = Annotated[
    bool, typer.Option("--least", help="Find the fewest steps that fail in the same way.")
]
_Unconfined = Annotated[
    bool,
    typer.Option(
        "--unconfined",
        help="Run the code with your rights, without a sandbox. Only for code that you trust.",
    ),
]
_Repair = Annotated[
    bool,
    typer.Option("--repair", help="Search for an edit with which the script passes, and print it."),
]
_Others = Annotated[
    Path | None,
    typer.Option(help="With --repair: a folder of scripts whose answers must not change."),
]
_Time = Annotated[
    float, typer.Option(min=1, max=86_400, help="With --repair: the time limit in seconds.")
]
_Candidates = Annotated[
    int, typer.Option(min=1, max=1_000, help="With --repair: the number of edits to play.")
]
_Apply = Annotated[
    bool,
    typer.Option("--apply", help="With --repair: write a proven edit to the repository."),
]
_Yaml = Annotated[bool, typer.Option("--yaml", help="Print YAML.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def build_command(output: CommandOutput) -> Callable[..., None]:
    """Return the function of the command, for a command line of Typer.

    It raises `RehearsalError` if the script cannot run, and `typer.Exit` with code 1 if a user got
    an error or if answers differ.
    """

    def rehearse(
        commit: _Commit,
        script: _Script = None,
        journal: _Journal = None,
        last: _Last = 200,
        repo: _Repo = Path(),
        start: _Start = "",
        python: _Python = None,
        files: _Files = None,
        copy_databases: _CopyDatabases = False,
        database_setup: _DatabaseSetup = "",
        compare: _Compare = "",
        repeat: _Repeat = 1,
        since: _Since = "",
        least: _Least = False,
        repair: _Repair = False,
        others: _Others = None,
        time: _Time = 300.0,
        candidates: _Candidates = 60,
        apply: _Apply = False,
        unconfined: _Unconfined = False,
        as_yaml: _Yaml = False,
        as_json: _Json = False,
    ) -> None:
        """Run a script with the code of a commit, and print what people would have seen.

        Exit code 1: a user got an error, or answers differ. Exit code 2: the script cannot run.
        With --repair, exit code 1 means that no proven edit was found, and 2 that nothing fails.

        Example: theseus rehearse --commit HEAD~1 --script poll.yaml --compare HEAD
        """
        given = {"--compare": compare, "--repeat": repeat > 1, "--since": since, "--least": least}
        _require_single({**given, "--repair": repair})
        wished = RepairOptions(repair, script, others, time, candidates, apply)
        case = wished.read_case()
        _require_single({"--yaml": as_yaml, "--json": as_json})
        wanted = _read_wanted(script, journal, last, output, {**given, "--yaml": as_yaml})
        options = ForeignOptions(start, python, files, copy_databases, database_setup)
        repository = Repository.open(repo)
        bot = find_bot(repository, commit, compare, options, unconfined=unconfined)
        if case is not None:
            repair_commit(bot, case, wished, output, as_json=as_json)
            return
        if wanted is None:
            run_each_command(bot, output, as_json=as_json)
            return
        bot.refuse_unsuitable(wanted, script)
        work = RehearsalWork(repository, wanted, output, bot.open_rehearsal, as_json=as_json)
        _run_work(work, bot, since, repeat, is_least=least, as_yaml=as_yaml)

    return rehearse


def _run_work(
    work: RehearsalWork,
    bot: CommitBot,
    since: str,
    repeat: int,
    *,
    is_least: bool,
    as_yaml: bool,
) -> None:
    if since:
        work.search_change(bot.repository.list_commits_since(since, bot.commits[0]))
    elif is_least:
        work.search_least(bot.commits[0])
    else:
        work.run(bot.commits, repeat, as_yaml=as_yaml)


def _require_single(options: Mapping[str, object]) -> None:
    named = [option for option, value in options.items() if value]
    if len(named) > 1:
        raise RehearsalError(f"{' and '.join(named)}: use only one of them.")


def _read_wanted(
    script: Path | None,
    journal: Path | None,
    last: int,
    output: CommandOutput,
    for_scripts: Mapping[str, object],
) -> Script | None:
    """Return the script to run; `None` for each command. Raises `RehearsalError`.

    `for_scripts` are the options that make sense with a script only.
    """
    _require_single({"--script": script, "--journal": journal})
    if script is not None:
        return read_script(script)
    if journal is not None:
        return _read_traffic(journal, last, output)
    for option, value in for_scripts.items():
        if value:
            raise RehearsalError(f"{option}: name a script or a journal: --script or --journal.")
    return None


def _read_traffic(journal: Path, last: int, output: CommandOutput) -> Script:
    """Return the script that repeats a journal's newest records, and say what it leaves out.

    Raises `RehearsalError` if nothing in it can be repeated.
    """
    records = read_journal(journal)
    built = build_recorded_script(records[-last:])
    reasons = Counter(each.reason for each in built.left_out)
    for reason, count in reasons.most_common():
        output.note(f"{count} of the records cannot be repeated: {reason}.")
    if built.changed:
        names = ", ".join(built.changed)
        output.note(f"Not with the values that people typed: {names}.")
    if not built.script.steps:
        raise RehearsalError(f"--journal: no record in {journal} can be repeated.")
    return built.script
