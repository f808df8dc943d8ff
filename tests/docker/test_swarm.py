"""The stack of a Docker Swarm on one machine: three replicas, one killed under load, a promotion, an update.

Run by `make test-docker`; left out where this engine already belongs to a swarm.
"""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Callable, Iterator
from functools import partial

import httpx
import pytest

from support.crowd import Crowd
from support.running_app import free_port, wait_until
from support.stack import Environment, Stack, docker, fresh_copy, promotion_reaches_all, show

pytestmark = [pytest.mark.docker, pytest.mark.timeout(3600)]


class Swarm(Stack):
    """The same services, as tasks of a stack."""

    def containers(self, service: str) -> list[str]:
        """The ids of a service's containers that run here."""
        wanted = f"label=com.docker.swarm.service.name={self.name}_{service}"
        return docker("ps", "--quiet", "--filter", wanted, environment=self.environment).stdout.split()

    def count(self, what: str) -> int:
        (database,) = self.containers("db")
        command = ("exec", database, "psql", "-U", "digits", "-d", "digits", "-Atc", f"SELECT {what}")
        done = docker(*command, environment=self.environment)
        assert done.returncode == 0, done.stderr
        return int(done.stdout.split()[-1])

    def gone(self) -> bool:
        """Whether nothing of the stack is left that holds a volume or a network."""
        wanted = f"label=com.docker.stack.namespace={self.name}"
        found = [
            docker(*words, "--quiet", "--filter", wanted, environment=self.environment).stdout
            for words in (("ps", "--all"), ("network", "ls"))
        ]
        return not any(found)


@pytest.fixture(scope="module")
def swarm(engine: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swarm]:
    state = docker("info", "-f", "{{.Swarm.LocalNodeState}}", environment=engine).stdout.strip()
    if state != "inactive":
        pytest.skip("This engine already belongs to a swarm.")
    swarm = Swarm(fresh_copy(tmp_path_factory.mktemp("swarm")), engine)
    swarm.add("https", "swarm", profiles="https")
    https = free_port()
    image = f"{swarm.name}:1"
    for name, value in (("HTTP_PORT", str(free_port())), ("HTTPS_PORT", str(https)), ("APP_REPLICAS", "3")):
        swarm.set(name, value)
    for name in ("API_RATE_LIMIT", "LABEL_RATE"):
        swarm.set(name, "")
    swarm.set("IMAGE", image)
    swarm.url = f"https://localhost:{https}"
    swarm.shell(f"docker build --quiet --file docker/Dockerfile --tag {image} .")
    swarm.shell("docker swarm init --advertise-addr 127.0.0.1")
    try:
        swarm.shell('docker node update --label-add database=true "$(docker node ls --quiet)"')
        swarm.shell(f"docker/swarm.sh {swarm.name}")
        wait_until(lambda: len(swarm.containers("app")) == 3, 60, "three replicas")
        swarm.until_ready()
        yield swarm
    finally:
        swarm.try_shell(f"docker stack rm {swarm.name}")
        wait_until(swarm.gone, 60, "the end of the stack")
        swarm.try_shell(f"docker volume ls --quiet --filter name={swarm.name} | xargs -r docker volume rm --force")
        swarm.try_shell("docker swarm leave --force")
        for tag in ("1", "2"):
            docker("image", "rm", f"{swarm.name}:{tag}", environment=swarm.environment)


def succeeds(command: Callable[[], subprocess.CompletedProcess[str]]) -> bool:
    return command().returncode == 0


def acknowledged_and_there(swarm: Swarm, crowd: Crowd) -> None:
    assert crowd.failed == []
    assert crowd.labelled
    ids = ",".join(f"'{drawing}'" for drawing in crowd.labelled)
    there = f"count(*) FROM predictions WHERE true_label = 1 AND drawing_id IN ({ids})"
    wait_until(lambda: swarm.count(there) == len(crowd.labelled), 30, "every acknowledged label in the database")
    show(f"{len(crowd.labelled)} labels acknowledged, all of them there")


def test_visitors_spread_over_three_replicas(swarm: Swarm) -> None:
    def replica() -> str:
        return httpx.get(f"{swarm.url}/health", verify=False).cookies["digit_reader_replica"]  # noqa: S501

    wait_until(lambda: len({replica() for _ in range(12)}) == 3, 60, "three replicas behind Caddy")


def test_a_replica_killed_under_load_loses_no_label_and_is_replaced(swarm: Swarm) -> None:
    victim = swarm.containers("app")[0]
    with Crowd(swarm.url) as crowd:
        crowd.more(50)
        docker("kill", victim, environment=swarm.environment)
        crowd.more(150)
    acknowledged_and_there(swarm, crowd)
    wait_until(lambda: len(swarm.containers("app")) == 3, 60, "a third replica")
    assert victim not in swarm.containers("app")


def test_a_promotion_reaches_every_replica_within_two_seconds(swarm: Swarm) -> None:
    (database,) = swarm.containers("db")
    statement = (
        "INSERT INTO model_versions (model, version, weights, sha256, metrics, parent, status) "
        "SELECT model, 2, weights, sha256, metrics, 1, 'retired' FROM model_versions WHERE model = 'cnn'"
    )
    docker("exec", database, "psql", "-U", "digits", "-d", "digits", "-c", statement, environment=swarm.environment)
    replicas = swarm.containers("app")
    for each in replicas:
        probe = "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/ready')"
        command = partial(docker, "exec", each, "python", "-c", probe, environment=swarm.environment)
        wait_until(partial(succeeds, command), 60, "/ready")
    promotion_reaches_all(replicas, swarm.environment)


def test_an_update_under_load_drops_nothing(swarm: Swarm) -> None:
    before = set(swarm.containers("app"))
    image = f"{swarm.name}:2"
    revision = secrets.token_hex(4)
    swarm.shell(f"docker build --quiet --file docker/Dockerfile --build-arg REVISION={revision} --tag {image} .")
    swarm.set("IMAGE", image)
    with Crowd(swarm.url) as crowd:
        crowd.more(20)
        swarm.shell(f"docker/swarm.sh {swarm.name}")

        def replaced() -> bool:
            now = swarm.containers("app")
            return len(now) == 3 and not before & set(now)

        wait_until(replaced, 200, "three new replicas")
        crowd.more(20)
    acknowledged_and_there(swarm, crowd)
