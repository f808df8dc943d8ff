"""The project as Docker Compose runs it: a fresh copy of the repository, and the services of its folder."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx

from settings import ROOT
from support.pictures import one, png
from support.running_app import free_port, wait_until

HELPER = ROOT / "../shared/docker-engine/docker-up.sh"
"""Starts an engine on machines that have none; not part of the project, and used only where it is there."""

Environment = dict[str, str]
PROMOTION = (ROOT / "tests/support/promotion.py").read_text()


def docker(
    *words: str, environment: Environment, folder: Path | None = None, typed: str = ""
) -> subprocess.CompletedProcess[str]:
    """A docker command, run in a folder, with what a person would type into it."""
    return subprocess.run(
        ["docker", *words], cwd=folder, env=environment, input=typed, capture_output=True, text=True, check=False
    )


def show(figure: str) -> None:
    print(f"\n{figure}")  # noqa: T201 - `make test-docker` shows it


def promotion_reaches_all(replicas: list[str], environment: Environment) -> None:
    """Version 2 of the CNN is promoted in the first of three containers, and serves in each within two seconds."""

    def python(replica: str, word: str) -> list[str]:
        return ["docker", "exec", replica, "python", "-c", PROMOTION, word]

    waiting = [
        subprocess.Popen(python(each, "wait"), env=environment, stdout=subprocess.PIPE, text=True) for each in replicas
    ]
    time.sleep(2)
    promoted = float(subprocess.check_output(python(replicas[0], "promote"), env=environment, text=True))
    took = [float(each.communicate(timeout=60)[0]) - promoted for each in waiting]
    show(f"a promotion reached {len(took)} replicas after {max(took):.2f} s")
    assert len(took) == 3
    assert min(took) > 0, "it served before it was promoted"
    assert max(took) < 2


def answers(environment: Environment) -> bool:
    found = shutil.which("docker", path=environment["PATH"])
    return found is not None and docker("info", environment=environment).returncode == 0


def helpers_environment() -> Environment:
    file = Path(os.environ.get("TMPDIR", "/tmp")) / "docker-engine" / "env.sh"  # noqa: S108 - the helper's own choice
    if not file.exists():
        return dict(os.environ)
    listing = subprocess.check_output(["bash", "-c", f". '{file}' && env -0"], text=True)
    return dict(line.split("=", 1) for line in listing.split("\0") if line)


def without_settings(environment: Environment) -> Environment:
    """The environment beats .env, so nothing of it may be a setting of ours: these tests mean what .env says."""
    ours = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.M))
    return {name: value for name, value in environment.items() if name not in ours and not name.startswith("COMPOSE_")}


def fresh_copy(folder: Path) -> Path:
    """The project as a fresh clone has it, with the changes that are not committed yet."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert listed.returncode == 0, f"These tests need the git repository: {listed.stderr}"
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


class Stack:
    """The services of one project folder."""

    def __init__(self, folder: Path, engine: Environment) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.prometheus = ""
        self.name = f"digits-test-{secrets.token_hex(4)}"
        self.environment = engine | {"COMPOSE_PROJECT_NAME": self.name}
        shutil.copy(folder / ".env.example", folder / ".env")
        self.set("PORT", str(self.port))
        self.set("DB_PASSWORD", secrets.token_hex(24))

    def set(self, name: str, value: str) -> None:
        """Change a line of .env."""
        file = self.folder / ".env"
        text, changed = re.subn(rf"^{name}=.*$", f"{name}={value}", file.read_text(), flags=re.M)
        assert changed == 1, f".env.example has no line for {name}"
        file.write_text(text)

    def add(self, *overrides: str, profiles: str) -> None:
        """Add files to the compose file, by the middle of their names, and profiles."""
        files = ":".join(f"docker/docker-compose.{name}yml" for name in ("", *(f"{each}." for each in overrides)))
        self.set("COMPOSE_FILE", files)
        self.set("COMPOSE_PROFILES", profiles)

    def replicas(self) -> list[str]:
        """The ids of the app's containers that run."""
        return self.compose("ps", "--quiet", "app").split()

    def try_compose(self, *words: str) -> subprocess.CompletedProcess[str]:
        return docker("compose", *words, environment=self.environment, folder=self.folder)

    def compose(self, *words: str) -> str:
        done = self.try_compose(*words)
        assert done.returncode == 0, f"docker compose {' '.join(words)}: {done.stderr}"
        return done.stdout.strip()

    def try_shell(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-e", "-c", command], cwd=self.folder, env=self.environment, capture_output=True, text=True
        )

    def shell(self, command: str) -> str:
        """A command of DEPLOYMENT.md, as a person types it."""
        done = self.try_shell(command)
        assert done.returncode == 0, f"{command}: {done.stdout} {done.stderr}"
        return done.stdout

    def count(self, what: str) -> int:
        """A number that PostgreSQL finds."""
        return int(self.sql(f"SELECT {what}", {"id": ""}))

    def inspect(self, service: str, what: str) -> str:
        done = docker(
            "inspect", self.compose("ps", "--all", "--quiet", service), "-f", what, environment=self.environment
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def sql(self, statement: str, drawing: dict[str, Any]) -> str:
        """What PostgreSQL answers to a statement about one drawing, which is called :'id' in it."""
        words = (
            "compose",
            "exec",
            "-T",
            "db",
            "psql",
            "-U",
            "digits",
            "-d",
            "digits",
            "-At",
            "-v",
            f"id={drawing['id']}",
        )
        done = docker(*words, environment=self.environment, folder=self.folder, typed=statement)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def get(self, path: str) -> httpx.Response | None:
        try:
            return httpx.get(self.url + path, timeout=20, verify=False)  # noqa: S501 - Caddy's own authority
        except httpx.TransportError:
            return None

    def ready(self) -> bool:
        answer = self.get("/ready")
        return answer is not None and answer.status_code == 200

    def until_ready(self) -> None:
        wait_until(self.ready, 120, f"/ready of {self.url}")

    def read_a_one(self) -> dict[str, Any]:
        answer = httpx.post(self.url + "/api/predict", files={"file": png(one())}, timeout=30, verify=False)  # noqa: S501 - as above
        assert answer.status_code == 200, answer.text
        fields: dict[str, Any] = answer.json()
        return fields

    def rows_of(self, drawing: dict[str, Any]) -> int:
        return int(self.sql("SELECT count(*) FROM predictions WHERE drawing_id = :'id'", drawing))
