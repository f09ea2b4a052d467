"""What was measured of one object, kept in files so that it is not measured again."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray


class Cache:
    """Named arrays in a folder, each file written whole or not at all. A name may hold slashes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, name: str) -> bool:
        return self._path(name).is_file()

    def load(self, name: str) -> NDArray[np.generic]:
        """The array. FileNotFoundError where it was never kept."""
        return np.asarray(np.load(self._path(name), allow_pickle=False))

    def save(self, name: str, values: NDArray[np.generic]) -> None:
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        with part.open("wb") as file:
            np.save(file, values)
        part.replace(path)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.npy"
