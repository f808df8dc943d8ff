"""The image and Compose on a real engine: built, started, used, broken, mended and taken away, as on a server.

Run by `make test-docker`. The command for a new password is DEPLOYMENT.md's own, word for word.
"""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from settings import ROOT
from support.pictures import one, png
from support.running_app import free_port, wait_until
from support.stack import Environment, Stack, docker, fresh_copy, show

# The first build downloads torch.
pytestmark = [pytest.mark.docker, pytest.mark.timeout(3600)]


def documented(word: str) -> str:
    """The one command of DEPLOYMENT.md in which this word stands."""
    lines: list[str] = re.findall(r"^    (.*)$", (ROOT / "DEPLOYMENT.md").read_text(encoding="utf-8"), re.M)
    found = [line for line in lines if word in line and "compose exec" in line]
    assert len(found) == 1, f"DEPLOYMENT.md should have one command with {word}, not {found}"
    return found[0]


@pytest.fixture(scope="module")
def stack(engine: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """App and database, built and started by the documented command; every trace of them is removed afterwards."""
    stack = Stack(fresh_copy(tmp_path_factory.mktemp("project")), engine)
    try:
        start = time.monotonic()
        # Not captured: whoever waits some minutes for torch wants to see why.
        built = subprocess.run(
            ["docker", "compose", "--progress", "plain", "build"], cwd=stack.folder, env=stack.environment
        )
        assert built.returncode == 0, "The image cannot be built."
        show(f"built in {time.monotonic() - start:.0f} s")
        start = time.monotonic()
        up = stack.try_compose("up", "-d", "--build", "--wait", "--wait-timeout", "300")
        assert up.returncode == 0, up.stderr + stack.try_compose("logs").stdout
        stack.until_ready()
        show(f"both services ready in {time.monotonic() - start:.1f} s")
        yield stack
    finally:
        down = stack.try_compose("down", "--volumes", "--remove-orphans", "--rmi", "local")
    assert down.returncode == 0, down.stderr


def test_it_answers_and_says_how_it_is(stack: Stack) -> None:
    health, ready = stack.get("/health"), stack.get("/ready")
    assert health is not None
    assert health.json() == {"status": "alive"}
    assert ready is not None
    assert ready.json() == {"status": "ready", "model": "ready", "database": "ready"}


def test_a_digit_is_read_and_its_row_is_in_postgresql(stack: Stack) -> None:
    drawing = stack.read_a_one()
    assert drawing["predicted_digit"] == 1
    columns = "predicted_digit, model, source, octet_length(image) > 50, cardinality(probabilities)"
    row = stack.sql(f"SELECT {columns} FROM predictions WHERE drawing_id = :'id'", drawing)  # noqa: S608 - our own words
    assert row == "1|cnn|api|t|10"


def test_the_database_may_go_away_under_the_running_app(stack: Stack) -> None:
    before = stack.read_a_one()
    stack.compose("stop", "db")
    away = wait_until(lambda: not stack.ready() and stack.get("/ready"), 30, "a 503 of /ready")
    assert away.status_code == 503
    assert away.json()["database"] != "ready"
    alive = stack.get("/health")
    assert alive is not None
    assert alive.status_code == 200
    stack.compose("start", "db")
    stack.until_ready()
    stack.compose("restart", "db")
    stack.until_ready()
    assert stack.rows_of(before) == 1
    assert stack.rows_of(stack.read_a_one()) == 1


def test_down_and_up_keeps_the_rows(stack: Stack) -> None:
    before = stack.read_a_one()
    stack.compose("down")
    stack.compose("up", "-d", "--wait", "--wait-timeout", "300")
    assert stack.rows_of(before) == 1


def test_a_forgotten_password_can_be_replaced(stack: Stack) -> None:
    before = stack.read_a_one()
    stack.set("DB_PASSWORD", secrets.token_hex(24))
    stack.compose("up", "-d")
    refused = wait_until(lambda: "password" in getattr(stack.get("/ready"), "text", ""), 60, "a refused password")
    assert refused
    stack.shell(documented("ALTER USER"))
    stack.until_ready()
    assert stack.rows_of(before) == 1


def test_the_app_has_no_rights_and_can_write_nothing_but_its_data(stack: Stack) -> None:
    def inside(command: str) -> str:
        return stack.compose("exec", "-T", "app", "sh", "-c", command)

    assert inside("id -u") == "10001"
    assert inside("touch /app/src/x 2>&1 || touch /x 2>&1 || echo refused").endswith("refused")
    assert inside("touch /data/x && rm /data/x && echo kept") == "kept"
    assert inside("grep CapEff /proc/1/status").split()[1].strip("0") == ""
    assert inside("ls -A /app").split() == ["model", "sql", "src"]
    assert stack.compose("exec", "-T", "db", "id", "-un") == "postgres"


def test_only_the_apps_port_is_open_and_only_here(stack: Stack) -> None:
    assert stack.compose("port", "app", "8501") == f"127.0.0.1:{stack.port}"
    assert stack.inspect("db", "{{json .NetworkSettings.Ports}}") in ("{}", '{"5432/tcp":null}')
    network = docker(
        "network", "inspect", f"{stack.name}_database", "-f", "{{.Internal}}", environment=stack.environment
    )
    assert network.stdout.strip() == "true"
    attached = stack.inspect("db", "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}")
    assert attached.split() == [f"{stack.name}_database"]


def test_it_ends_in_order_and_at_once(stack: Stack) -> None:
    start = time.monotonic()
    stack.compose("stop", "app")
    assert time.monotonic() - start < 8, "it was killed, not asked"
    # 143 is an end by SIGTERM, 137 one by SIGKILL.
    assert stack.inspect("app", "{{.State.ExitCode}}") in ("0", "143")
    stack.compose("start", "app")
    stack.until_ready()


def test_the_image_alone_brings_its_own_database(stack: Stack) -> None:
    """No network, no settings: the app on its embedded PostgreSQL, without the help of Compose."""
    image = stack.inspect("app", "{{.Image}}")
    size = docker("image", "inspect", image, "-f", "{{.Size}}", environment=stack.environment).stdout
    show(f"image: {int(size) / 1e9:.2f} GB")
    name, port = f"{stack.name}-alone", free_port()
    publish = f"127.0.0.1:{port}:8501"
    started = docker("run", "-d", "--name", name, "--publish", publish, image, environment=stack.environment)
    try:
        assert started.returncode == 0, started.stderr
        alone = f"http://127.0.0.1:{port}/ready"

        def status() -> int:
            try:
                return httpx.get(alone, timeout=20).status_code
            except httpx.TransportError:
                return 0

        wait_until(lambda: status() == 200, 120, alone)
        start = time.monotonic()
        stopped = docker("stop", name, environment=stack.environment)
        assert stopped.returncode == 0, stopped.stderr
        assert time.monotonic() - start < 8, "it was killed, not asked"
    finally:
        docker("rm", "--force", "--volumes", name, environment=stack.environment)


def test_a_function_of_one_processor_soon_gives_its_first_answer(stack: Stack) -> None:
    """READ_ONLY, as behind Lambda's adapter or on Cloud Run: no database, nothing writable, a stateless caller."""
    name, port = f"{stack.name}-function", free_port()
    words = ("run", "--rm", "--detach", "--name", name, "--read-only", "--cpus", "1", "--env", "READ_ONLY=true")
    start = time.monotonic()
    publish = ("--publish", f"127.0.0.1:{port}:8501")
    started = docker(*words, *publish, stack.inspect("app", "{{.Image}}"), environment=stack.environment)
    try:
        assert started.returncode == 0, started.stderr

        def answer() -> dict[str, object] | None:
            try:
                url = f"http://127.0.0.1:{port}/api/predict"
                fields: dict[str, object] = httpx.post(url, files={"file": png(one())}, timeout=20).json()
            except httpx.TransportError:
                return None
            return fields

        fields = wait_until(answer, 60, "the first answer")
        took = time.monotonic() - start
        assert (fields["predicted_digit"], fields["id"]) == (1, None)
        show(f"start of the container to its first answer on one processor: {took:.1f} s")
        assert took < 20
    finally:
        docker("rm", "--force", name, environment=stack.environment)


def test_an_empty_password_is_refused_with_a_sentence(engine: Environment, tmp_path: Path) -> None:
    folder = fresh_copy(tmp_path)
    shutil.copy(folder / ".env.example", folder / ".env")
    refused = docker("compose", "up", "--build", environment=engine, folder=folder)
    assert refused.returncode != 0
    assert "DB_PASSWORD" in refused.stderr
    assert "please set it in .env" in refused.stderr


def test_the_build_sees_little_of_the_project(stack: Stack, tmp_path: Path) -> None:
    """An image of the build context alone, however much lies in the folder: under 5 MB."""
    (stack.folder / "backups").mkdir(exist_ok=True)
    (stack.folder / "backups/digits.dump.gz").write_bytes(secrets.token_bytes(20_000_000))
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text("FROM scratch\nCOPY . .\n")
    name = f"{stack.name}-context"
    words = ("build", "--quiet", "--tag", name, "--file", str(dockerfile), ".")
    built = docker(*words, environment=stack.environment, folder=stack.folder)
    assert built.returncode == 0, built.stderr
    size = int(docker("image", "inspect", name, "-f", "{{.Size}}", environment=stack.environment).stdout)
    docker("image", "rm", name, environment=stack.environment)
    show(f"build context: {size / 1e6:.1f} MB")
    assert size < 5e6


def test_the_image_says_what_it_is(stack: Stack) -> None:
    label = '{{index .Config.Labels "org.opencontainers.image.title"}}'
    assert stack.inspect("app", label) == "Digit reader"


def test_a_training_fits_into_the_apps_memory_and_is_refused_where_it_does_not(stack: Stack) -> None:
    """Compose's limit permits it beside the app itself; half of that does not, and the app says so."""
    probe = "import sys; sys.path.insert(0, 'src'); from feedback.memory import require_memory; require_memory()"
    permitted = stack.try_compose("exec", "-T", "app", "python", "-c", probe)
    assert permitted.returncode == 0, permitted.stderr
    words = ("run", "--rm", "--memory", "600m", stack.inspect("app", "{{.Image}}"), "python", "-c", probe)
    refused = docker(*words, environment=stack.environment)
    assert refused.returncode != 0
    assert "A training takes 800 MiB of memory" in refused.stderr
