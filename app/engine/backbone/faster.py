"""A faster execution of a backbone on the CPU, where it judges as torch does."""

import json
import logging
from dataclasses import asdict
from typing import cast

from app.engine.backbone.backbone import Backbone
from app.engine.backbone.openvino_backbone import Compiled, OpenVinoBackbone, TorchBackbone, named
from app.engine.backbone.parity import DISTANCE, SCORE_SHARE, Parity, parity

logger = logging.getLogger(__name__)


def faster(reference: Backbone, kept: Compiled) -> Backbone:
    """`reference` run by OpenVINO where its numbers are close enough (`Parity.holds`); else `reference`, with the
    numbers in the log. What was found is remembered in `kept`."""
    candidate = OpenVinoBackbone(cast(TorchBackbone, reference), kept)
    found = _remembered_parity(reference, candidate, kept)
    told = (
        f"{reference.spec.name} by OpenVINO differs from torch by up to {100 * found.score_share:.4f} % of an image "
        f"score and {found.distance:.6f} of a patch distance"
    )
    if found.holds:
        logger.info("%s", told)
        return candidate
    logger.warning("%s; allowed are %.1f %% and %.3f, so torch serves", told, 100 * SCORE_SHARE, DISTANCE)
    return reference


def _remembered_parity(reference: Backbone, candidate: OpenVinoBackbone, kept: Compiled) -> Parity:
    name = named(candidate.identity | {"what": "parity"})
    if known := kept.get(name):
        return Parity(**json.loads(known))
    found = parity(reference, candidate)
    kept[name] = json.dumps(asdict(found)).encode()
    return found
