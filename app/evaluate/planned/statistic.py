"""The statistic as it is written on the command line and in reports."""

from app.engine.options import Statistic, StatisticName
from app.errors import InvalidSettings

FOREGROUND = "foreground"
WRITTEN = (
    "mean_top1p, max, mean_topk:K (from 1 on) or percentile:Q (0 to 100), each with ,foreground behind it if masked "
    "patches are left out"
)


def statistic(written: str) -> Statistic:
    """`mean_top1p`, `max`, `mean_topk:K`, `percentile:Q`; `,foreground` behind it leaves masked patches out.

    Raises:
        InvalidSettings: it is written otherwise.
    """
    plain, comma, rest = written.partition(",")
    name, colon, number = plain.partition(":")
    wrong = InvalidSettings(f"--statistic {written!r}: write {WRITTEN}.")
    if comma and rest != FOREGROUND:
        raise wrong
    only = bool(comma)
    try:
        if name == "mean_topk" and int(number) > 0:
            return Statistic("mean_topk", k=int(number), foreground_only=only)
        if name == "percentile" and 0 <= float(number) <= 100:
            return Statistic("percentile", q=float(number), foreground_only=only)
    except ValueError:
        raise wrong from None
    if colon or name not in ("mean_top1p", "max"):
        raise wrong
    plain_name: StatisticName = "max" if name == "max" else "mean_top1p"
    return Statistic(plain_name, foreground_only=only)
