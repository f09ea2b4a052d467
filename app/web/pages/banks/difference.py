"""What changed from one bank version to the next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

from app.storage.documents import BankManifest


@dataclass(frozen=True, slots=True)
class Difference:
    """`added` and `removed` references, by their names; `settings`: name, before, after, of what made the version."""

    since: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    settings: tuple[tuple[str, str, str], ...]

    @classmethod
    def between(cls, before: BankManifest, after: BankManifest) -> "Difference":
        old, new = _names(before), _names(after)
        return cls(
            before.version,
            tuple(name for sha256, name in new.items() if sha256 not in old),
            tuple(name for sha256, name in old.items() if sha256 not in new),
            tuple(_settings(before, after)),
        )


def differences(manifests: Sequence[BankManifest]) -> dict[int, Difference]:
    """Of each version from the one that it was made from, by its number; none where that is no longer kept."""
    kept = {manifest.version: manifest for manifest in manifests}
    return {each.version: Difference.between(kept[each.parent], each) for each in manifests if each.parent in kept}


def _names(manifest: BankManifest) -> dict[str, str]:
    return {entry.sha256: entry.filename or entry.sha256[:12] for entry in manifest.references}


def _settings(before: BankManifest, after: BankManifest) -> Iterator[tuple[str, str, str]]:
    old, new = _made_by(before), _made_by(after)
    for name, value in new.items():
        if old[name] != value:
            yield name, old[name], value


def _made_by(manifest: BankManifest) -> dict[str, str]:
    preprocessing = manifest.preprocessing
    told = {field.name: getattr(preprocessing, field.name) for field in fields(preprocessing)}
    told |= {name: getattr(manifest, name) for name in ("backbone", "precision", "row_precision")}
    rule = manifest.coreset_rule
    told["coreset"] = rule and (rule.rows or rule.share)
    told["search"] = "anywhere" if manifest.search == "anywhere" else f"near {manifest.search.near}"
    told["masking_accepted"] = manifest.masking and manifest.masking.verdict.accepted
    return {name: "–" if value is None else str(value) for name, value in told.items()}
