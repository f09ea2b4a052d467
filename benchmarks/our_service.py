"""The same work by the service, over HTTP: from the first byte of a photograph sent to the last of the answer."""

import base64
from contextlib import ExitStack
from multiprocessing.util import Finalize

import httpx2

from benchmarks.peer_weights import DINO, PATCHCORE, RESNET, SHARE
from benchmarks.served import server
from benchmarks.side import Job, Spent, Stopwatch

LONGEST_ANSWER_S = 600


class OurService:
    """Profile `robust`, eight rotations, no mask, a palette PNG in the answer; of PatchCore a tenth of the rows."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._stack = ExitStack()
        Finalize(None, self._stack.close, exitpriority=1)  # a process of multiprocessing knows no atexit
        folder = job.folder / f"served_{job.engine}"
        folder.mkdir()
        settings = {
            "BACKBONE": DINO, "WEIGHTS_DIR": str(job.folder), "VERIFY_WEIGHTS": "0", "THREADS": str(job.threads),
        }  # fmt: skip
        address = self._stack.enter_context(server(folder, settings))
        self._client = self._stack.enter_context(httpx2.Client(base_url=address, timeout=LONGEST_ANSWER_S))

    def register(self, clock: Stopwatch) -> float:
        settings: dict[str, object] = {"smaller_edge": self._job.smaller_edge, "rotation": "on", "masking": "off"}
        if self._job.engine == PATCHCORE:
            settings |= {"method": PATCHCORE, "backbone": RESNET, "coreset": {"share": SHARE}}
        self._client.delete("/products/line")
        self._client.put("/products/line", json={"settings": settings}).raise_for_status()
        photograph = self._job.reference.read_bytes()
        with clock.stage("request"):
            answer = self._client.post("/products/line/references", content=photograph).raise_for_status()
        return float(answer.json()["rows"])

    def inspect(self, clock: Stopwatch) -> float:
        photograph = self._job.test.read_bytes()
        with clock.stage("request"):
            answer = self._client.post("/products/line/inspect?heatmap=inline", content=photograph).raise_for_status()
            told = answer.json()
        clock.stages["network"] = Spent(told["timings_ms"]["backbone"], 0)
        assert base64.b64decode(told["heatmap"]["data"])
        return float(told["score"])


def make_steps(job: Job) -> OurService:
    """A server of its own with the same random weights; `job.engine` names the method."""
    return OurService(job)
