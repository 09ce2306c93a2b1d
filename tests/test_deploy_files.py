"""What `deploy/` holds fits the program it deploys, and the formats it is written in."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.domain.backup import Backup, BackupStatus
from bot.domain.journal import ActionOutcome, Kind
from bot.settings import Environment, load
from bot.web._routes import ROUTES
from tests.bot.web.web_server import Room
from tests.fakes.fake_ledger import FakeLedger
from tests.fakes.fake_outbox import FakeOutbox
from tests.fakes.repositories import run_git

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus/alerts.yaml"
BOARD = DEPLOY / "grafana/theseus.json"
BIN = Path(sys.executable).parent
SECRETS = (
    "bot.env", "http_token", "grafana_password", "alert_webhook_url", "kubernetes/secret.yaml",
)  # fmt: skip
METRIC = re.compile(r"\b(?:theseus|process)_\w+\b")


def needs(program: str, where: str) -> pytest.MarkDecorator:
    """Return the mark of a test that needs another program, which is searched for next to
    Python, too.
    """
    found = shutil.which(program) or shutil.which(program, path=str(BIN))
    return pytest.mark.skipif(found is None, reason=f"needs {program} ({where})")


def runs(*command: str | Path, cwd: Path = ROOT) -> str:
    """Return what a program said; it has to end well."""
    program = shutil.which(str(command[0])) or shutil.which(str(command[0]), path=str(BIN))
    done = subprocess.run(
        [str(program), *map(str, command[1:])], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def manifests() -> Iterator[tuple[str, Any]]:
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        for content in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            yield path.name, content


# ------------------------------------------------------------------------------------------ formats


def test_yaml_is_well_formed_and_has_no_key_twice() -> None:
    assert runs("yamllint", "--strict", "--config-file", DEPLOY / ".yamllint.yaml", DEPLOY) == ""


def test_the_compose_file_is_of_the_published_schema() -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")
    runs("check-jsonschema", *schema, DEPLOY / "compose.yaml")


@needs("hadolint", "uv sync --group deploy")
def test_hadolint_has_nothing_against_the_dockerfile() -> None:
    assert runs("hadolint", DEPLOY / "Dockerfile") == ""


@needs("shellcheck", "uv sync --group deploy")
def test_shellcheck_has_nothing_against_the_entrypoint() -> None:
    assert runs("shellcheck", DEPLOY / "entrypoint.sh") == ""


@needs("kubectl", "https://kubernetes.io/docs/tasks/tools/")
def test_kustomize_puts_the_manifests_together() -> None:
    made = list(yaml.safe_load_all(runs("kubectl", "kustomize", DEPLOY / "kubernetes")))
    kinds = Counter(each["kind"] for each in made)
    assert kinds == Counter(
        ("Namespace", "ServiceAccount", "Service", "StatefulSet", "NetworkPolicy")
    )
    assert {each["metadata"].get("namespace", "theseus") for each in made} == {"theseus"}
    (policy,) = (each for each in made if each["kind"] == "NetworkPolicy")
    names = policy["spec"]["egress"][0]["to"][0]["podSelector"]
    assert names == {"matchLabels": {"k8s-app": "kube-dns"}}, "labels are not put in here"


@needs("kubernetes-validate", "uv sync --group deploy")
def test_the_manifests_are_of_the_published_schemas() -> None:
    made = sorted(set((DEPLOY / "kubernetes").glob("*.yaml")))
    runs("kubernetes-validate", "--strict", *(each for each in made if "kustom" not in each.name))


@needs("promtool", "Debian's package prometheus")
def test_the_alert_rules_do_what_their_own_tests_say() -> None:
    runs("promtool", "check", "rules", RULES.name, cwd=RULES.parent)
    runs("promtool", "test", "rules", "alerts_test.yaml", cwd=RULES.parent)


@needs("amtool", "Debian's package prometheus-alertmanager")
def test_alertmanager_takes_its_configuration(tmp_path: Path) -> None:
    """Debian's is older than files for addresses."""
    text = (DEPLOY / "prometheus/alertmanager.yaml").read_text(encoding="utf-8")
    checked = tmp_path / "alertmanager.yaml"
    checked.write_text(re.sub(r"url_file: .*", "url: http://localhost/", text))
    runs("amtool", "check-config", checked)


@needs("systemd-analyze", "systemd")
def test_systemd_can_read_the_seccomp_profiles_names() -> None:
    """Of system calls that this machine's systemd knows, none is misspelt."""
    known = set(runs("systemd-analyze", "syscall-filter", "--no-pager").split())
    (rule,) = json.loads((DEPLOY / "seccomp.json").read_text())["syscalls"]
    old = {"create_module", "get_kernel_syms", "query_module", "nfsservctl", "stime", "vm86old"}
    assert set(rule["names"]) - known - old == set()


# ------------------------------------------------------------------------------------------ metrics


async def metrics() -> tuple[set[str], set[str]]:
    """Return the names of all metrics the bot has, and their labels as `name{label}`."""
    room, outbox, ledger = Room(), FakeOutbox(), FakeLedger()
    newest = Backup(file=Path("/backup"), made_at=room.clock.now(), size=1)

    async def backups() -> BackupStatus:
        return BackupStatus(newest=newest, count=1)

    sent = {("webhook", "sent"): 1}
    room.without(outbox=outbox, ledger=ledger, alerts=sent, backups=backups)
    async with room.serving() as client:
        await client.server.feed.look()
        room.services.recorder.record(Kind.COMMAND, "roll", ActionOutcome.OK)
        await client.server.feed.look()
        await client.deliver({"zen": "Speak like a human."}, event="ping")
        text = (await client.get("/metrics")).text
    names = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
    labels = {
        f"{name}{{{label}}}"
        for name, inner in re.findall(r"^(\w+)\{(.*)\}", text, re.MULTILINE)
        for label in re.findall(r'(\w+)="', inner)
    }
    return names, labels


def expressions() -> dict[str, list[str]]:
    """Return what the rules and the dashboard ask Prometheus."""
    board = json.loads(BOARD.read_text(encoding="utf-8"))
    shown = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    shown += [each["expr"] for each in board["annotations"]["list"]]
    asked = [rule["expr"] for group in read(RULES)["groups"] for rule in group["rules"]]
    return {"alerts": asked, "dashboard": shown}


@pytest.mark.parametrize("who", ["alerts", "dashboard"])
async def test_every_metric_that_is_asked_for_exists(who: str) -> None:
    names, labels = await metrics()
    for expression in expressions()[who]:
        assert set(METRIC.findall(expression)) <= names, expression
        for name, inner in re.findall(r"\b((?:theseus|process)_\w+)\{([^}]*)\}", expression):
            used = {f"{name}{{{label}}}" for label in re.findall(r"(\w+)=", inner)}
            assert used <= labels | {f"{name}{{job}}"}, expression


async def test_every_metric_is_on_the_dashboard_and_in_the_documents() -> None:
    names, _ = await metrics()
    told = (ROOT / "docs/http.md").read_text(encoding="utf-8")
    shown = " ".join(expressions()["dashboard"])
    assert {name for name in names if not re.search(rf"\b{name}\b", told)} == set()
    assert {name for name in names if not re.search(rf"\b{name}\b", shown)} == {
        "theseus_uptime_seconds"  # the start's time says the same, and over a restart
    }


def test_every_alert_rule_is_tested_to_ring_and_to_be_quiet() -> None:
    rules = {rule["alert"] for group in read(RULES)["groups"] for rule in group["rules"]}
    cases = read(RULES.with_name("alerts_test.yaml"))["tests"]
    well, *ill = cases
    assert {each["alertname"] for each in well["alert_rule_test"]} == rules
    rung = " ".join(str(case) for case in ill)
    assert {rule for rule in rules if rule not in rung} == set()


def test_the_dashboard_has_no_panel_on_top_of_another() -> None:
    taken: Counter[tuple[int, int]] = Counter()
    board = json.loads(BOARD.read_text(encoding="utf-8"))
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        columns = range(place["x"], place["x"] + place["w"])
        taken.update((x, y) for x in columns for y in range(place["y"], place["y"] + place["h"]))
    assert max(taken.values()) == 1
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


# ---------------------------------------------------------------------------------------- container


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's last stage: each instruction with its arguments."""
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    start = max(number for number, line in enumerate(lines) if line.startswith("FROM"))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines[start:])]


def test_the_image_runs_as_nobody_in_particular_and_ends_in_good_order() -> None:
    told = dict(instructions())
    assert told["USER"] == "10001:10001"
    assert told["STOPSIGNAL"] == "SIGTERM"
    assert told["ENTRYPOINT"] == '["tini", "--", "entrypoint.sh"]'
    assert "healthcheck.py" in told["HEALTHCHECK"]
    packages = " ".join(rest for word, rest in instructions() if word == "RUN")
    assert all(name in packages.split() for name in ("bubblewrap", "git", "socat", "tini"))


def test_the_image_gets_the_files_it_copies_and_no_others() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in ignored if line.startswith("!")}
    text = (DEPLOY / "Dockerfile").read_text()
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE)
        for source in shlex.split(re.sub(r"--\S+ ", "", line))[:-1]
    }
    assert "*" in ignored
    assert copied == let_in
    assert all((ROOT / name).is_file() for name in copied)


def test_the_image_has_the_python_and_the_uv_that_the_project_has() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    (version,) = set(re.findall(r"FROM python:(\d+\.\d+)-slim", text))
    (uv,) = re.findall(r"astral-sh/uv:(\S+)", text)
    assert f'python_version = "{version}"' in (ROOT / "pyproject.toml").read_text()
    assert f"UV_VERSION := {uv}\n" in (ROOT / "Makefile").read_text()


def variables(service: Any) -> set[str]:
    return set(service.get("environment", {}))


def test_every_variable_that_is_set_is_one_the_bot_knows(tmp_path: Path) -> None:
    """An unknown variable with our prefix would keep the bot from starting."""
    known = {name.upper() for name in Environment.model_fields}
    image = dict(instructions())["ENV"]
    set_here = set(re.findall(r"([A-Z_]+)=", image))
    set_here |= variables(read(DEPLOY / "compose.yaml")["services"]["bot"])
    for _, manifest in manifests():
        set_here |= set(manifest.get("stringData", {}))
        if manifest["kind"] == "StatefulSet":
            (container,) = manifest["spec"]["template"]["spec"]["containers"]
            set_here |= {each["name"] for each in container["env"]}
    assert {name for name in set_here if name.startswith("THESEUS_")} <= known
    (tmp_path / "data").mkdir()
    shutil.copy(ROOT / "data/config.yaml", tmp_path / "data")
    load(tmp_path, dict.fromkeys(set_here - known, "x"))


def test_compose_opens_ports_for_this_machine_alone_and_gives_the_bot_time() -> None:
    services = read(DEPLOY / "compose.yaml")["services"]
    for name, service in services.items():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"]), name
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert not service.get("privileged")
        assert "latest" not in service["image"]
    assert services["bot"]["stop_grace_period"] == "60s"
    mounts = [each for service in services.values() for each in service["volumes"]]
    assert not [each for each in mounts if "docker.sock" in each]
    local = {each.split(":")[0] for each in mounts if each.startswith("./")}
    assert all((DEPLOY / each).exists() for each in local)


def test_bubblewrap_may_do_what_it_takes_and_little_else() -> None:
    profile = json.loads((DEPLOY / "seccomp.json").read_text())
    (rule,) = profile["syscalls"]
    takes = {"clone", "clone3", "unshare", "setns", "mount", "umount2", "pivot_root", "prctl"}
    assert rule["action"] == "SCMP_ACT_ERRNO"
    assert not takes & set(rule["names"])
    assert {"bpf", "ptrace", "keyctl", "init_module", "kexec_load", "io_uring_setup"} <= set(
        rule["names"]
    )


# --------------------------------------------------------------------------------------- kubernetes


def bot_pod() -> tuple[Any, Any]:
    (found,) = (each for _, each in manifests() if each["kind"] == "StatefulSet")
    return found["spec"], found["spec"]["template"]["spec"]


def test_there_is_one_writer_that_is_given_time_to_end() -> None:
    spec, pod = bot_pod()
    assert spec["replicas"] == 1
    assert spec["volumeClaimTemplates"][0]["spec"]["accessModes"] == ["ReadWriteOncePod"]
    (wait,) = pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1:]
    assert pod["terminationGracePeriodSeconds"] - int(wait) >= 50


def test_the_pod_has_no_rights_it_does_not_need() -> None:
    _, pod = bot_pod()
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False, "THESEUS_PORT and the like are unknown settings"
    assert pod["hostUsers"] is False, "an unmasked /proc is only for a user namespace of its own"
    own = container["securityContext"]
    assert own["capabilities"] == {"drop": ["ALL"]}
    assert own["readOnlyRootFilesystem"]
    assert not own["allowPrivilegeEscalation"]


def test_probes_ask_for_what_is_served_without_a_token() -> None:
    _, pod = bot_pod()
    (container,) = pod["containers"]
    opened = {route.path for route in ROUTES if route.needs == "open" and route.method == "GET"}
    asked = {
        kind: container[kind]["httpGet"]["path"]
        for kind in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    assert set(asked.values()) <= opened
    assert asked["livenessProbe"] == "/health", "an outage of Discord's is no reason to be killed"
    assert asked["readinessProbe"] == "/health/ready"
    assert container["readinessProbe"]["failureThreshold"] == 1, "a hand-over drains for seconds"


def test_no_secret_is_in_the_repository() -> None:
    (secret,) = (each for _, each in manifests() if each["kind"] == "Secret")
    assert set(secret["stringData"].values()) == {""}
    listed = read(DEPLOY / "kubernetes/kustomization.yaml")["resources"]
    assert "secret.example.yaml" not in listed
    assert all((DEPLOY / "kubernetes" / name).is_file() for name in listed)
    ignored = (ROOT / ".gitignore").read_text()
    for name in SECRETS:
        assert f"deploy/{name}\n" in ignored


def test_nothing_leaves_for_the_clusters_own_networks() -> None:
    (policy,) = (each for _, each in manifests() if each["kind"] == "NetworkPolicy")
    outside = policy["spec"]["egress"][-1]["to"][0]["ipBlock"]
    assert {"169.254.0.0/16", "10.0.0.0/8", "192.168.0.0/16"} <= set(outside["except"])
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]


def test_a_tagged_commit_has_the_version_its_tag_says() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git repository, so there are no tags")
    tags = run_git(ROOT, "tag", "--points-at", "HEAD").split()
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert [tag for tag in tags if re.match(r"v\d", tag) and tag != f"v{version}"] == []
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    (image,) = read(DEPLOY / "kubernetes/kustomization.yaml")["images"]
    assert image["newTag"] == version
