"""The locks: every package has one version and its checksums, and is installed, built and tested in that version."""

from __future__ import annotations

import os
import re
import subprocess
from importlib.metadata import distributions
from pathlib import Path
from urllib.error import URLError

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from settings import ROOT
from support import torch_wheels
from support.torch_wheels import lines, pinned, write

LOCKS = ("packages.lock", "torch-pypi.lock")
TOOLS = {"pip", "uv"}  # what installs the others; the Makefile has uv's version


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def entries(name: str) -> list[tuple[Requirement, list[str]]]:
    """Each package of a lock, with its checksums."""
    made = []
    for line in re.sub(r" *\\\n *", " ", read(f"locks/{name}")).splitlines():
        if line and not line.startswith("#"):
            requirement, *hashes = line.split(" --hash=sha256:")
            made.append((Requirement(requirement), hashes))
    return made


def here() -> dict[str, str]:
    """The version that the locks have of each package for this Python and system."""
    return {
        canonicalize_name(each.name): str(each.specifier).removeprefix("==")
        for name in LOCKS
        for each, _ in entries(name)
        if each.marker is None or each.marker.evaluate()
    }


def named(file: str) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version in re.findall(r"^([\w-]+)==(\S+)$", read(file), re.M)}


def test_every_package_has_one_version_and_checksums() -> None:
    for name in LOCKS:
        assert entries(name)
        for requirement, hashes in entries(name):
            assert re.fullmatch(r"==[\w.+]+", str(requirement.specifier)), f"{requirement} floats"
            assert hashes, f"{requirement} has no checksum"
            assert all(re.fullmatch(r"[0-9a-f]{64}", each) for each in hashes)


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_the_locks_have_what_the_requirements_name(file: str) -> None:
    asked = named(file)
    assert len(asked) > 15
    missing = {name: version for name, version in asked.items() if here().get(name) != version}
    assert missing == {}, "run `make lock`"


def test_what_is_installed_is_what_the_locks_have() -> None:
    installed = {canonicalize_name(each.metadata["Name"]): each.version for each in distributions()}
    locked = here()
    floating = {name for name in installed if name not in locked} - TOOLS
    assert floating == set(), "installed, and in no lock"
    other = {
        name: (version, locked[name])
        for name, version in installed.items()
        if name in locked and Version(version).public != Version(locked[name]).public  # torch's CPU build is 2.15.0+cpu
    }
    assert other == {}, "installed, and in another version than the locks have: run `make install-dev`"


def test_torch_comes_from_one_place_with_the_other_packages_locked_alike() -> None:
    """The first try must not have PyPI's checksums of torch: PyTorch's own index has other files of that version."""
    assert {each.name for each, _ in entries("torch-pypi.lock")} == {"torch", "torchvision"}
    assert not {each.name for each, _ in entries("packages.lock")} & {"torch", "torchvision"}
    assert any(each.name.startswith("nvidia-") for each, _ in entries("packages.lock")), "PyPI's torch needs CUDA's"


@pytest.mark.parametrize("file", ["Makefile", "docker/Dockerfile"])
def test_whatever_installs_goes_by_the_locks(file: str) -> None:
    installs = read(file).split("uv pip install")[1:]
    assert len(installs) == 2, "from PyTorch's own index, and from PyPI"
    for each in installs:
        assert "locks/packages.lock" in each
    assert "--torch-backend=" in installs[0]
    assert "--require-hashes" in installs[1]
    assert "locks/torch-pypi.lock" in installs[1]
    assert "locks/torch-cpu.lock" in read(file)
    assert "pytorch.org" in read(file), "any other error is final"


# --- The wheels of PyTorch's own index --------------------------------------------------------------------------------

PAGE = """<!DOCTYPE html><html><body>
<a href="/whl/cpu/NAME-VERSION%2Bcpu-cp311-cp311-manylinux_2_28_x86_64.whl#sha256=AAAA">NAME-VERSION+cpu</a><br/>
<a href="/whl/cpu/NAME-VERSION%2Bcpu-cp311-cp311-manylinux_2_28_aarch64.whl#sha256=BBBB">NAME-VERSION+cpu</a><br/>
<a href="/whl/cpu/NAME-VERSION-cp311-none-macosx_11_0_arm64.whl#sha256=CCCC" data-dist-info-metadata="x">mac</a><br/>
<a href="/whl/cpu/NAME-1.0.0%2Bcpu-cp311-cp311-linux_x86_64.whl#sha256=DDDD">an old one</a><br/>
<a href="/whl/cpu/NAME-VERSION.1%2Bcpu-cp311-cp311-linux_x86_64.whl#sha256=DDDD">a new one</a><br/>
</body></html>"""


def page(name: str, version: str) -> str:
    made = PAGE.replace("NAME", name).replace("VERSION", version)
    return re.sub(r"sha256=([A-D])\w+", lambda found: "sha256=" + found[1].lower() * 64, made)


def test_the_checksums_of_the_cpu_builds_are_read_from_the_index(tmp_path: Path) -> None:
    versions = pinned()
    assert versions == {name: here()[name] for name in ("torch", "torchvision")}
    said = write(tmp_path / "torch-cpu.lock", lambda url: page(url.split("/")[-2], versions[url.split("/")[-2]]))
    assert said == "torch-cpu.lock was written."
    written = (tmp_path / "torch-cpu.lock").read_text().splitlines()
    assert written[1:7] == [
        f"torch=={versions['torch']} ; sys_platform != 'linux' \\",
        f"    --hash=sha256:{'c' * 64}",
        f"torch=={versions['torch']}+cpu ; sys_platform == 'linux' \\",
        f"    --hash=sha256:{'a' * 64} \\",
        f"    --hash=sha256:{'b' * 64}",
        f"torchvision=={versions['torchvision']} ; sys_platform != 'linux' \\",
    ]
    with pytest.raises(LookupError, match=r"no checksums of torch 9\.9"):
        lines("torch", "9.9", page("torch", versions["torch"]))


def test_where_the_index_cannot_be_reached_old_checksums_stay_only_for_the_same_versions(tmp_path: Path) -> None:
    def away(_url: str) -> str:
        raise URLError("no route to host")

    lock = tmp_path / "torch-cpu.lock"
    assert write(lock, away).startswith("torch-cpu.lock was not written: ")
    lock.write_text("".join(f"{name}=={version}+cpu\n" for name, version in pinned().items()))
    assert write(lock, away).startswith("torch-cpu.lock was left as it is: ")
    assert lock.exists()
    lock.write_text("torch==1.0.0+cpu\ntorchvision==1.0.0+cpu\n")
    assert write(lock, away).startswith("torch-cpu.lock was not written: ")
    assert not lock.exists(), "nothing could be installed with it"
    assert torch_wheels.INDEX.startswith("https://")


# --- Images and workflows ---------------------------------------------------------------------------------------------


def workflow(name: str) -> str:
    return read(f".github/workflows/{name}.yml")


def test_each_image_can_be_given_with_its_digest() -> None:
    """A variable each, whose default is the tag; docker/digests.sh prints all of them."""
    compose = read("docker/docker-compose.yml")
    images = dict(re.findall(r"\$\{([A-Z]+_IMAGE):-([^}]+)\}", compose))
    assert images.keys() == {f"{name}_IMAGE" for name in ("PYTHON", "POSTGRES", "CADDY", "PROMETHEUS", "GRAFANA")}
    tags = re.findall(r"^    image: (.*)$", compose, re.M)
    assert all("IMAGE" in each or each == "digit-reader-training:latest" for each in tags), "a tag without a variable"
    assert f"ARG PYTHON_IMAGE={images['PYTHON_IMAGE']}\n" in read("docker/Dockerfile")


def test_the_digests_of_all_images_are_printed_as_lines_for_the_settings(tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\n[ "$1 $2 $3" = "buildx imagetools inspect" ] && echo "sha256:0123"\n')
    docker.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    told = subprocess.run([ROOT / "docker/digests.sh"], env=environment, capture_output=True, text=True, check=True)
    found = dict(line.split("=", 1) for line in told.stdout.splitlines())
    settings = dict(re.findall(r"^([A-Z]+_IMAGE)=(.*)$", read(".env.example"), re.M))
    assert found == {name: f"{image}@sha256:0123" for name, image in settings.items()}


def test_a_release_is_built_on_a_digest_and_says_what_is_in_it() -> None:
    release = yaml.safe_load(workflow("release"))
    steps = release["jobs"]["publish"]["steps"]
    (build,) = [each["with"] for each in steps if each.get("uses", "").startswith("docker/build-push-action@")]
    assert build["sbom"] is True
    assert build["provenance"] == "mode=max"
    assert "PYTHON_IMAGE=${{ steps.images.outputs.PYTHON_IMAGE }}" in build["build-args"]
    assert any("docker/digests.sh" in each.get("run", "") for each in steps)


def test_only_the_locks_workflow_writes_to_the_repository_and_only_by_hand() -> None:
    for file in (ROOT / ".github/workflows").glob("*.yml"):
        loaded = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert loaded["permissions"] == {"contents": "read"}, file.name
        writes = [job for job in loaded["jobs"].values() if job.get("permissions", {}).get("contents") == "write"]
        assert len(writes) == (file.name == "lock.yml")
    assert list(yaml.safe_load(workflow("lock"))[True]) == ["workflow_dispatch"]  # YAML takes `on` for true
    assert "make lock" in workflow("lock")


def test_newer_versions_are_proposed_for_packages_images_and_actions() -> None:
    updates = yaml.safe_load(read(".github/dependabot.yml"))["updates"]
    assert {each["package-ecosystem"] for each in updates} == {"pip", "docker", "docker-compose", "github-actions"}
    for each in updates:
        assert (ROOT / each["directory"].lstrip("/")).is_dir()


def test_the_audit_looks_at_everything_that_is_installed() -> None:
    for lock in LOCKS:
        assert f"locks/{lock}" in workflow("ci")
