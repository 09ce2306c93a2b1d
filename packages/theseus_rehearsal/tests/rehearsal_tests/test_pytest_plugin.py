"""`pytest --replays`: each script is a test, and a difference is shown as a diff."""

import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

# The rehearsal answers with the text in a file of the tree, so that no process is started.
CONFTEST = """
from rehearsal_tests.fake_rehearsal import FakeRehearsal, make_transcript


def pytest_open_rehearsal(config):
    def answer(tree, script):
        texts = (tree / "answers.txt").read_text().splitlines()
        return make_transcript(script, *texts[:len(script.steps)])

    return FakeRehearsal(answer)
"""
STATED = """
steps:
  - command: /roll dice:2d6
    seen:
      - {kind: message, channel: dev, message: m1, text: "7"}
  - say: thanks
    by: bob
    seen:
      - {kind: message, channel: dev, message: m2, text: welcome}
"""
# Plugins of other packages are left out: each start of pytest would load them.
_OTHERS = (
    "asyncio",
    "hypothesispytest",
    "simcord",
    "anyio",
    "xdist",
    "time_machine",
    "cacheprovider",
)
OPTIONS = (
    *("-p", "theseus_rehearsal.pytest_plugin"),
    *(word for name in _OTHERS for word in ("-p", f"no:{name}")),
)


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeini("[pytest]\n")  # the folders above may have settings of others
    pytester.makeconftest(CONFTEST)
    (pytester.path / "answers.txt").write_text("7\nwelcome\n")
    (pytester.path / "replays").mkdir()
    (pytester.path / "replays/dice.yaml").write_text(STATED)
    pytester.makepyfile(test_other="def test_other() -> None:\n    assert True\n")
    return pytester


def run(project: pytest.Pytester, *words: str) -> pytest.RunResult:
    return project.runpytest_inprocess(*OPTIONS, *words)


def test_a_script_whose_answers_are_as_stated_passes(project: pytest.Pytester) -> None:
    done = run(project, "--replays", "replays", "-v")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["replays/dice.yaml::dice PASSED*"])


def test_other_answers_fail_and_are_shown_as_a_diff(project: pytest.Pytester) -> None:
    (project.path / "answers.txt").write_text("7\ngo away\n")
    done = run(project, "--replays", "replays")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(
        [
            "*replay: dice*",
            "People see other answers than the script states:",
            "--- expected",
            "+++ seen",
            " 1. alice: /roll dice:2d6",
            "     dev: 7",
            " 2. bob: says “thanks”",
            "-    dev: welcome",
            "+    dev: go away",
        ]
    )


def test_a_step_without_an_answer_states_that_people_see_nothing(project: pytest.Pytester) -> None:
    steps = STATED.split("    by: bob")[0]
    (project.path / "replays/dice.yaml").write_text(steps)
    done = run(project, "--replays", "replays")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines([" 2. alice: says “thanks”", "+    dev: welcome"])


def test_a_script_that_states_nothing_fails_only_if_the_bot_fails(
    project: pytest.Pytester,
) -> None:
    (project.path / "replays/dice.yaml").write_text("- command: /roll\n- say: hello\n")
    run(project, "--replays", "replays").assert_outcomes(passed=1)
    failing = CONFTEST.replace(
        "return make_transcript(script, *texts[:len(script.steps)])",
        "made = make_transcript(script, *texts[:len(script.steps)])\n"
        "        return made.replace(steps=tuple(s.replace(unanswered=True) for s in made.steps))",
    )
    project.makeconftest(failing)
    done = run(project, "--replays", "replays")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["at step 1: /roll", "    dev: 7", "*did not respond"])


def test_paths_on_the_command_line_run_as_well(project: pytest.Pytester) -> None:
    run(project, "--replays", "replays", "test_other.py").assert_outcomes(passed=2)


def test_without_the_option_no_script_is_a_test(project: pytest.Pytester) -> None:
    run(project).assert_outcomes(passed=1)
    run(project, "replays").assert_outcomes()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- comand: /roll\n", "*dice.yaml, line 1: step 1: `comand` is not a step; did you mean*"),
        (
            STATED.replace("kind: message", "kind: massage"),
            "*dice.yaml, line 5: step 1: seen.1.kind: *",
        ),
    ],
)
def test_a_script_that_cannot_be_read_fails_with_its_line(
    project: pytest.Pytester, text: str, message: str
) -> None:
    (project.path / "replays/dice.yaml").write_text(text)
    done = run(project, "--replays", "replays")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines([message])


def test_a_folder_that_is_missing_is_named(project: pytest.Pytester) -> None:
    done = run(project, "--replays", "nothing")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*--replays: nothing is no folder"])


def test_the_plugin_imports_the_rest_only_when_it_is_used(project: pytest.Pytester) -> None:
    project.makeconftest(
        "import sys\n\n\ndef pytest_sessionfinish():\n"
        "    assert 'theseus_rehearsal.sandboxed_rehearsal' not in sys.modules\n"
    )
    package = Path(__file__).parents[2]
    done = project.run(
        "env", f"PYTHONPATH={package}", sys.executable, "-m", "pytest", *OPTIONS, "test_other.py"
    )
    done.assert_outcomes(passed=1)
