"""The folder that an evaluation is kept in, so that it can go on where it was interrupted and be compared.

rows/*.json      one row each, with the scores behind it
pixels/*.npz     the pixels behind a row, counted image by image
objects/*.json   the photographs that the rows were made with
pictures/        what the report shows; *.json list it
cache/           measurements; may be deleted, then they are made again when they are needed
run.json         what was asked last, where it ran, what took how long
"""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from glob import escape
from pathlib import Path
from typing import Any

from app.errors import InvalidDataset
from app.evaluate.dataset import ObjectData
from app.evaluate.kept.pixel_counts import PixelCounts, load_pixel_counts
from app.evaluate.kept.results import ImageScore, Picture, Row, Run, ScoredRow
from app.evaluate.measured.cache import Cache
from app.evaluate.planned.layers import OWN
from app.evaluate.planned.plan import Draw, Skipped
from app.evaluate.planned.variant import Variant

DESCRIPTION = "run.json"


class RunFolder:
    """Reads and writes the folder of one evaluation."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def cache(self, data: ObjectData, setup: Variant) -> Cache:
        """Where what is measured of an object is kept, for one backbone and preprocessing."""
        fit = "" if setup.preprocessing.fit == "crop" else f"-{setup.preprocessing.fit}"
        layers = "" if setup.layers == OWN else f"-layers-{setup.layers.replace(':', '-')}"
        name = f"{setup.backbone}-{setup.precision}-{setup.smaller_edge}{fit}{layers}"
        return Cache(self.path / "cache" / name / data.name)

    def check_photographs(self, data: ObjectData) -> None:
        """Hold the folder to the photographs that its rows were made with; without rows to those that there are now.

        Raises:
            InvalidDataset: they are others now.
        """
        path, told = self.path / "objects" / f"{data.name}.json", {"fingerprint": data.fingerprint()}
        if path.is_file() and json.loads(path.read_text()) == told:
            return
        if self._has_rows(data.name):
            raise InvalidDataset(
                f"The photographs of {data.name} are not those that {self.path} was made with. "
                "Choose another folder with --out, or delete this one."
            )
        for measured in (self.path / "cache").glob(f"*/{escape(data.name)}"):
            shutil.rmtree(measured)
        write_json(path, told)

    def _has_rows(self, name: str) -> bool:
        return any(path.name.rsplit("-", 3)[0] == name for path in (self.path / "rows").glob("*.json"))

    def has(self, name: str, variant: Variant, draw: Draw) -> bool:
        """Whether the row of an object was made before."""
        return self._row_path(name, variant, draw.shots, draw.seed).is_file()

    def keep(self, scored: ScoredRow) -> None:
        row = scored.row
        if scored.pixels is not None:
            scored.pixels.save(self._pixels_path(row))
        told = {"row": row.flat(), "scores": [asdict(each) for each in scored.scores]}
        write_json(self._path_of(row), told)

    def pixels(self, row: Row) -> PixelCounts | None:
        """The pixels behind a row, image by image; None without ground truth, or of an earlier release."""
        return load_pixel_counts(self._pixels_path(row))

    def _pixels_path(self, row: Row) -> Path:
        return self.path / "pixels" / f"{self._path_of(row).stem}.npz"

    def keep_pictures(self, name: str, pictures: Sequence[Picture]) -> None:
        """The pictures of an object, in place of those it had."""
        write_json(self.path / "pictures" / f"{name}.json", [asdict(each) for each in pictures])

    def describe(self, run: Run) -> None:
        """Write down everything of the run but its rows and pictures. What earlier calls skipped stays listed."""
        skipped = tuple(dict.fromkeys([*self.skipped(), *run.skipped]))
        told = asdict(replace(run, rows=(), pictures=(), folder=None, skipped=skipped))
        del told["rows"], told["pictures"], told["folder"]
        write_json(self.path / DESCRIPTION, told)

    def seconds(self) -> dict[str, float]:
        """What each stage has taken so far; an interrupted evaluation that went on counts as one."""
        return dict(self._description().get("seconds", {}))

    def skipped(self) -> list[Skipped]:
        """What was asked for and could not be done, by earlier calls too."""
        return [Skipped(**each) for each in self._description().get("skipped", [])]

    def _description(self) -> dict[str, Any]:
        path = self.path / DESCRIPTION
        return dict(json.loads(path.read_text())) if path.is_file() else {}

    def pictures(self) -> list[Picture]:
        listed = [json.loads(path.read_text()) for path in sorted((self.path / "pictures").glob("*.json"))]
        return [Picture(**each) for pictures in listed for each in pictures]

    def rows(self) -> list[ScoredRow]:
        """All rows, also those of earlier calls; none of an earlier release that saw less of the images."""
        read = [(path, _scored_row(json.loads(path.read_text()))) for path in (self.path / "rows").glob("*.json")]
        found = [each for path, each in read if path == self._path_of(each.row)]
        return sorted(found, key=lambda each: (each.row.variant.label, each.row.object, each.row.shots, each.row.seed))

    def _path_of(self, row: Row) -> Path:
        return self._row_path(row.object, row.variant, row.shots, row.seed)

    def _row_path(self, name: str, variant: Variant, shots: int, seed: int) -> Path:
        told = variant.told() | ({} if variant.preprocessing.fit == "crop" else {"fit": variant.preprocessing.fit})
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        return self.path / "rows" / f"{name}-{shots}-{seed}-{digest[:12]}.json"


def load_run(path: Path) -> Run:
    """A whole evaluation from its folder.

    Raises:
        InvalidDataset: there is none.
    """
    folder = RunFolder(path)
    if not (path / DESCRIPTION).is_file():
        raise InvalidDataset(f"{path} holds no evaluation ({DESCRIPTION}). Make one: inspector evaluate --out {path}")
    told = json.loads((path / DESCRIPTION).read_text())
    return Run(
        title=told["title"],
        asked=told["asked"],
        environment=told["environment"],
        rows=tuple(folder.rows()),
        skipped=tuple(folder.skipped()),
        pictures=tuple(folder.pictures()),
        seconds=told["seconds"],
        folder=path,
    )


def _scored_row(told: Mapping[str, Any]) -> ScoredRow:
    scores: Sequence[Mapping[str, Any]] = told["scores"]
    return ScoredRow(Row.of(told["row"]), tuple(ImageScore(**each) for each in scores))


def write_json(path: Path, told: object) -> None:
    """Write a JSON file whole or not at all."""
    write_text(path, json.dumps(told, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all, as UTF-8."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
