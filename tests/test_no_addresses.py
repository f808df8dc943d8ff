"""Nobody's address or browser is stored or logged: not in the database, the log, or any file of DATA_DIR."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import httpx
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from settings import ROOT
from support.pictures import one, png
from support.running_app import RunningApp

ADDRESS, FORWARDED, BROWSER = "127.0.0.77", "203.0.113.77", "Peculiar-Browser/77"
HEADERS = {"user-agent": BROWSER, "x-forwarded-for": FORWARDED, "accept": "text/html"}


def test_neither_an_address_nor_a_user_agent_is_kept(app: RunningApp) -> None:
    visit(app)
    written = app.log.read_text()
    assert "INFO" in written, "a log that says nothing would prove nothing"
    dumped = everything_stored(app)
    assert "canvas" in dumped or "api" in dumped
    for each in (ADDRESS, FORWARDED, BROWSER):
        assert each not in written, "the log has it"
        assert each not in dumped, "the database has it"
        assert [file for file in files(app.data_dir) if each.encode() in file.read_bytes()] == []


def visit(app: RunningApp) -> None:
    """A page, a page's socket, a drawing, a label, and what is refused, all from one address and browser."""
    transport = httpx.HTTPTransport(local_address=ADDRESS)
    with httpx.Client(base_url=app.url, transport=transport, headers=HEADERS, timeout=30) as client:
        assert client.get("/").status_code == 200
        answer = client.post("/api/predict", files={"file": png(one())}).json()
        assert client.post("/api/feedback", json={"id": answer["id"], "label": 1}).status_code == 200
        assert client.post("/api/predict", files={"file": b"no picture"}).status_code == 400
        assert client.get("/api/nothing").status_code == 404
    address = app.url.replace("http", "ws") + "/_stcore/stream"
    with connect(
        address,
        source_address=(ADDRESS, 0),
        origin=Origin(app.url),
        user_agent_header=BROWSER,
        subprotocols=[Subprotocol("streamlit")],
    ):
        pass  # opened, and closed again


def everything_stored(app: RunningApp) -> str:
    """Every row of every table, as text."""
    tables = app.sql(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' "
        "AND table_type = 'BASE TABLE' AND table_name <> 'model_versions'"
    )
    rows = [app.sql(f'SELECT to_jsonb(t)::text FROM "{table}" t') for (table,) in tables]  # noqa: S608 - our own tables
    return "\n".join(text for each in rows for (text,) in each)


def files(folder: Path) -> list[Path]:
    """What the app has written beside PostgreSQL's own tables, which were looked at."""
    return [file for file in folder.rglob("*") if file.is_file() and "base" not in file.parts]


def test_no_column_has_room_for_an_address() -> None:
    """Whoever adds one sees this."""
    columns = re.findall(
        r"^\s+(?:ADD )?(\w+)\s+(\w+)", "\n".join(map(read, sorted((ROOT / "sql").glob("*.sql")))), re.M
    )
    named = {name for name, _ in columns}
    assert {"visitor", "created_at"} <= named
    assert {
        name for name in named if re.search(r"(^|_)(ip|addr\w*|agent|host|client|browser|referr?er)($|_)", name)
    } == set()
    assert {kind for _, kind in columns} & {"inet", "cidr", "macaddr"} == set()


def test_streamlit_tells_nobody_of_its_use_and_proxies_keep_no_access_log() -> None:
    config = tomllib.loads(read(ROOT / "src/.streamlit/config.toml"))
    assert config["browser"]["gatherUsageStats"] is False
    assert len(re.findall(r"^    access_log off;$", read(ROOT / "docker/nginx.conf"), re.M)) == 2, "one in each server"
    caddy = read(ROOT / "docker/Caddyfile")
    assert len(re.findall(r"^\s*log\b", caddy, re.M)) == 1, "what fails is logged, and nothing else"
    deleted = set(re.findall(r"^\s+request>(\w+) delete$", caddy, re.M))
    assert deleted == {"remote_ip", "remote_port", "client_ip", "headers"}, "without who asked"


def read(file: Path) -> str:
    return file.read_text(encoding="utf-8")
