"""Caddy before three replicas on a real engine: killed, updated, broken, backed up and brought back, under load.

Run by `make test-docker`.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from gateway.bodies import MAX_BODY
from gateway.cookies import HOST_ONLY
from gateway.visitors import COOKIE
from support import hand
from support.chromium import find
from support.crowd import Crowd
from support.digits import DIGITS
from support.running_app import free_port, wait_until
from support.stack import Environment, Stack, docker, fresh_copy, promotion_reaches_all, show

pytestmark = [pytest.mark.docker, pytest.mark.timeout(3600)]

SEVEN = [[(0.2, 0.2), (0.75, 0.2), (0.45, 0.85)]]
FOUR = next(strokes for label, strokes in DIGITS if label == 4 and len(strokes) == 2)
# How many browsers have a page of this replica open.
OPEN_PAGES = (
    "print(sum(line.split()[3] == '01' and line.split()[1].endswith(':2135') for line in open('/proc/net/tcp')))"
)


@pytest.fixture(scope="module")
def stack(engine: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Three replicas behind Caddy, which alone is published."""
    stack = Stack(fresh_copy(tmp_path_factory.mktemp("replicas")), engine)
    stack.add("https", profiles="https,backup")
    https = free_port()
    for name, value in (("HTTP_PORT", str(free_port())), ("HTTPS_PORT", str(https)), ("APP_REPLICAS", "3")):
        stack.set(name, value)
    for name in ("API_RATE_LIMIT", "LABEL_RATE"):
        stack.set(name, "")
    stack.set("IMAGE", f"{stack.name}:latest")
    stack.url = f"https://localhost:{https}"
    try:
        up = stack.try_compose("up", "-d", "--build", "--wait", "--wait-timeout", "300")
        assert up.returncode == 0, up.stderr + stack.try_compose("logs").stdout
        stack.until_ready()
        yield stack
    finally:
        stack.try_compose("down", "--volumes", "--remove-orphans", "--rmi", "local")
        for tag in ("latest", "previous"):
            docker("image", "rm", f"{stack.name}:{tag}", environment=stack.environment)


@pytest.fixture
def page() -> Iterator[Page]:
    path = find()
    assert path, "No Chromium: run `make install-dev`."
    flags = ["--disable-gpu", "--no-first-run"] + (["--no-sandbox"] if os.geteuid() == 0 else [])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        page = browser.new_context(ignore_https_errors=True).new_page()
        page.set_default_timeout(30_000)
        yield page
        browser.close()


def client(stack: Stack) -> httpx.Client:
    return httpx.Client(base_url=stack.url, verify=False, timeout=60)  # noqa: S501 - Caddy's own authority


def replica_of_the_only_page(stack: Stack) -> str:
    """The container that holds the connection of the one page that is open."""

    def holding() -> list[str]:
        words = ("python", "-c", OPEN_PAGES)
        counts = {each: docker("exec", each, *words, environment=stack.environment) for each in stack.replicas()}
        return [each for each, count in counts.items() if int(count.stdout)]

    replica, *others = wait_until(lambda: len(found := holding()) == 1 and found, 30, "a single open page")
    assert others == []
    return str(replica)


def finish_the_four(stack: Stack, page: Page) -> None:
    """The second stroke of a 4 whose first one was drawn before: on the same canvas, in the same row."""
    expect(page.get_by_role("img", name="Ready, and saving")).to_be_visible()
    hand.at_rest(page)
    assert hand.ink(page) > 0, "what was drawn is gone"
    hand.draw(page, FOUR[1:])
    assert hand.answer(page, len(FOUR)) == 4
    hand.say(page, 4)
    mine = f"FROM predictions WHERE visitor = '{hand.visitor_of(page)}'"
    wait_until(lambda: stack.count(f"count(*) {mine} AND true_label = 4") == 1, 30, "its label")
    assert stack.count(f"count(*) {mine}") == 1


def acknowledged_and_there(stack: Stack, crowd: Crowd) -> None:
    assert crowd.failed == []
    assert crowd.labelled
    ids = ",".join(f"'{drawing}'" for drawing in crowd.labelled)
    there = f"count(*) FROM predictions WHERE true_label = 1 AND drawing_id IN ({ids})"
    wait_until(lambda: stack.count(there) == len(crowd.labelled), 30, "every acknowledged label in the database")
    show(f"{len(crowd.labelled)} labels acknowledged, all of them there")


def test_a_digit_drawn_in_a_browser_is_read_and_stored(stack: Stack, page: Page) -> None:
    hand.open_page(page, stack.url)
    hand.draw(page, SEVEN)
    assert hand.answer(page, len(SEVEN)) == 7
    visitor = hand.visitor_of(page)
    wait_until(lambda: stack.count(f"count(*) FROM predictions WHERE visitor = '{visitor}'") == 1, 10, "its row")
    cookie = next(each for each in page.context.cookies() if each["name"] == HOST_ONLY + COOKIE)
    assert cookie["secure"], "the app does not know that Caddy speaks HTTPS"


def test_http_leads_to_https(stack: Stack) -> None:
    port = stack.compose("port", "caddy", "80").rsplit(":", 1)[1]
    answer = httpx.get(f"http://localhost:{port}/about")
    assert (answer.status_code, answer.headers["location"]) == (308, "https://localhost/about")


@pytest.mark.parametrize(
    "path", ["/metrics", "/METRICS", "/%6Detrics", "//metrics", "/x/../metrics", "/digits/metrics"]
)
def test_nobody_outside_sees_the_metrics(stack: Stack, path: str) -> None:
    answer = httpx.get(stack.url + path, verify=False)  # noqa: S501 - as above
    assert answer.status_code == 404
    assert "digit_reader" not in answer.text


def test_answers_have_security_headers_and_requests_a_limit(stack: Stack) -> None:
    with client(stack) as visitor:
        headers = visitor.get("/").headers
        assert headers.get_list("strict-transport-security") == ["max-age=31536000"]
        assert headers.get_list("x-content-type-options") == ["nosniff"]
        assert "frame-ancestors 'self'" in headers["content-security-policy"]
        assert visitor.post("/api/predict", files={"file": bytes(MAX_BODY)}).status_code == 413


def test_a_visitor_stays_with_a_replica_and_visitors_spread(stack: Stack) -> None:
    seen = set()

    def one_more() -> bool:
        with client(stack) as visitor:
            visitor.get("/health")
            mine = visitor.cookies["digit_reader_replica"]
            for _ in range(5):
                assert "set-cookie" not in visitor.get("/health").headers
            seen.add(mine)
        return len(seen) == 3

    # Each comes to one by chance, once Caddy knows of all three.
    wait_until(one_more, 60, "a visitor at each replica")


def test_a_replica_killed_under_load_loses_no_label(stack: Stack) -> None:
    victim = stack.replicas()[0]
    with Crowd(stack.url) as crowd:
        crowd.more(50)
        docker("kill", victim, environment=stack.environment)
        crowd.more(150)
        docker("start", victim, environment=stack.environment)
        crowd.more(50)
    acknowledged_and_there(stack, crowd)


def test_an_open_page_goes_on_with_another_replica_and_keeps_its_drawing(stack: Stack, page: Page) -> None:
    hand.open_page(page, stack.url)
    hand.draw(page, FOUR[:1])
    hand.answer(page, 1)
    victim = replica_of_the_only_page(stack)
    docker("kill", victim, environment=stack.environment)
    try:
        assert replica_of_the_only_page(stack) != victim
        finish_the_four(stack, page)
    finally:
        docker("start", victim, environment=stack.environment)
        stack.compose("up", "-d", "--wait")


def test_an_open_page_keeps_its_drawing_over_an_update(stack: Stack, page: Page) -> None:
    hand.open_page(page, stack.url)
    hand.draw(page, FOUR[:1])
    hand.answer(page, 1)
    stack.shell("docker/update.sh")
    replica_of_the_only_page(stack)
    finish_the_four(stack, page)


def test_labels_that_wait_in_the_spool_survive_the_replica_that_took_them(stack: Stack) -> None:
    with Crowd(stack.url) as crowd:
        crowd.more(20)
        stack.compose("stop", "db")
        crowd.more(60)
    for replica in stack.replicas():
        docker("kill", replica, environment=stack.environment)
    stack.compose("up", "-d", "--wait")
    acknowledged_and_there(stack, crowd)


def test_a_promotion_reaches_every_replica_within_two_seconds(stack: Stack) -> None:
    stack.until_ready()
    stack.sql(
        "INSERT INTO model_versions (model, version, weights, sha256, metrics, parent, status) "
        "SELECT model, 2, weights, sha256, metrics, 1, 'retired' FROM model_versions "
        "WHERE model = 'cnn' AND version = 1",
        {"id": ""},
    )
    promotion_reaches_all(stack.replicas(), stack.environment)


def test_an_update_under_load_drops_nothing(stack: Stack) -> None:
    before = set(stack.replicas())
    with Crowd(stack.url) as crowd:
        crowd.more(20)
        stack.shell("docker/update.sh")
        crowd.more(20)
    acknowledged_and_there(stack, crowd)
    assert len(stack.replicas()) == 3
    assert not before & set(stack.replicas()), "the old replicas still run"


def test_a_version_that_does_not_start_never_takes_over(stack: Stack) -> None:
    before = set(stack.replicas())
    program = stack.folder / "src/app.py"
    working = program.read_text()
    program.write_text("raise SystemExit('this version is broken')\n")
    with Crowd(stack.url) as crowd:
        refused = stack.try_shell("WAIT=20 docker/update.sh")
        crowd.more(20)
    program.write_text(working)
    assert refused.returncode == 1
    assert "this version is broken" in refused.stderr
    assert "the previous one, which never stopped, goes on" in refused.stderr
    assert set(stack.replicas()) == before
    acknowledged_and_there(stack, crowd)
    stack.compose("up", "-d", "--wait")
    assert set(stack.replicas()) == before, "the broken image is still the one that starts"


def test_a_backup_brings_everything_to_an_empty_server(stack: Stack) -> None:
    def state() -> tuple[int, int, int]:
        return (
            stack.count("count(*) FROM predictions"),
            stack.count("count(true_label) FROM predictions"),
            stack.count("version FROM model_versions WHERE model = 'cnn' AND status = 'active'"),
        )

    before = state()
    stack.shell("make backup")
    (file,) = (stack.folder / "backups").glob("digits-*.dump.gz")
    whole = file.read_bytes()
    (stack.folder / "half.dump.gz").write_bytes(whole[: len(whole) // 2])
    replicas = stack.replicas()
    refused = stack.try_shell("make restore FILE=half.dump.gz")
    assert refused.returncode != 0
    assert "Nothing was changed." in refused.stderr
    assert (state(), stack.replicas()) == (before, replicas)
    stack.compose("down", "--volumes")
    restored = stack.shell(f"make restore FILE=backups/{file.name}")
    assert f"{before[0]} drawings, {before[1]} of them with a label" in restored
    assert before[2] == 2
    assert state() == before
    stack.until_ready()


def test_the_nightly_backup_is_there(stack: Stack) -> None:
    assert stack.inspect("backup", "{{.State.Health.Status}}") == "healthy"
    assert list((stack.folder / "backups").glob("nightly-*.dump.gz"))


def test_one_processor_and_little_memory_are_enough(stack: Stack) -> None:
    """1 GB with the CPU build of torch, 1.5 GB with PyPI's; ready within 15 s."""
    cuda = stack.compose("exec", "-T", "app", "python", "-c", "import torch; print(torch.version.cuda)") != "None"
    name = f"{stack.name}-small-{secrets.token_hex(2)}"
    limits = ["--cpus", "1", "--memory", "1500m" if cuda else "1g", "--memory-swap", "1500m" if cuda else "1g"]
    start = time.monotonic()
    docker("run", "-d", "--name", name, *limits, f"{stack.name}:latest", environment=stack.environment)
    try:
        probe = "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/ready', timeout=5)"

        def ready() -> bool:
            return docker("exec", name, "python", "-c", probe, environment=stack.environment).returncode == 0

        wait_until(ready, 60, "/ready")
        took = time.monotonic() - start
        show(f"ready after {took:.1f} s on one processor")
        assert took < 15
        state = docker("inspect", name, "-f", "{{.State.OOMKilled}}", environment=stack.environment)
        assert state.stdout.strip() == "false"
    finally:
        docker("rm", "--force", "--volumes", name, environment=stack.environment)
