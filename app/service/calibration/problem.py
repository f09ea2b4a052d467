"""What keeps calibration images from setting a threshold, or makes it wrong, and what would help."""

from collections.abc import Callable, Iterator, Sequence

from app.engine.verdict.calibration import outlying
from app.service.calibration.calibration_set import CalibrationView
from app.service.verdicts.bank_calibration import Calibration
from app.storage.documents import CalibrationImage, CalibrationSet

NAMED = 5
"""Images that are named in a message."""


def problem(view: CalibrationView) -> str | None:
    """All that is wrong, in sentences; None where nothing is."""
    known, held_out = view.calibration, view.product.calibration
    if known is None or view.manifest is None:
        return None
    told = [known.problem] if known.problem else []
    told += _of_references(view, known)
    if held_out.images:
        told += [sentence for tell in TOLD for sentence in tell(view, known, held_out)]
    return " ".join(told) or None


def _of_references(view: CalibrationView, known: Calibration) -> Iterator[str]:
    """Only while they set the threshold, or would."""
    odd = [name for name, each in known.references.items() if each.undecidable]
    if odd and known.state != "calibrated":
        names = {entry.sha256: entry.filename for entry in view.manifest.references} if view.manifest else {}
        why = sorted({flag for name in odd for flag in known.references[name].undecidable})
        yield (
            f"{_counted(len(odd), 'reference')} of {len(known.references)} would get no verdict from the others "
            f"({_named([names.get(each) or each for each in odd])}: {', '.join(why)}) and set no threshold. What is "
            "promised holds for parts that get a verdict. Look at them, and delete what is no good photograph."
        )


def _of_lacking(view: CalibrationView, known: Calibration, held_out: CalibrationSet) -> Iterator[str]:
    lacking = {image.sha256 for image in held_out.images if image.sha256 not in known.images}
    references = lacking & {entry.sha256 for entry in view.manifest.references} if view.manifest else set()
    if references:
        yield f"{_do_not_count(len(references))}: references of this bank version."
    if lost := len(lacking - references):
        yield (
            f"{_do_not_count(lost)}: being measured in bank version {view.bank_version}, or lost. Ask again in a "
            "while; what then still has no score, send again."
        )


def _of_undecidable(_: CalibrationView, known: Calibration, held_out: CalibrationSet) -> Iterator[str]:
    good = [image for image in held_out.images if image.is_good and image.sha256 in known.images]
    odd = [image for image in good if known.images[image.sha256].undecidable]
    if not odd:
        return
    why = sorted({flag for image in odd for flag in known.images[image.sha256].undecidable})
    yield (
        f"{_counted(len(odd), 'image')} of {len(good)} called good would get no verdict ({_names(odd)}: "
        f"{', '.join(why)}) and set no threshold: what is promised holds for parts that get one. Look at them: remove "
        "what is a wrong part or a bad photograph; where good parts look so, the service decides none of them."
    )


def _of_copies(view: CalibrationView, _: Calibration, held_out: CalibrationSet) -> Iterator[str]:
    same = view.near_duplicates
    if doubled := [image for image in held_out.images if image.sha256 in same]:
        are = "is" if len(doubled) == 1 else "are"
        yield (
            f"{_counted(len(doubled), 'image')} {are} all but the same as a reference or an image before "
            f"({_names(doubled)}). The same part twice counts as one, and the promise is false: look, remove it."
        )


def _of_an_outlying_threshold(_: CalibrationView, known: Calibration, held_out: CalibrationSet) -> Iterator[str]:
    if known.state != "calibrated" or known.threshold is None:
        return
    value = known.threshold.value
    if ratio := outlying(value, known.good_scores):
        odd = [image for image in held_out.images if image.is_good and _score(known, image) == value]
        yield (
            f"One image called good ({_names(odd)}) sets the threshold, {ratio:.2f} times the next largest score. "
            "Look at it: remove it if the part or the photograph is bad; if it is good, add more good images."
        )


def _of_nothing_found(view: CalibrationView, known: Calibration, _: CalibrationSet) -> Iterator[str]:
    detection = view.detection
    if detection.bad and not detection.found and known.limit is not None:
        yield (
            f"Of {_counted(detection.bad, 'bad image')} none lies above the threshold: such defects pass. Look at the "
            "good image with the largest score and remove it if it is wrong; else take another statistic or backbone, "
            "a larger smaller_edge, or another light."
        )


Tell = Callable[[CalibrationView, Calibration, CalibrationSet], Iterator[str]]
TOLD: tuple[Tell, ...] = (_of_lacking, _of_undecidable, _of_copies, _of_an_outlying_threshold, _of_nothing_found)


def _score(known: Calibration, image: CalibrationImage) -> float | None:
    measured = known.images.get(image.sha256)
    return measured.score if measured else None


def _counted(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"


def _do_not_count(number: int) -> str:
    return f"{_counted(number, 'image')} {'does' if number == 1 else 'do'} not count"


def _names(images: Sequence[CalibrationImage]) -> str:
    return _named([image.filename or image.sha256 for image in images])


def _named(names: Sequence[str]) -> str:
    """Of the first few."""
    return ", ".join(names[:NAMED]) + (" and others" if len(names) > NAMED else "")
