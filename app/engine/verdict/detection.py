"""How surely defects are found, from bad parts that somebody showed."""

from dataclasses import dataclass

from scipy.special import betaincinv

from app.engine.verdict.calibration import CONFIDENCE


@dataclass(frozen=True, slots=True)
class Detection:
    """What becomes of bad photographs: of all `bad` ones, how many are `found` (would be `not_ok`), and how many would
    be `undecidable`. What is undecidable is not found, though it is not called ok either. `selected`: the threshold may
    have been chosen by these photographs, or they by their verdict, so that they tell nothing of others.
    """

    found: int
    undecidable: int
    bad: int
    selected: bool = False

    @property
    def detection_rate_95(self) -> float | None:
        """At least this share (0..1) of the bad parts is found, with 95 % confidence; None where none was shown, or
        they are `selected`.

        Holds for parts that were drawn from the bad ones of the line, whatever is found of others. Source: the lower
        limit of Clopper and Pearson, The Use of Confidence or Fiducial Limits, Biometrika 26, 1934.
        """
        if not self.bad or self.selected:
            return None
        if not self.found:
            return 0.0
        return float(betaincinv(self.found, self.bad - self.found + 1, 1 - CONFIDENCE))
