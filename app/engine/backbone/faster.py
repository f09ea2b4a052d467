"""A faster execution of a backbone on the CPU, where it judges as torch does."""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from typing import cast

from app.engine.backbone.backbone import Backbone
from app.engine.backbone.openvino_backbone import Compiled, OpenVinoBackbone, Precision, TorchBackbone, named
from app.engine.backbone.parity import DISTANCE, SCORE_SHARE, Parity, parity

logger = logging.getLogger(__name__)


def faster(reference: Backbone, kept: Compiled, precisions: Sequence[Precision] = ("float32",)) -> Backbone:
    """`reference` run by OpenVINO in the first of the precisions in which its numbers are close enough; in none, as it
    is. The numbers are in the log. What was found is remembered in `kept`."""
    for precision in precisions:
        candidate = OpenVinoBackbone(cast(TorchBackbone, reference), kept, precision)
        if not candidate.is_supported:
            continue
        # Of the compiled networks themselves: where torch took their place, torch would be compared with itself.
        itself = OpenVinoBackbone(cast(TorchBackbone, reference), kept, precision, checked=False)
        found = _remembered_parity(reference, itself, kept)
        told = (
            f"{reference.spec.name} by OpenVINO in {precision} differs from torch in float32 by up to "
            f"{100 * found.score_share:.4f} % of an image score and {found.distance:.6f} of a patch distance"
        )
        if found.holds:
            logger.info("%s", told)
            return candidate
        logger.warning("%s; allowed are %.2f %% and %.3f: it is not used", told, 100 * SCORE_SHARE, DISTANCE)
    return reference


def _remembered_parity(reference: Backbone, candidate: OpenVinoBackbone, kept: Compiled) -> Parity:
    name = named(candidate.identity | {"what": "parity of the network itself"})
    if known := kept.get(name):
        return Parity(**json.loads(known))
    found = parity(reference, candidate)
    kept[name] = json.dumps(asdict(found)).encode()
    return found
