"""The samples in the documents, run as they stand there against a real server."""

import os
import re
import shutil
import subprocess
import threading
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest

from tests.e2e.parts import part
from tests.e2e.server_process import ROOT, ServerProcess

TEXT = "\n".join((ROOT / "docs" / name).read_text() for name in ("api.md", "verdicts.md", "recipes.md"))
SHELL_SAMPLES = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
MONO = "mono-mcs mono-runtime libmono-system-core4.0-cil libmono-system-net-http4.0-cil"
C_SHARP_SAMPLES = re.findall(r"^```csharp\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)

STRICT = """set -euo pipefail
curl() { command curl --noproxy '*' --fail-with-body --silent --show-error "$@"; }
"""
CALLER = """
public static class Caller
{
    public static void Main(string[] arguments)
    {
        var inspector = new Inspector(arguments[0], "a key");
        var photograph = System.IO.File.ReadAllBytes(arguments[1]);
        inspector.Register("from-c-sharp", photograph).Wait();
        System.Console.WriteLine(inspector.IsReleased("from-c-sharp", "SN 1", photograph).Result);
        System.Console.WriteLine(inspector.IsReleased("unknown", "SN 1", photograph).Result);
    }
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    good, bad = ("good-1", "good-2", "good-4", "good-5", "good-6", "new-1", "new-2", "new-3"), ("part", "refused")
    for seed, name in enumerate((*good, *bad)):
        (tmp_path / f"{name}.png").write_bytes(part(seed, spoilt=name in bad))
    (tmp_path / "good-3.jpg").write_bytes(part(10, suffix=".jpg"))
    return tmp_path


class ServiceWithVerdicts(BaseHTTPRequestHandler):
    """Busy at first, then it releases the part: what a calibrated service will answer."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        busy = self.server.asked == 0  # type: ignore[attr-defined]
        self.server.asked += 1  # type: ignore[attr-defined]
        self.send_response(503 if busy else 200)
        self.send_header("Retry-After" if busy else "Anomaly-Verdict", "1" if busy else "ok")
        for name, value in self.server.further.items():  # type: ignore[attr-defined]
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def run(samples: str, folder: Path, address: str) -> "subprocess.CompletedProcess[str]":
    given = {"HOST": address, "KEY": "a key"}
    given |= {"SHA256": sha256((folder / "good-2.png").read_bytes()).hexdigest()}
    return subprocess.run(
        ["bash", "-c", STRICT + samples], cwd=folder, env={**os.environ, **given}, capture_output=True, text=True
    )


def test_every_shell_sample_runs_one_after_the_other(
    folder: Path, server: ServerProcess, client: httpx2.Client
) -> None:
    client.delete("/products/flange")
    done = run("\n".join(SHELL_SAMPLES), folder, f"http://{server.host}:{server.port}")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert "hold\n" in done.stdout
    assert all((folder / name).is_file() for name in ("heat.png", "preview.png", "answer-SN-0042"))
    assert (folder / "as-uploaded.png").read_bytes() == (folder / "good-2.png").read_bytes()
    assert (folder / "nearest").read_bytes() in [(folder / f"new-{number}.png").read_bytes() for number in (1, 2, 3)]


@pytest.mark.parametrize(("further", "said"), [({}, "release"), ({"Anomaly-Flags": "drift"}, "hold")])
def test_the_sample_for_an_mes_releases_a_large_part_after_a_retry_but_no_flagged_one(
    folder: Path, further: dict[str, str], said: str
) -> None:
    (folder / "part.png").write_bytes(bytes(3 * 2**20))
    [sample] = [sample for sample in SHELL_SAMPLES if "released()" in sample]
    with ThreadingHTTPServer(("127.0.0.1", 0), ServiceWithVerdicts) as service:
        service.asked = 0  # type: ignore[attr-defined]
        service.further = further  # type: ignore[attr-defined]
        threading.Thread(target=service.serve_forever, daemon=True).start()
        done = run(sample, folder, f"http://127.0.0.1:{service.server_port}")
        service.shutdown()
    assert (done.stdout, service.asked) == (f"{said}\n", 2), done.stderr  # type: ignore[attr-defined]


@pytest.mark.long
@pytest.mark.skipif(shutil.which("mcs") is None, reason=f"no C# compiler: apt-get install {MONO}")
def test_the_c_sharp_sample_registers_and_holds_what_is_not_released(folder: Path, server: ServerProcess) -> None:
    (folder / "Sample.cs").write_text(C_SHARP_SAMPLES[0] + CALLER)
    subprocess.run(["mcs", "-warnaserror", "-r:System.Net.Http.dll", "Sample.cs"], cwd=folder, check=True)
    address = f"http://{server.host}:{server.port}"
    done = subprocess.run(
        ["mono", "Sample.exe", address, "part.png"], cwd=folder, capture_output=True, text=True, check=True
    )
    assert (done.stdout.split(), done.stderr) == (["False", "False"], "")
