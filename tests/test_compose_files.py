"""The compose files, the scripts beside them and the monitoring, as far as they can be checked without an engine."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from settings import ROOT
from support.running_app import RunningApp

DOCKER = ROOT / "docker"
OVERRIDES = sorted(DOCKER.glob("docker-compose.*.yml"))
SCRIPTS = sorted(DOCKER.glob("*.sh"))


def load(file: Path) -> dict[str, Any]:
    """A YAML file, without Compose's own marks: !reset takes a value away, !override replaces it."""
    text = re.sub(r"!(reset|override)\b", "", file.read_text(encoding="utf-8"))
    found: dict[str, Any] = yaml.safe_load(text)
    return found


COMPOSE = load(DOCKER / "docker-compose.yml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_locked_down_and_has_limits(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True, "a writable root file system"
    assert service["cap_drop"] == ["ALL"], "capabilities that it does not need"
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == ("no" if name == "train" else "unless-stopped")
    assert service["logging"]["options"]["max-size"], "its log grows forever"
    assert service["deploy"]["resources"]["limits"]["memory"]
    dockerfile = (DOCKER / "Dockerfile").read_text()
    assert "healthcheck" in service or (name == "app" and "HEALTHCHECK" in dockerfile)


def test_scratch_space_is_what_a_swarm_understands() -> None:
    for service in SERVICES.values():
        assert "tmpfs" not in service, "`docker stack deploy` passes over it"
        assert {"type": "tmpfs", "target": "/tmp"} in service["volumes"]  # noqa: S108 - in the container


def test_only_caddy_is_published_to_everybody() -> None:
    for name, service in SERVICES.items():
        for port in service.get("ports", []):
            local = port.startswith(("127.0.0.1:", "${BIND:-127.0.0.1}:"))
            assert local or name == "caddy", f"{name} is published on {port}"


def test_what_is_added_stays_away_by_default() -> None:
    assert {name for name, service in SERVICES.items() if "profiles" not in service} == {"app", "db"}
    profiles = {profile for service in SERVICES.values() for profile in service.get("profiles", [])}
    assert profiles == {"https", "backup", "training", "monitoring"}


def test_images_are_pinned_to_a_version() -> None:
    for service in SERVICES.values():
        image = service["image"]
        assert "build" in service or re.search(r":v?\d", image), f"{image} may change under us"


@pytest.mark.parametrize("file", OVERRIDES, ids=lambda file: file.name)
def test_an_override_changes_services_that_exist(file: Path) -> None:
    assert load(file)["services"].keys() <= SERVICES.keys()
    assert file.name in (ROOT / "DEPLOYMENT.md").read_text(encoding="utf-8"), "DEPLOYMENT.md does not explain it"


def test_with_caddy_the_app_has_no_port_of_its_own() -> None:
    text = (DOCKER / "docker-compose.https.yml").read_text()
    assert "ports: !reset []" in text


def test_what_is_mounted_exists() -> None:
    for service in SERVICES.values():
        for volume in filter(lambda each: isinstance(each, str), service["volumes"]):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (DOCKER / source).exists()
            elif not source.startswith("$"):
                assert source in COMPOSE["volumes"]


def test_grafana_does_not_start_without_a_password() -> None:
    """With an empty one its user would be admin, with the password admin."""
    service = SERVICES["grafana"]
    assert service["environment"]["GF_SECURITY_ADMIN_PASSWORD"] == "${ADMIN_PASSWORD:-}"  # noqa: S105 - a name
    command = [word.replace("$$", "$") for word in service["entrypoint"]]
    refused = subprocess.run(command, env={"GF_SECURITY_ADMIN_PASSWORD": ""}, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "please set ADMIN_PASSWORD in .env" in refused.stderr


# --- Scripts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_scripts_can_be_started(script: Path) -> None:
    assert script.stat().st_mode & 0o111
    shell = "bash" if "bash" in script.read_text().splitlines()[0] else "sh"
    assert subprocess.run([shell, "-n", str(script)]).returncode == 0


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed (apt install shellcheck)")
def test_shellcheck_finds_nothing() -> None:
    done = subprocess.run(["shellcheck", *map(str, SCRIPTS)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("words", [("restore.sh",), ("restore.sh", "no-such-file"), ("deploy.sh",)])
def test_scripts_say_how_they_are_used(words: tuple[str, ...]) -> None:
    done = subprocess.run([str(DOCKER / words[0]), *words[1:]], capture_output=True, text=True)
    assert done.returncode != 0
    assert done.stderr.startswith(f"usage: docker/{words[0]}")


# --- Monitoring -------------------------------------------------------------------------------------------------------

DASHBOARD = json.loads((DOCKER / "monitoring/grafana/dashboards/digit-reader.json").read_text())
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
RULES = [rule for group in load(DOCKER / "monitoring/alerts.yml")["groups"] for rule in group["rules"]]


def test_the_dashboard_uses_the_datasource_that_is_provisioned() -> None:
    datasource = load(DOCKER / "monitoring/grafana/provisioning/datasources/prometheus.yml")["datasources"][0]
    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]} == {datasource["uid"]}
    assert datasource["url"] == "http://prometheus:9090"
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_dashboard_and_alerts_ask_for_series_that_the_app_has(app: RunningApp) -> None:
    offered = set(re.findall(r"^([a-z_]+)[ {]", httpx.get(f"{app.url}/metrics").text, re.M))
    # Absent until somebody has read or labelled something; metrics.py and ops.py name them.
    offered |= {"digit_reader_predictions_total", "digit_reader_live_accuracy_ratio", "digit_reader_labelled_drawings"}
    offered |= {"digit_reader_confidence_ratio_bucket", "digit_reader_confidence_ratio_count"}
    offered |= {"digit_reader_self_check_findings", "digit_reader_self_check_timestamp_seconds"}
    asked = {name for query in [*QUERIES, *(rule["expr"] for rule in RULES)] for name in series_of(query)}
    assert len(asked) > 10
    assert asked <= offered, "nothing offers these series"


def series_of(query: str) -> list[str]:
    return re.findall(r"\b((?:digit_reader|process)_[a-z_]+)\b(?!:)", query)


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
@pytest.mark.parametrize("words", [("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")])
def test_promtool_finds_nothing_wrong_with_the_alerts(words: tuple[str, ...]) -> None:
    done = subprocess.run(
        ["promtool", *words], cwd=ROOT / "docker/monitoring", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_says_what_to_do_and_has_a_test() -> None:
    tests = (DOCKER / "monitoring/alerts_test.yml").read_text()
    alerts = [rule for rule in RULES if "alert" in rule]
    assert {"DigitReaderDown", "LabelsFail", "SpoolNotEmpty", "DiskNearlyFull", "AccuracyFalling"} <= {
        rule["alert"] for rule in alerts
    }
    for rule in alerts:
        assert rule["annotations"].keys() == {"summary", "action"}
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert f"alertname: {rule['alert']}" in tests, f"{rule['alert']} has no test"
