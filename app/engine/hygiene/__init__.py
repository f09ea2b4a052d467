"""Are these photographs fit to be references? What each shows, which one stands out, what one more would bring."""

from app.engine.hygiene.coverage import Coverage, coverage
from app.engine.hygiene.duplicates import Duplicates, duplicates
from app.engine.hygiene.finding import Finding, FindingKind
from app.engine.hygiene.outliers import LARGEST_TRIMMED_SHARE, outlier_finding, outliers, suspicions, trimmed
from app.engine.hygiene.photograph import Photograph, findings, photograph, same_photographs

__all__ = [
    "LARGEST_TRIMMED_SHARE",
    "Coverage",
    "Duplicates",
    "Finding",
    "FindingKind",
    "Photograph",
    "coverage",
    "duplicates",
    "findings",
    "outlier_finding",
    "outliers",
    "photograph",
    "same_photographs",
    "suspicions",
    "trimmed",
]
