"""Fetching a weight file: resumed, checked, and put in its place only when it is whole."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from app.engine.backbone.spec import BackboneSpec
from app.errors import ConfigurationError, WeightsUnavailable
from app.weights.connection import CONNECT_TIMEOUT_S, open_download
from app.weights.files import Progress, difference, no_progress, remedy, verify, weight_file
from app.weights.part_file import PartFile, locked_part


def fetch(
    spec: BackboneSpec,
    weights_dir: Path,
    progress: Progress = no_progress,
    *,
    base_address: str | None = None,
    connect_timeout_s: float = CONNECT_TIMEOUT_S,
) -> Path:
    """Bring the registered file of `spec` into `weights_dir` and return its path; a right one is left as it is.

    `base_address` is a mirror: the file is looked for at `<base_address>/<file>`. An earlier unfinished download is
    continued. A second fetch of the same file waits for the first.

    Raises:
        WeightsUnavailable: no address, not reachable, broken off, or not the registered file.
        ConfigurationError: the address, the proxy or the folder cannot be used.
    """
    final = weight_file(spec, weights_dir)
    if spec.is_packaged:
        verify(final, spec, progress)
        return final
    if _is_right(final, spec, progress):
        return final
    address = _address(spec, weights_dir, base_address)
    with (
        _explained(spec, address, weights_dir),
        locked_part(final, lambda: progress("waiting", 0, None)) as part,
    ):
        if not _is_right(final, spec, progress):
            _download(spec, part, address, progress, connect_timeout_s)
            _publish(spec, part, final, address, progress)
    return final


def _is_right(path: Path, spec: BackboneSpec, progress: Progress) -> bool:
    return path.is_file() and difference(path, spec, progress) is None


def _address(spec: BackboneSpec, weights_dir: Path, base_address: str | None) -> str:
    if base_address is not None:
        return f"{base_address.rstrip('/')}/{spec.file}"
    if spec.address is None:
        raise WeightsUnavailable(f"The weights of {spec.name} cannot be fetched. {remedy(spec, weights_dir)}")
    return spec.address


def _download(spec: BackboneSpec, part: PartFile, address: str, progress: Progress, connect_timeout_s: float) -> None:
    """Append to `part` what it still lacks, or all of it where the server cannot continue."""
    held_bytes = part.size_bytes
    if held_bytes and held_bytes == spec.size_bytes:
        return
    resume = {"Range": f"bytes={held_bytes}-"} if held_bytes else {}
    with open_download(address, {"Accept-Encoding": "identity"} | resume, connect_timeout_s) as response:
        if not (resume and _refuses_to_continue(response, held_bytes)):
            response.raise_for_status()
            if response.status_code != httpx2.codes.PARTIAL_CONTENT:
                part.restart()
            _receive(spec, part, response, progress)
            return
    if difference(part.path, spec, progress) is not None:
        part.restart()
        _download(spec, part, address, progress, connect_timeout_s)


def _refuses_to_continue(response: httpx2.Response, held_bytes: int) -> bool:
    if response.status_code == httpx2.codes.RANGE_NOT_SATISFIABLE:
        return True
    content_range = response.headers.get("Content-Range", "")
    return response.status_code == httpx2.codes.PARTIAL_CONTENT and not re.match(rf"bytes {held_bytes}-", content_range)


def _receive(spec: BackboneSpec, part: PartFile, response: httpx2.Response, progress: Progress) -> None:
    done_bytes = part.size_bytes
    announced = response.headers.get("Content-Length")
    total_bytes = spec.size_bytes or (done_bytes + int(announced) if announced else None)
    for chunk in response.iter_raw():
        part.append(chunk)
        done_bytes += len(chunk)
        progress("downloading", done_bytes, total_bytes)
        if spec.size_bytes is not None and done_bytes > spec.size_bytes:
            return  # not the registered file, however much more may come


def _publish(spec: BackboneSpec, part: PartFile, final: Path, address: str, progress: Progress) -> None:
    if wrong := difference(part.path, spec, progress):
        part.discard()
        raise WeightsUnavailable(
            f"What {address} sent is not the registered file of {spec.name}: {wrong}. It was removed. "
            f"Try again; if that does not help, {_by_hand(spec, address, final.parent)}"
        )
    part.publish(final)


def _by_hand(spec: BackboneSpec, address: str, folder: Path) -> str:
    return (
        f"download {address} elsewhere and place it as {spec.file} in {folder.absolute()}. "
        "Until then the embedded backbone works without any file: INSPECTOR_BACKBONE=embedded"
    )


@contextmanager
def _explained(spec: BackboneSpec, address: str, folder: Path) -> Iterator[None]:
    """Turn what the network and the disk can throw into errors that say what to do next."""
    by_hand = _by_hand(spec, address, folder)
    again = f"What had arrived is kept; this continues there: inspector weights fetch {spec.name}"
    try:
        yield
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError) as error:
        raise WeightsUnavailable(
            f"{address} cannot be reached ({error}). Connect and try again, or {by_hand}"
        ) from error
    except httpx2.HTTPStatusError as error:
        answer = f"{error.response.status_code} {error.response.reason_phrase}"
        raise WeightsUnavailable(f"{address} answered {answer}. Try again later, or {by_hand}") from error
    except (httpx2.UnsupportedProtocol, httpx2.InvalidURL, ValueError, ImportError) as error:
        raise ConfigurationError(
            f"{address} cannot be used: {error}. "
            "Check INSPECTOR_WEIGHTS_URL and the proxy and certificate variables of the environment."
        ) from error
    except httpx2.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise WeightsUnavailable(f"The download of {address} broke off ({reason}). {again}") from error
    except OSError as error:
        raise ConfigurationError(
            f"{folder.absolute()} cannot be written: {error}. "
            f"Make room there or choose another INSPECTOR_WEIGHTS_DIR. {again}"
        ) from error
