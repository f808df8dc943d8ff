"""What is kept of a visitor, as that visitor sees it and downloads it: all of it, and nobody else's.

Covers src/web: downloads.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from limits.strategies import MovingWindowRateLimiter
from starlette.applications import Starlette
from starlette.testclient import TestClient

import logger
from datasets import own_data as packing
from datasets.own_data import FIELDS
from gateway.rates import RecentCalls
from gateway.visitors import COOKIE, visitor_of
from storage import hands
from storage.database import Database, DatabaseAway
from storage.own_data import BATCH, Summary, summary
from storage.writer import Writer
from support.labelling import reading, say
from support.rows import YOU, everything, insert
from web import own_data
from web.own_data import PATH, own_data_routes

MINE = "m" * 43
ME = str(visitor_of(SimpleNamespace(cookies={COOKIE: MINE})))  # type: ignore[arg-type]


@pytest.fixture
def client(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A browser with my cookie."""
    state = SimpleNamespace(database=database, settings=SimpleNamespace(read_only=False))
    monkeypatch.setattr(own_data, "get_app_state", lambda: state)
    monkeypatch.setattr(own_data, "_limiter", MovingWindowRateLimiter(RecentCalls()))
    with TestClient(Starlette(routes=own_data_routes("/digits")), base_url="http://app/digits/") as client:
        client.cookies.set(COOKIE, MINE)
        yield client


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_everything_of_mine_is_in_it_and_nothing_of_yours(
    client: TestClient, database: Database, writer: Writer
) -> None:
    drawing, _ = say(writer, 4, ME, strokes="[[[1.5, 2.0], [3.25, 4.0]]]", pen_width=0.1)
    logger.log_label(writer, drawing, 9, "admin").result(20)
    unlabelled = reading(visitor=ME)
    logger.log_prediction(writer, unlabelled).result(20)
    yours, _ = say(writer, 4, YOU)
    hands.enable(writer, ME, False).result(20)
    answer = client.get(PATH)
    assert answer.headers["content-disposition"] == 'attachment; filename="my-digits.zip"'
    assert answer.headers["cache-control"] == "no-store"
    files = unpacked(answer.content)
    pictures = {f"drawings/{each}.png" for each in (drawing, unlabelled.drawing_id)}
    assert files.keys() == {"README.txt", "hand.json", "drawings.jsonl"} | pictures
    assert files[f"drawings/{unlabelled.drawing_id}.png"] == unlabelled.image
    newest, oldest = map(json.loads, files["drawings.jsonl"].splitlines())
    assert newest["drawing_id"] == str(unlabelled.drawing_id)
    assert newest["changes"] == []
    assert (oldest["true_label"], oldest["strokes"], oldest["visitor"]) == (9, [[[1.5, 2.0], [3.25, 4.0]]], ME)
    assert [(change["who"], change["old_label"], change["new_label"]) for change in oldest["changes"]] == [
        (ME, None, 4),
        ("admin", 4, 9),
    ]
    assert json.loads(files["hand.json"]) == {"adapts": False, "forgotten_at": None}
    assert str(yours).encode() not in b"".join(files.values())
    assert newest.keys() - {"changes"} == FIELDS.keys()


def test_every_column_is_given_out_and_explained(database: Database) -> None:
    with database.transaction() as cursor:
        cursor.execute("SELECT column_name FROM information_schema.columns WHERE table_name = 'predictions'")
        columns = {name for (name,) in cursor.fetchall()}
    assert columns - {"id", "image"} == FIELDS.keys()


def test_more_than_a_batch_is_complete_and_a_file_has_its_limit(
    client: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = insert(database, BATCH + 3, visitor=ME)
    assert len(unpacked(client.get(PATH).content)["drawings.jsonl"].splitlines()) == len(made)
    monkeypatch.setattr(packing, "MOST", BATCH + 1)
    files = unpacked(client.get(PATH).content)
    assert len(files) == BATCH + 1 + 3
    assert f"drawings/{made[0]}.png" not in files, "the newest are in it"


def test_the_cookie_decides_and_other_pages_get_nothing(client: TestClient, database: Database) -> None:
    insert(database, visitor=ME)
    for site in ("cross-site", "same-site"):
        assert client.get(PATH, headers={"sec-fetch-site": site}).status_code == 403
    assert client.head(PATH).status_code == 405
    client.cookies.set(COOKIE, "n" * 43)
    assert unpacked(client.get(PATH).content)["drawings.jsonl"] == b""
    client.cookies.clear()
    refused = client.get(f"{PATH}?visitor={ME}")
    assert (refused.status_code, refused.json()["detail"][:22]) == (404, "Nothing is kept of you")


def test_it_is_limited_in_rate_and_number(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(own_data.AT_ONCE):
        own_data._under_way.acquire()
    busy = client.get(PATH)
    for _ in range(own_data.AT_ONCE):
        own_data._under_way.release()
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "60")
    codes = [client.get(PATH).status_code for _ in range(own_data.AN_HOUR.amount + 1)]
    assert codes == [200] * own_data.AN_HOUR.amount + [429], "each makes room for the next, up to the rate"
    assert 3500 < int(client.get(PATH).headers["retry-after"]) <= 3600

    def away(*_: object) -> None:
        raise DatabaseAway("The database is starting.")

    monkeypatch.setattr(own_data, "_limiter", MovingWindowRateLimiter(RecentCalls()))
    monkeypatch.setattr(own_data, "own_data", away)
    for _ in range(own_data.AT_ONCE + 1):
        assert client.get(PATH).json() == {"detail": "The database is starting."}


def test_an_app_that_keeps_nothing_has_nothing_to_give(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = SimpleNamespace(settings=SimpleNamespace(read_only=True))
    monkeypatch.setattr(own_data, "get_app_state", lambda: nothing)
    assert client.get(PATH).status_code == 404


def test_the_summary_counts(database: Database, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert summary(database, ME) == Summary(0, 0, 0, 0, None, False)
    assert summary(database, ME).nothing
    say(writer, 4, ME, strokes="[]")
    insert(database, 2, visitor=ME)
    insert(database, visitor=YOU)
    hands.enable(writer, ME, True).result(20)
    ((since,),) = everything(database, "created_at")[:1]
    assert summary(database, ME) == Summary(3, 1, 1, 1, since, False, True)
    monkeypatch.setattr("storage.own_data.COUNTED", 2)
    few = summary(database, ME)
    assert (few.drawings, few.more) == (2, True)
