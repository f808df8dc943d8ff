"""There is one limit to what is uploaded: what stands before the app lets through what it takes, and little more.

Covers src/frames: images (MAX_MEGABYTES), and src/gateway: bodies (MAX_BODY).
"""

from __future__ import annotations

import re

import pytest

from frames.images import FORMAT_NAMES, MAX_BYTES, MAX_MEGABYTES, MAX_PIXELS, SIZE_LIMIT
from gateway.bodies import MAX_BODY
from settings import ROOT
from web.api import api

# Each place where a size of a request is set, how it says so, and what its unit means there.
PROXIES = {
    "docker/Caddyfile": (r"(?:max_size|request_buffers) (\d+)MB", 10**6, 2),
    "docker/nginx.conf": (r"client_max_body_size (\d+)m;", 2**20, 1),
    "DEPLOYMENT.md": (r"client_max_body_size (\d+)m;|refuses requests over (\d+) MB", 10**6, 2),
}


@pytest.mark.parametrize("file", PROXIES)
def test_a_proxy_lets_through_what_the_app_takes(file: str) -> None:
    pattern, unit, places = PROXIES[file]
    sizes = [int(next(filter(None, found.groups()))) for found in re.finditer(pattern, (ROOT / file).read_text())]
    assert len(sizes) == places
    for size in sizes:
        assert MAX_BODY <= size * unit < 1.1 * MAX_BODY


@pytest.mark.parametrize("file", ["docker/Caddyfile", "docker/nginx.conf"])
def test_a_proxy_says_how_large_a_picture_may_be(file: str) -> None:
    assert f"The largest picture has {SIZE_LIMIT};" in (ROOT / file).read_text()


def test_a_picture_of_the_largest_size_fits_as_percent_encoded_base64() -> None:
    base64 = MAX_BYTES * 4 / 3
    assert base64 * (1 + 2 * 3 / 64) < MAX_BODY  # plus and slash of 64 signs, each two longer, and some room


def test_the_documents_have_the_formats_and_the_limits() -> None:
    readme = (ROOT / "README.md").read_text()
    assert f"reads a picture: {FORMAT_NAMES}, at most {SIZE_LIMIT}" in readme
    assert f"at most {MAX_PIXELS // 1_000_000} megapixels" in readme
    schema = str(api.openapi())
    assert schema.count(f"{FORMAT_NAMES}, at most {SIZE_LIMIT}.") == 3  # predict, its base64, read
    assert f"{MAX_MEGABYTES} MB" == SIZE_LIMIT
