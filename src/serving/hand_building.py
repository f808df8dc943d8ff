"""From a person's rows to what is known of their hand: a personal model, fitted to their labelled drawings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from frames.images import NotAnImage
from frames.masks import Pixels
from frames.preprocessing import from_png
from serving import personal
from serving.batching import MAX_BATCH
from serving.personal import Examples, Floats, PersonalModel
from storage.hands import Hand, OwnLabel

if TYPE_CHECKING:
    from serving.predictor import ServingModel

OVERHEAD, CHECKSUM = 1_000, 73  # bytes in memory beside the model's arrays, and for each checksum


@dataclass(frozen=True)
class Known:
    """What is known of a person. `model` is None where there is no label."""

    enabled: bool = True
    model: PersonalModel | None = None
    pictures: tuple[bytes, ...] = ()
    """The checksums of the drawings that the model was fitted to, in its order."""

    @property
    def active(self) -> bool:
        """Whether there is a personal model that changes anything, and it is wanted."""
        return self.enabled and self.model is not None and self.model.learned

    @property
    def nbytes(self) -> int:
        """Its size in memory, about."""
        return OVERHEAD + (self.model.nbytes if self.model else 0) + CHECKSUM * len(self.pictures)


def build(hand: Hand, before: Known, serving: Callable[[], ServingModel]) -> Known:
    """What is known of a person by their rows. What was known `before` saves describing its drawings again.

    `serving` is called only if there is a label. Raises what it raises, and ModelMissing for a network that describes
    nothing.
    """
    if not hand.labels:
        return Known(hand.enabled)
    model = serving()
    seen = _fitting(before, model)
    pictures, examples = _examples(model, hand, seen)
    if not pictures:
        return Known(hand.enabled)
    if seen.model and seen.pictures == pictures and (seen.model.labels == examples.labels).all():
        return Known(hand.enabled, seen.model, pictures)
    return Known(hand.enabled, personal.fit(examples), pictures)


def nearest(hand: Hand, known: Known, serving: ServingModel, frame: Pixels, most: int) -> list[OwnLabel]:
    """The person's labelled drawings that are nearest to a frame, as a personal model measures it: the nearest first.

    Raises ModelMissing, as build does.
    """
    if not hand.labels:
        return []
    pictures, examples = _examples(serving, hand, _fitting(known, serving))
    if not pictures:
        return []
    descriptor = serving.describe([frame])[0][0]
    of_picture = {hashlib.sha256(each.image).digest(): each.image for each in hand.labels}
    order = np.argsort(-(examples.descriptors @ descriptor), kind="stable")[:most]
    return [OwnLabel(of_picture[pictures[n]], int(examples.labels[n])) for n in order]


def _fitting(known: Known, serving: ServingModel) -> Known:
    """What is known, if it was made for this version."""
    return known if known.model and known.model.key == serving.key else Known()


class _Described(NamedTuple):
    """A drawing as the network sees it: its descriptor, (d,), and its logits, (10,)."""

    descriptor: Floats
    logits: Floats


def _examples(serving: ServingModel, hand: Hand, seen: Known) -> tuple[tuple[bytes, ...], Examples]:
    """The labelled drawings as the network sees them, with their checksums; what was `seen` is not described again."""
    labelled = [(hashlib.sha256(each.image).digest(), each) for each in hand.labels]
    known = _seen(seen)
    known |= _describe(serving, {picture: each.image for picture, each in labelled if picture not in known})
    usable = [(picture, each.label) for picture, each in labelled if picture in known]
    descriptors = np.array([known[picture].descriptor for picture, _ in usable])
    logits = np.array([known[picture].logits for picture, _ in usable])
    labels = np.array([label for _, label in usable])
    return tuple(picture for picture, _ in usable), Examples(serving.key, descriptors, logits, labels)


def _seen(known: Known) -> dict[bytes, _Described]:
    if known.model is None:
        return {}
    examples = known.model.examples
    return dict(zip(known.pictures, map(_Described, examples.descriptors, examples.logits), strict=True))


def _describe(serving: ServingModel, images: dict[bytes, bytes]) -> dict[bytes, _Described]:
    """What the network sees in pictures, as many at once as a batch has; damaged ones are left out."""
    frames: dict[bytes, Pixels] = {}
    for picture, image in images.items():
        with suppress(NotAnImage):  # one damaged picture must not keep the others from being learned
            frames[picture] = from_png(image)
    found: dict[bytes, _Described] = {}
    pictures = list(frames)
    for first in range(0, len(pictures), MAX_BATCH):
        chunk = pictures[first : first + MAX_BATCH]
        found |= zip(chunk, map(_Described, *serving.describe([frames[each] for each in chunk])), strict=True)
    return found
