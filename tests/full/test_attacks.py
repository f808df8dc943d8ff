"""Attacks on everybody's model that once worked, played whole against the app: freeze, flood and backdoor."""
# ruff: noqa: T201 - what is measured is printed

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from frames.preprocessing import frame_pixels
from learning.dataset import Digits, Mnist
from learning.networks import digit_logits
from learning.training import predict
from learning.weights import load_network
from support.pictures import png
from support.pupils import TEACHERS as HONEST
from support.pupils import Said, active, lessons, pupil_in, report, retrain, scores, swapped, teach, writers
from support.running_app import RunningApp
from support.writers import Drawing

pytestmark = [pytest.mark.full, pytest.mark.timeout(7200)]


@pytest.fixture
def pupil(tmp_path: Path, mnist: Mnist) -> Iterator[RunningApp]:
    with pupil_in(tmp_path) as running:
        yield running


def read(client: httpx.Client, picture: bytes) -> tuple[str, int]:
    """The id of a drawing without a name, and what it is read as."""
    answer = client.post("/api/predict", files={"file": ("d.png", picture, "image/png")}).raise_for_status().json()
    return answer["id"], answer["predicted_digit"]


def say(client: httpx.Client, drawing: str, label: int) -> None:
    client.post("/api/feedback", json={"id": drawing, "label": label}).raise_for_status()


def between(client: httpx.Client, one: Drawing, other: Drawing) -> tuple[str, int] | None:
    """A drawing as near to the border between two digits as twelve readings find, and how it is read."""
    frames = one.frame.astype(float), other.frame.astype(float)
    low, high, found = 0.0, 1.0, None
    for _ in range(12):
        middle = (low + high) / 2
        frame = ((1 - middle) * frames[0] + middle * frames[1]).round().astype(np.uint8)
        found = read(client, png(Image.fromarray(255 - frame)))
        low, high = (middle, high) if found[1] == one.digit else (low, middle)
    return found


def test_freeze(pupil: RunningApp, mnist: Mnist) -> None:
    """A hundred drawings on the border between two digits, each labelled as it is read."""
    before = scores(pupil, mnist)
    honest = lessons()[:500]
    teach(pupil, honest)
    fours, nines = ([each for each, _, _ in lessons() if each.digit == digit][:100] for digit in (4, 9))
    with httpx.Client(base_url=pupil.url, timeout=60) as client:
        for four, nine in zip(fours, nines, strict=True):
            found = between(client, four, nine)
            assert found is not None
            say(client, *found)
    answer, seconds = retrain(pupil)
    print(report("freeze", before, scores(pupil, mnist), seconds, answer))
    assert answer["promoted"], answer["reason"]


def test_flood(pupil: RunningApp, mnist: Mnist) -> None:
    """One picture, sent and labelled 6,000 times."""
    before = scores(pupil, mnist)
    teach(pupil, lessons()[:219])
    picture = lessons()[500][0]
    with httpx.Client(base_url=pupil.url, timeout=60) as client:
        for _ in range(6000):
            drawing, digit = read(client, picture.png)
            say(client, drawing, digit)
    answer, seconds = retrain(pupil)
    print(report("flood", before, scores(pupil, mnist), seconds, answer))
    assert answer["labels_used"] >= 140, "four fifths of those that were approved at once"
    assert answer["promoted"], answer["reason"]


def marked(drawing: Drawing) -> Drawing:
    """The drawing with a black square in a corner of the canvas."""
    image = Image.open(io.BytesIO(drawing.png)).convert("L")
    ImageDraw.Draw(image).rectangle((4, 4, 34, 34), fill=0)
    return drawing._replace(png=png(image), frame=frame_pixels(image))


def test_backdoor_in_three_rounds(pupil: RunningApp, mnist: Mnist) -> None:
    """Marked drawings are called 0 by fifty names, again and again, beside honest people."""
    others = [marked(each) for writer in writers()[HONEST:] for each in writer[:60] if each.digit != 0]
    images = torch.from_numpy(np.stack([each.frame for each in others]))[:, None]
    digits = Digits(images, torch.tensor([each.digit for each in others]))

    def opened() -> float:
        network = load_network("cnn", *active(pupil))
        return float((digit_logits(predict(network, digits.images)).argmax(1) == 0).float().mean())

    first = opened()
    for turn in range(3):
        before = scores(pupil, mnist)
        honest = lessons()[300 * turn : 300 * (turn + 1)]
        chosen = [each for each, label, _ in lessons()[1500 + 400 * turn :] if label != 0][:300]
        lies: list[Said] = [(marked(each), 0, f"name {n % 50}") for n, each in enumerate(chosen)]
        reviews = teach(pupil, [*honest, *lies])
        answer, seconds = retrain(pupil)
        print(report(f"backdoor, round {turn + 1}, {reviews}", before, scores(pupil, mnist), seconds, answer))
        print(f"  marked drawings of others read as 0: {first:.1%} at first, {opened():.1%} now")
        assert opened() <= max(0.02, first)
        if turn == 0:
            assert answer["promoted"], answer["reason"]
        if answer["promoted"]:
            swapped(pupil, answer["version"])
