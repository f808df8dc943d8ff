"""Prometheus as the compose file starts it: it finds the app, knows every series of the dashboard, and raises alerts.

Where its image cannot be pulled, Debian's Prometheus takes its place under the same name. Run by `make test-docker`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from settings import ROOT
from support.crowd import Crowd
from support.running_app import free_port, wait_until
from support.stack import Environment, Stack, docker, fresh_copy, show

pytestmark = [pytest.mark.docker, pytest.mark.timeout(3600)]

# What the official image promises to the compose file: its entry point, its user, and promtool beside it.
DEBIANS = """
FROM python:3.12-slim
RUN apt-get update && apt-get install --yes --no-install-recommends prometheus \\
 && install -d -o nobody -g nogroup /prometheus
USER nobody
ENTRYPOINT ["prometheus"]
"""
MONITORING = ROOT / "docker/monitoring"
DASHBOARD = json.loads((MONITORING / "grafana/dashboards/digit-reader.json").read_text())
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


@pytest.fixture(scope="module")
def stack(engine: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(fresh_copy(tmp_path_factory.mktemp("monitoring")), engine)
    for name in ("API_RATE_LIMIT", "LABEL_RATE"):
        stack.set(name, "")
    port = free_port()
    stack.set("PROMETHEUS_PORT", str(port))
    image = stack.compose("config", "--images", "prometheus")
    if docker("pull", "--quiet", image, environment=stack.environment).returncode != 0:
        built = docker("build", "--tag", image, "-", environment=stack.environment, typed=DEBIANS)
        assert built.returncode == 0, built.stderr
    try:
        up = stack.try_compose("up", "-d", "--build", "--wait", "--wait-timeout", "300", "app", "prometheus")
        assert up.returncode == 0, up.stderr + stack.try_compose("logs").stdout
        stack.until_ready()
        stack.prometheus = f"http://127.0.0.1:{port}"
        yield stack
    finally:
        stack.try_compose("--profile", "*", "down", "--volumes", "--remove-orphans")


def ask(stack: Stack, query: str) -> list[dict[str, Any]]:
    answer = httpx.get(f"{stack.prometheus}/api/v1/query", params={"query": query}, timeout=20).json()
    assert answer["status"] == "success", answer
    found: list[dict[str, Any]] = answer["data"]["result"]
    return found


def firing(stack: Stack) -> set[str]:
    alerts = httpx.get(f"{stack.prometheus}/api/v1/alerts", timeout=20).json()["data"]["alerts"]
    return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}


def test_configuration_and_rules_pass_promtool(stack: Stack) -> None:
    for words in (("check", "config", "prometheus.yml"), ("test", "rules", "alerts_test.yml")):
        *command, file = words
        done = stack.try_compose("exec", "-T", "prometheus", "promtool", *command, f"/etc/prometheus/{file}")
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_query_of_the_dashboard_has_an_answer(stack: Stack) -> None:
    with Crowd(stack.url, people=3) as crowd:
        crowd.more(60)
        time.sleep(20)  # a rate needs two scrapes
        crowd.more(20)
        time.sleep(20)
    empty = QUERIES

    def unanswered() -> list[str]:
        nonlocal empty
        empty = [query for query in empty if not ask(stack, query)]
        return empty

    wait_until(lambda: not unanswered(), 60, f"an answer to {empty}")
    assert float(ask(stack, 'sum(up{job="digit-reader"})')[0]["value"][1]) == 1
    show(f"{len(QUERIES)} queries of the dashboard have answers")


def test_an_app_that_is_stopped_raises_down_and_its_return_ends_it(stack: Stack) -> None:
    assert "DigitReaderDown" not in firing(stack)
    stack.compose("stop", "app")
    start = time.monotonic()
    wait_until(lambda: "DigitReaderDown" in firing(stack), 150, "the alert")
    show(f"DigitReaderDown after {time.monotonic() - start:.0f} s")
    stack.compose("start", "app")
    wait_until(lambda: "DigitReaderDown" not in firing(stack), 120, "the end of the alert")
