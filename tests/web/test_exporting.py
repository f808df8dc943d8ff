"""The download of the labelled drawings: for a signed-in administrator's own page, and nobody else.

Covers src/app_pages: exporting.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from types import SimpleNamespace

import httpx
import pyarrow.parquet as pq
import pytest
import torch
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from gateway.admins import ADMIN, Admins
from learning.dataset import Mnist, rows
from storage.database import Database, DatabaseAway
from storage.selection import Outcome, Selection
from support.collection import collect, is_approved
from web import exporting
from web.exporting import ExportQuery, export_path, export_routes

COUNT = 200


@dataclass
class Office:
    """An app whose administrator may be signed in."""

    client: TestClient
    admins: Admins

    def sign_in(self) -> None:
        cookie = self.admins.redeem(self.admins.sign_in("sesame", "127.0.0.1"))
        self.client.cookies.set(ADMIN.name, str(cookie))


@pytest.fixture
def office(database: Database, mnist: Mnist, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    collect(database, rows(mnist.test, torch.arange(COUNT)), COUNT)
    state = SimpleNamespace(database=database, settings=SimpleNamespace(read_only=False))
    admins = Admins("sesame")
    monkeypatch.setattr(exporting, "get_app_state", lambda: state)
    monkeypatch.setattr(exporting, "get_admins", lambda: admins)
    with TestClient(Starlette(routes=export_routes("/digits")), base_url="http://app/digits/") as client:
        yield Office(client, admins)


def test_an_administrator_gets_the_file(office: Office) -> None:
    office.sign_in()
    answer = office.client.get("export/idx")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="digits-idx.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        labels = sum(len(archive.read(name)) - 8 for name in archive.namelist() if "labels" in name)
        assert b"# Handwritten digits" in archive.read("README.md")
    assert labels == sum(map(is_approved, range(COUNT)))
    assert office.client.get("export/png").content[:2] == b"PK"


def test_the_filters_of_the_address_decide(office: Office) -> None:
    office.sign_in()
    answer = office.client.get("export/parquet", params={"label": 7, "source": "canvas", "unreviewed": "true"})
    found = pq.read_table(io.BytesIO(answer.content)).to_pylist()
    assert {(row["label"], row["source"]) for row in found} == {(7, "canvas")}


def test_nobody_else_gets_it(office: Office) -> None:
    assert office.client.get("export/idx").status_code == 403
    office.client.cookies.set(ADMIN.name, f"{'b' * 43}.{'c' * 43}")
    refused = office.client.get("export/idx")
    assert refused.status_code == 403
    assert "sign in" in refused.json()["detail"]
    office.client.cookies.clear()
    office.sign_in()
    for site in ("cross-site", "same-site"):
        assert office.client.get("export/idx", headers={"sec-fetch-site": site}).status_code == 403
    assert office.client.get("export/idx", headers={"sec-fetch-site": "same-origin"}).status_code == 200


def test_it_is_closed_where_there_are_no_administrators(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "get_admins", lambda: Admins(""))
    assert office.client.get("export/idx").status_code == 404
    nothing = SimpleNamespace(settings=SimpleNamespace(read_only=True))
    monkeypatch.setattr(exporting, "get_app_state", lambda: nothing)
    assert office.client.get("export/idx").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "label=11",
        "label=x",
        "read_as=-1",
        "visitor=me",
        "since=yesterday",
        "since=2026-03-01",
        "source=a'b",
        "version=0",
    ],
)
def test_a_wrong_filter_is_refused_by_its_name(office: Office, query: str) -> None:
    office.sign_in()
    refused = office.client.get(f"export/idx?{query}")
    assert refused.status_code == 422
    assert query.split("=")[0] in refused.json()["detail"]


def test_what_is_not_there_is_said(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.sign_in()
    assert office.client.get("export/csv").status_code == 404
    assert "no labelled drawing" in office.client.get("export/idx?version=77").json()["detail"]
    assert office.client.head("export/idx").status_code == 405

    def away(*_: object) -> None:
        raise DatabaseAway("The database is starting.")

    monkeypatch.setattr(exporting, "download", away)
    refused = office.client.get("export/idx")
    assert (refused.status_code, refused.json()) == (503, {"detail": "The database is starting."})
    monkeypatch.undo()


def test_there_is_one_at_a_time_and_each_makes_room(office: Office) -> None:
    office.sign_in()
    with office.client.stream("GET", "export/png") as first:
        assert first.status_code == 200
    assert office.client.get("export/png").status_code == 200
    with held():
        assert office.client.get("export/png").status_code == 503


@contextmanager
def held() -> Iterator[None]:
    """As while another export is under way."""
    with exporting._under_way:
        yield


def test_the_links_say_what_the_selection_says() -> None:
    chosen = Selection(
        "v" * 64, 3, 10, Outcome.WRONG, 0.1, 0.9, "canvas", "cnn", 2, *[datetime(2026, 3, 1, tzinfo=UTC)] * 2
    )
    assert all(getattr(chosen, field.name) is not None for field in fields(chosen))
    path, query = export_path("idx", chosen).split("?")
    assert path == "export/idx"
    assert "visitor" not in query
    params = dict(httpx.QueryParams(query))
    again = ExportQuery.model_validate(params).wanted.selection
    assert again == replace(chosen, visitor=None)
    assert export_path("png", Selection()) == "export/png"


def test_the_page_links_to_each_format() -> None:
    def script() -> None:
        from app_pages.exporting import export_links
        from storage.selection import Selection

        export_links(Selection(label=4))

    at = AppTest.from_function(script).run()
    assert not at.exception
    links = [each.proto.url for each in at.get("link_button")]
    assert links == [f"export/{format_}?label=4" for format_ in ("idx", "parquet", "png")]
