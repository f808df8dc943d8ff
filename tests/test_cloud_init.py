"""docker/cloud-init.yaml: what cloud-init accepts, and a script that installs the app without giving a secret away."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from settings import ROOT

FILE = ROOT / "docker/cloud-init.yaml"
CONFIG: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SCRIPT: dict[str, Any] = CONFIG["write_files"][1]


def test_it_is_a_cloud_config_that_installs_the_app_at_the_first_start() -> None:
    assert FILE.read_text().startswith("#cloud-config\n"), "cloud-init takes it for something else without this line"
    assert FILE.stat().st_size < 16_384, "Amazon takes no more"
    assert CONFIG["runcmd"] == [SCRIPT["path"]]
    assert SCRIPT["permissions"] == "0700"
    assert CONFIG["package_upgrade"] is True
    assert {"ufw", "unattended-upgrades", "git", "openssl", "curl"} <= set(CONFIG["packages"])
    assert 'Unattended-Upgrade "1"' in CONFIG["write_files"][0]["content"]
    assert CONFIG["ssh_pwauth"] is False


def test_the_schema_of_cloud_init_accepts_it() -> None:
    if not (command := shutil.which("cloud-init")):
        pytest.skip("The command cloud-init is not installed here.")
    done = subprocess.run(
        [command, "schema", "--config-file", str(FILE)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def installed(folder: Path, system: str = "debian", domain: str = "") -> subprocess.CompletedProcess[str]:
    """The script run on a machine of paper: its folders lie under `folder`, and its commands write down their calls."""
    commands = folder / "bin"
    commands.mkdir(parents=True, exist_ok=True)
    for name in ("curl", "apt-get", "ufw", "docker", "dpkg", "git"):
        body = 'cp "$EXAMPLE" "$5/.env.example"' if name == "git" else ""
        make = 'mkdir -p "$5"\n' if name == "git" else ""
        (commands / name).write_text(f'#!/bin/sh\necho {name} "$@" >> "$CALLS"\n{make}{body}\n')
        (commands / name).chmod(0o755)
    etc = folder / "etc"
    (etc / "apt/sources.list.d").mkdir(parents=True, exist_ok=True)
    (etc / "os-release").write_text(f"ID={system}\nVERSION_CODENAME=bookworm\n")
    text = re.sub(r"(?<![\w.])/etc/", f"{etc}/", SCRIPT["content"]).replace("/opt/", f"{folder}/opt/")
    environment = {
        "PATH": f"{commands}:/usr/bin:/bin",
        "CALLS": str(folder / "calls"),
        "EXAMPLE": str(ROOT / ".env.example"),
    }
    return subprocess.run(
        ["sh", "-c", text.replace("DOMAIN=\n", f"DOMAIN={domain}\n", 1)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def values(folder: Path) -> dict[str, str]:
    file = folder / "opt/digit-reader/.env"
    assert file.stat().st_mode & 0o777 == 0o600
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", file.read_text(), re.M))


def test_a_fresh_server_gets_passwords_of_its_own_and_keeps_them(tmp_path: Path) -> None:
    done = installed(tmp_path)
    assert done.returncode == 0, done.stderr
    first = values(tmp_path)
    passwords = {first["DB_PASSWORD"], first["ADMIN_PASSWORD"]}
    assert len(passwords) == 2
    assert all(re.fullmatch("[0-9a-f]{48}", each) for each in passwords)
    assert first["BIND"] == "127.0.0.1", "without a name only the server itself reaches the app"
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls[-1] == "docker compose up -d --build --wait"
    assert calls.index("ufw allow OpenSSH") < calls.index("ufw --force enable"), "or nobody gets in again"
    assert not any(each in done.stdout + done.stderr + "\n".join(calls) for each in passwords)

    assert installed(tmp_path).returncode == 0
    assert values(tmp_path) == first, "a second run changes nothing"


def test_with_a_name_it_serves_by_https(tmp_path: Path) -> None:
    assert installed(tmp_path, domain="digits.example.com").returncode == 0
    assert values(tmp_path)["DOMAIN"] == "digits.example.com"
    assert "https" in values(tmp_path)["COMPOSE_PROFILES"]


def test_another_system_is_told_so_before_anything_is_installed(tmp_path: Path) -> None:
    done = installed(tmp_path, system="fedora")
    assert done.returncode == 1
    assert "This is fedora" in done.stderr
    assert not (tmp_path / "calls").exists()
