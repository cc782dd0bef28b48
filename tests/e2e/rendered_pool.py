"""The chart's coordinator and agent as processes: with the arguments and the certificates of their pods."""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.credentials import Credentials
from tests.deploy.renders import TARGETS, rendered
from tests.deploy.secrets import certificates, written
from tests.e2e.commands import HERE
from tests.e2e.processes import eventually
from tests.e2e.service import serving
from tests.e2e.writing import arrivals, write_test

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

    from tests.deploy.manifests import Manifests
    from tests.e2e.commands import Groundswell
    from tests.e2e.demo import Demo
    from tests.e2e.service import Service

NAME = "groundswell"
REQUESTS = "groundswell_http_reqs_total"
_TLS = "/etc/groundswell/tls"
_VARIABLES = {"$(WORKERS)": "1", "$(NODE)": "here"}


@dataclass(frozen=True)
class RenderedPool:
    """`service` asks as a viewer; `folders` has the certificates by their Secret's name."""

    manifests: Manifests
    service: Service
    folders: Mapping[str, Path]


@contextmanager
def run_on_rendered_pool(
    groundswell: Groundswell, demo: Demo, for_: str
) -> Generator[RenderedPool]:
    """A run on one agent that the manifests describe, from its first sealed second on; it ends well."""
    manifests = rendered({**TARGETS, "certificates": {"create": True}})
    made = certificates(manifests)
    folders = {name: written(files, groundswell.folder / name) for name, files in made.items()}
    viewer = folders[f"{NAME}-viewer-tls"]
    trust = ssl.create_default_context(cafile=viewer / "ca.crt")
    trust.load_cert_chain(viewer / "tls.crt", viewer / "tls.key")
    coordinator = _arguments(manifests, "coordinator", folders)
    agent = _arguments(manifests, "agent", folders)
    test = write_test(
        groundswell.folder,
        demo.url,
        {"load": arrivals("20/s", for_)},
        thresholds={"http_req_failed": ["rate < 1%"]},
    )
    with serving(groundswell, *coordinator, tls=trust) as service:
        there = f"localhost:{service.address.rpartition(':')[2]}"
        own = (f"--coordinator={there}", f"--ready-file={HERE}/ready")
        with (
            groundswell.starting("agent", *agent, *own) as attaching,
            groundswell.starting_run(
                test, "--coordinator", there, *_shown(folders[f"{NAME}-operator-tls"])
            ) as running,
        ):
            eventually((attaching.folder / "ready").exists, 30, "an agent is ready")
            eventually(lambda: (service.metric(REQUESTS) or 0) > 0, 30, "a second of it")
            yield RenderedPool(manifests, service, folders)
            assert running.end_of_run().exit_code == 0


def _arguments(manifests: Manifests, role: str, folders: Mapping[str, Path]) -> list[str]:
    """Without the command; what this machine has elsewhere is given again behind them, and counts."""
    pod = manifests.one("Deployment", f"{NAME}-{role}")["spec"]["template"]["spec"]
    arguments: list[str] = pod["containers"][0]["args"]
    assert arguments[0] == role
    words = arguments[1:]
    for name, value in {**_VARIABLES, _TLS: str(folders[f"{NAME}-{role}-tls"])}.items():
        words = [word.replace(name, value) for word in words]
    return words


def _shown(folder: Path) -> list[str]:
    return Credentials(folder / "ca.crt", folder / "tls.crt", folder / "tls.key").words()
