"""Choosing among what may be meant in a picture: each version is read, and the digit score decides."""

from __future__ import annotations

import math

from frames.drawing import Drawing
from serving.prediction import Prediction
from serving.predictor import ServingModel

MARGIN = 1.0


def _lo(p: float) -> float:
    p = min(max(p, 1e-6), 1 - 1e-6)
    return math.log(p / (1 - p))


def best(model: ServingModel, drawing: Drawing) -> tuple[Drawing, Prediction]:
    ds = [drawing, *drawing.alternatives]
    ps = model.predict_all([d.frame for d in ds])
    k = max(range(len(ds)), key=lambda i: _lo(ps[i].digit_score) - MARGIN * (i > 0))
    return ds[k], ps[k]
