"""The set with standby, workers, Temporal and PostgreSQL fits the program and denies by default."""

import inspect
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
import yaml

from bot.cli.worker import start_worker
from tests.support.postgres_server import run_server

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
SCALED = DEPLOY / "kubernetes-scaled"
BACKUP = SCALED / "postgres-backup.sh"


def find(program: str) -> str:
    """Return a program, or skip the test."""
    found = shutil.which(program) or shutil.which(program, path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip(f"needs {program}")
    return found


def read_manifests() -> list[Any]:
    """Return what the set adds to that of one bot; `bot.yaml` is a patch of it."""
    files = [each for each in sorted(SCALED.glob("*.yaml")) if each.name != "kustomization.yaml"]
    return [one for each in files for one in yaml.safe_load_all(each.read_text())]


def iterate_pods() -> Iterator[tuple[str, dict[str, str], Any]]:
    """Yield name, labels and specification of each kind of pod."""
    for each in read_manifests():
        spec = each.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec and each["metadata"]["name"] != "theseus":
            template = spec["template"]
            yield each["metadata"]["name"], template["metadata"]["labels"], template["spec"]


def test_kustomize_puts_the_set_together_and_it_is_of_the_published_schemas(tmp_path: Path) -> None:
    done = subprocess.run(
        [find("kubectl"), "kustomize", str(SCALED)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    made = list(yaml.safe_load_all(done.stdout))
    (bot,) = (
        each for each in made
        if each["kind"] == "StatefulSet" and each["metadata"]["name"] == "theseus"
    )  # fmt: skip
    assert bot["spec"]["replicas"] == 2
    assert bot["spec"]["updateStrategy"] == {"type": "OnDelete"}, "a standby never gets ready"
    (container,) = bot["spec"]["template"]["spec"]["containers"]
    assert "startupProbe" not in container, "a standby does not listen"
    assert {each["mountPath"] for each in container["volumeMounts"]} >= {"/theseus", "/artefacts"}
    assert {each["metadata"].get("namespace", "theseus") for each in made} == {"theseus"}
    plain = tmp_path / "set.yaml"  # what KEDA defines has no schema there
    plain.write_text(yaml.safe_dump_all(e for e in made if e["kind"] != "ScaledObject"))
    if shutil.which("kubernetes-validate"):
        subprocess.run(["kubernetes-validate", "--strict", str(plain)], check=True)


def test_the_compose_file_is_of_the_published_schema_and_denies_by_default() -> None:
    path = DEPLOY / "compose.scaled.yaml"
    check = [find("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(path)]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0
    whole = yaml.safe_load(path.read_text())
    first = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    for name, service in whole["services"].items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
        if name not in first:
            assert service["cap_drop"] == ["ALL"], name
            assert "no-new-privileges:true" in service["security_opt"], name
            assert "latest" not in service["image"], name
    for name in ("postgres", "temporal", "backup"):
        assert {*whole["services"][name]["networks"]} <= {"inside", "orders"}, name
    assert all(whole["networks"][name]["internal"] for name in ("inside", "orders"))
    workers = [whole["services"][f"worker-{each}"] for each in ("first", "second")]
    assert [each["env_file"] for each in workers] == ["worker_first.env", "worker_second.env"]
    assert not {"inside", "monitoring"} & {net for each in workers for net in each["networks"]}
    ignored = (ROOT / ".gitignore").read_text()
    secrets = {each["env_file"] for each in whole["services"].values() if "env_file" in each}
    assert all(f"deploy/{each}\n" in ignored for each in secrets)
    assert "deploy/kubernetes-scaled/secrets.yaml\n" in ignored


def test_haproxy_takes_its_configuration() -> None:
    done = subprocess.run(
        [find("haproxy"), "-c", "-f", str(DEPLOY / "haproxy/compose.cfg")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_every_pod_is_confined_and_has_probes_and_resources() -> None:
    seen = set()
    for name, _, pod in iterate_pods():
        seen.add(name)
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["enableServiceLinks"] is False, name
        assert pod["securityContext"]["runAsNonRoot"], name
        (container,) = pod["containers"]
        assert container["securityContext"]["allowPrivilegeEscalation"] is False, name
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}, name
        assert {"requests", "limits"} <= set(container["resources"]), name
        assert "latest" not in container["image"], name
        if name != "postgres-backup":  # a job
            assert {"startupProbe", "livenessProbe"} <= set(container), name
    assert seen == {"postgres", "postgres-backup", "temporal", "worker-first", "worker-second"}


def test_nothing_is_reached_but_by_whom_a_policy_names() -> None:
    policies = [each for each in read_manifests() if each["kind"] == "NetworkPolicy"]
    by_name = {each["metadata"]["name"]: each["spec"] for each in policies}
    assert by_name["deny-all"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    may = {
        name: {
            source["podSelector"]["matchLabels"]["app.kubernetes.io/name"]
            for rule in by_name[name]["ingress"]
            for source in rule["from"]
            if "podSelector" in source
        }
        for name in ("postgres", "temporal")
    }
    assert may == {
        "postgres": {"theseus", "temporal", "postgres-backup"},
        "temporal": {"theseus", "theseus-worker"},
    }
    (outside,) = (
        to["ipBlock"]
        for rule in by_name["workers"]["egress"] for to in rule["to"] if "ipBlock" in to
    )  # fmt: skip
    assert {"169.254.0.0/16", "10.0.0.0/8"} <= set(outside["except"])
    reached = [rule["ports"] for rule in by_name["workers"]["egress"]]
    assert {port["port"] for ports in reached for port in ports} == {7233, 443}


def test_a_worker_gets_the_token_of_its_group_and_flags_that_exist() -> None:
    flags = {f"--{name}" for name in inspect.signature(start_worker).parameters}
    scaled = {
        each["spec"]["scaleTargetRef"]["name"]: each["spec"]["triggers"][0]["metadata"]["query"]
        for each in read_manifests() if each["kind"] == "ScaledObject"
    }  # fmt: skip
    for name, labels, pod in iterate_pods():
        if not name.startswith("worker-"):
            continue
        group = labels["theseus/group"]
        (container,) = pod["containers"]
        command, *options = container["args"]
        assert (command, name) == ("worker", f"worker-{group}")
        assert {each.split("=")[0] for each in options} <= flags
        assert f"--group={group}" in options
        secrets = [each for each in container["env"] if "valueFrom" in each]
        (token,) = secrets
        assert token["name"] == "THESEUS_WORKER_TOKEN"
        assert token["valueFrom"]["secretKeyRef"]["name"] == name
        assert "envFrom" not in container
        (pattern,) = re.findall(r'taskqueue=~"([^"]+)"', scaled[name])
        assert re.fullmatch(pattern, f"theseus-{group}-0123abcd")
        other = "second" if group == "first" else "first"
        assert not re.fullmatch(pattern, f"theseus-{other}-0123abcd")


def test_no_secret_of_the_set_is_in_the_repository() -> None:
    values = [
        value
        for each in read_manifests() if each["kind"] == "Secret"
        for value in each["stringData"].values()
    ]  # fmt: skip
    assert values
    assert set(values) == {""}
    assert "secrets" not in str(yaml.safe_load((SCALED / "kustomization.yaml").read_text()))


# -------------------------------------------------------------------------------------------- probe


def probe(port: int, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, str(DEPLOY / "healthcheck.py"), *arguments],
        env={**os.environ, "THESEUS_HTTP_PORT": str(port)},
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0),
        (b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", 0),
        (b"", 1),
    ],
)
def test_a_bot_that_listens_has_to_answer(reply: bytes, code: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4_096)
                connection.sendall(reply)

        thread = threading.Thread(target=answer)
        thread.start()
        assert probe(server.getsockname()[1], "--alive")[0] == code
        thread.join()


def test_one_that_does_not_listen_is_a_standby_and_not_ready() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert probe(port, "--alive") == (0, "")
    assert probe(port)[0] == 1
    assert probe(port, "--alife")[0] == 2


# ------------------------------------------------------------------------------------------- backup


class Backups:
    """The script, on a server with one database that has an audit log of 99 entries."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        where = re.search(r"host=(.*)", url)
        assert where is not None
        self._environment = {
            "PATH": os.environ["PATH"], "PGHOST": where[1], "PGUSER": "theseus",
            "BACKUP_FOLDER": str(folder), "BACKUP_KEEP": "2", "LC_ALL": "C.UTF-8",
        }  # fmt: skip

    def run(self, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", str(BACKUP)], env={**self._environment, **more},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def list_names(self) -> list[str]:
        return sorted(each.name for each in self.folder.iterdir() if each.is_file())

    def execute(self, database: str, *statements: LiteralString) -> list[tuple[Any, ...]]:
        url = self.url.replace("/postgres?", f"/{database}?")
        with psycopg.connect(url, autocommit=True) as connection:
            done = [connection.execute(each) for each in statements][-1]
            return done.fetchall() if done.description else []

    def restore(self, name: str, database: str) -> None:
        command = ["pg_restore", "--exit-on-error", "--no-owner", "--dbname", database, name]
        subprocess.run(command, env=self._environment, cwd=self.folder, check=True)


@pytest.mark.slow
def test_a_backup_counts_only_after_it_was_restored(tmp_path: Path) -> None:
    with run_server() as server:
        backups = Backups(server.url, tmp_path)
        backups.execute("postgres", "CREATE DATABASE theseus", "CREATE DATABASE again")
        assert "has no tables" in backups.run().stderr
        backups.execute(
            "theseus", "CREATE SCHEMA theseus", "CREATE TABLE theseus.audit_log (id int)",
            'CREATE TABLE theseus."odd | name" (id int)',
            "INSERT INTO theseus.audit_log SELECT generate_series(1, 99)",
        )  # fmt: skip
        for name in ("theseus-20200101T000000Z", "theseus-20200102T000000Z", "other"):
            (tmp_path / f"{name}.dump").write_text("old")
        done = backups.run()
        assert done.returncode == 0, done.stderr
        other, old, newest = names = backups.list_names()
        assert (other, old) == ("other.dump", "theseus-20200102T000000Z.dump")
        found = {row[0] for row in backups.execute("postgres", "SELECT datname FROM pg_database")}
        assert "theseus_backup_trial" not in found
        backups.restore(newest, "again")
        assert backups.execute("again", "SELECT count(*) FROM theseus.audit_log") == [(99,)]
        # A program that loses rows on the way: the backup is refused, and nothing of it stays.
        loser = tmp_path / "bin" / "pg_restore"
        loser.parent.mkdir()
        loser.write_text(
            '#!/bin/sh\n"$REAL" "$@" && psql --quiet --dbname theseus_backup_trial'
            ' --command "DELETE FROM theseus.audit_log WHERE id > 50"\n'
        )
        loser.chmod(0o755)
        path = f"{loser.parent}:{os.environ['PATH']}"
        failed = backups.run(PATH=path, REAL=find("pg_restore"))
        assert failed.returncode == 1
        assert "theseus.audit_log has 99 rows, and 50 in the restored" in failed.stderr
        assert backups.list_names() == names
        assert "BACKUP_KEEP is 0" in backups.run(BACKUP_KEEP="0").stderr
