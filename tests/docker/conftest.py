"""A Docker engine for the tests in this folder: the machine's own, or one that is started for them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from support.stack import HELPER, Environment, answers, helpers_environment, without_settings


@pytest.fixture(scope="session")
def engine() -> Iterator[Environment]:
    """The environment in which `docker` answers."""
    for environment in (dict(os.environ), helpers_environment()):
        if answers(environment):
            yield without_settings(environment)
            return
    if HELPER.exists() and os.geteuid() == 0:
        subprocess.run([HELPER, "python:3.12-slim", "postgres:17", "caddy:2"], check=True)
        yield without_settings(helpers_environment())
        subprocess.run([HELPER, "stop"], check=True)
        return
    reason = "No Docker engine answers: install one, or let this user reach it (`docker info` says why)."
    assert os.environ.get("CI") != "true", reason
    pytest.skip(reason)
