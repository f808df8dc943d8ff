"""Covers docker/nginx.conf: a real nginx with it in front of the running app."""

from __future__ import annotations

import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator

import httpx
import pytest
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from gateway.bodies import MAX_BODY
from settings import ROOT
from support.pictures import one, png
from support.running_app import RunningApp, free_port, wait_until

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed (apt install nginx-light)")
NAME = "digits.example.org"


@pytest.fixture(scope="module")
def proxied(app: RunningApp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app's address behind nginx; only paths, ports and certificates are other ones than in the file."""
    folder = tmp_path_factory.mktemp("nginx")
    key, certificate = folder / "privkey.pem", folder / "fullchain.pem"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}"]
    subprocess.run([*words, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    plain, secure = free_port(), free_port()
    site = (ROOT / "docker/nginx.conf").read_text()
    site = re.sub(r"listen \[::\]:\d+.*\n", "", site)
    site = site.replace("listen 80;", f"listen 127.0.0.1:{plain};").replace("listen 443", f"listen 127.0.0.1:{secure}")
    site = site.replace(f"/etc/letsencrypt/live/{NAME}", str(folder)).replace(
        "127.0.0.1:8501", app.url[len("http://") :]
    )
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    scratch = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    whole = f"pid {folder}/pid; daemon off; events {{}} http {{ access_log off; {scratch} {site} }}"
    if os.geteuid() == 0:
        whole = f"user root; {whole}"
    file = folder / "nginx.conf"
    file.write_text(whole)
    command = [str(NGINX), "-e", str(folder / "error.log"), "-c", str(file)]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert "warn" not in checked.stderr
    process = subprocess.Popen(command)
    url = f"https://127.0.0.1:{secure}"
    try:
        wait_until(lambda: reachable(url), 20, "nginx")
        yield url
    finally:
        process.terminate()
        process.wait(20)


def reachable(url: str) -> bool:
    try:
        return get(url, "/health").status_code == 200
    except httpx.TransportError:
        return False


def get(url: str, path: str) -> httpx.Response:
    return httpx.get(url + path, headers={"Host": NAME}, verify=False)  # noqa: S501 - the test's own certificate


def test_pictures_are_read_and_large_ones_refused(proxied: str) -> None:
    with httpx.Client(base_url=proxied, verify=False) as client:  # noqa: S501 - as above
        assert client.post("/api/predict", files={"file": png(one())}).json()["predicted_digit"] == 1
        assert client.post("/api/predict", files={"file": bytes(MAX_BODY * 6 // 5)}).status_code == 413


@pytest.mark.parametrize("path", ["/metrics", "/METRICS", "/metrics/", "//metrics", "/%6detrics", "/digits/metrics"])
def test_the_metrics_are_closed(proxied: str, path: str) -> None:
    assert get(proxied, path).status_code == 404


def test_answers_have_the_apps_security_headers_once(proxied: str) -> None:
    headers = get(proxied, "/").headers
    assert headers.get_list("strict-transport-security") == ["max-age=31536000"]
    (policy,) = headers.get_list("content-security-policy")
    assert "frame-ancestors 'self'" in policy


def test_the_pages_websocket_passes(proxied: str) -> None:
    unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    address = proxied.replace("https", "wss") + "/_stcore/stream"
    with connect(address, ssl=unchecked, origin=Origin(proxied), subprotocols=[Subprotocol("streamlit")]) as socket:
        assert socket.protocol.state.name == "OPEN"
