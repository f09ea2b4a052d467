"""Whether calibration images come from more than one session, and whether one session is like the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scipy.stats import betabinom

from app.engine.verdict.calibration import TooFewGoodImages, conformal, is_not_ok
from app.service.verdicts.bank_calibration import Calibration
from app.storage.documents import CalibrationImage, CalibrationSet

LONGEST_GAP, LONGEST_SESSION = timedelta(hours=2), timedelta(hours=8)
"""A session ends where nothing is sent for so long, and lasts for one shift at most."""

CHANCE = 0.05
"""Sessions that are alike are told apart this often, at most."""

Session = tuple[CalibrationImage, ...]


@dataclass(frozen=True, slots=True)
class Sessions:
    """How many sessions the good images that set the threshold were sent in. `finding`: why the promise may not hold on
    another day; None where nothing speaks against it, or there is no threshold of theirs."""

    count: int
    first: str | None
    last: str | None
    finding: str | None


def sessions(held_out: CalibrationSet, known: Calibration | None, alpha: float) -> Sessions:
    """Of a calibration set; None: before the first registration."""
    decided = {sha256 for sha256, each in known.images.items() if not each.undecidable} if known else set()
    good = [image for image in held_out.images if image.is_good and image.sha256 in decided]
    if not good or known is None:
        return Sessions(0, None, None, None)
    apart = _apart(good)
    finding = _finding(apart, known, alpha) if known.state == "calibrated" else None
    return Sessions(len(apart), apart[0][0].added_at, apart[-1][-1].added_at, finding)


def _apart(images: Sequence[CalibrationImage]) -> list[Session]:
    """The oldest first."""
    found: list[list[CalibrationImage]] = []
    for image in sorted(images, key=_sent):
        if found and _of_one_session(found[-1], image):
            found[-1].append(image)
        else:
            found.append([image])
    return [tuple(each) for each in found]


def _of_one_session(session: Sequence[CalibrationImage], image: CalibrationImage) -> bool:
    moment = _sent(image)
    return moment - _sent(session[-1]) <= LONGEST_GAP and moment - _sent(session[0]) <= LONGEST_SESSION


def _sent(image: CalibrationImage) -> datetime:
    return datetime.fromisoformat(image.added_at)


def _finding(apart: Sequence[Session], known: Calibration, alpha: float) -> str | None:
    if len(apart) == 1:
        return (
            f"All {len(apart[0])} good images were sent in one session, {_when(apart[0])}. What is promised holds for "
            "parts and photographs like these; on another day (light, batch, camera) more good parts may be called not "
            "ok. Add good images of other days, and compare what is promised with what is confirmed."
        )
    scores = {image.sha256: known.images[image.sha256].score for session in apart for image in session}
    told = []
    for session in apart:
        others = [scores[image.sha256] for each in apart if each is not session for image in each]
        own = [scores[image.sha256] for image in session]
        if (above := _above(own, others, alpha, CHANCE / len(apart))) is not None:
            told.append(f"{above} of the {len(own)} of {_when(session)}")
    if not told:
        return None
    return (
        f"Sessions differ: by the threshold of the others at alpha {alpha}, {'; '.join(told)} would be called not ok, "
        "more than chance makes. What is promised holds for such a mix of sessions only. Find out what was different "
        "(light, focus, position, batch), and add good images of more days."
    )


def _above(own: Sequence[float], others: Sequence[float], alpha: float, chance: float) -> int | None:
    """How many of a session's scores lie above the threshold that the others set, where that is more than chance; None
    where it is not, or the others are too few to set one.

    Were all scores exchangeable, the number of m further ones above the r-th smallest of n would follow the
    beta-binomial distribution with parameters m, n+1-r and r, whatever the scores' own distribution.
    """
    try:
        threshold = conformal(others, alpha)
    except TooFewGoodImages:
        return None
    above = sum(is_not_ok(score, threshold.value) for score in own)
    beyond = round(threshold.expected_false_alarm_rate * (len(others) + 1))
    as_many = betabinom(len(own), beyond, len(others) + 1 - beyond).sf(above - 1)
    return above if as_many <= chance else None


def _when(session: Session) -> str:
    first, last = _sent(session[0]), _sent(session[-1])
    until = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%Y-%m-%d %H:%M}"
    return f"{first:%Y-%m-%d %H:%M} to {until} UTC"
