"""AnomalyDINO, as far as it does otherwise than PatchCore: the backbone's own patch features, by cosine distance."""

from typing import get_args

from app.engine.backbone.backbone import Backbone
from app.engine.bank.index import Metric
from app.engine.methods.method import Method
from app.engine.options import Fit, StatisticName


def _as_they_are(backbone: Backbone, _: Fit) -> Backbone:
    return backbone


def _metric(_: Fit) -> Metric:
    return "cosine"


def _never(_: Fit) -> bool:
    return False


ANOMALYDINO = Method("anomalydino", _as_they_are, _metric, get_args(StatisticName), 2.0, _never)
