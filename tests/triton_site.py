"""A site that runs Triton itself, and what is compiled for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.generators.triton import Triton
from support import facility

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from afspec.generators import Artifact

SITE = """
services:
  triton:
    stance: promised
    http: http://127.0.0.1:9000
    grpc: 127.0.0.1:9001
    repository: s3://http://127.0.0.1:5555/models/<user>
    poll: 10 s
    read_key: {env: READ_KEY}
    write_key: {env: WRITE_KEY}
    server:
      executable: /opt/triton/bin/tritonserver
      backends: /opt/triton/backends
      libraries: [/opt/triton/lib, /opt/python/lib]
      python: /opt/env/bin/python3
      metrics_port: 9002
      tenants: [alice, alice-b]
"""
EXAMPLE = "triton/models/example"


def rendered(body: str = SITE, title: str = "A toy") -> dict[str, Artifact]:
    head = f"afspec: 1\nname: toy\ntitle: '{title.replace(chr(39), chr(39) * 2)}'\ndeclared_by: site\n"
    return {artifact.path: artifact for artifact in Triton().render(facility(body, head))}


def write(folder: Path, files: Iterable[Artifact]) -> None:
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="ascii")
        path.chmod(0o755 if file.executable else 0o644)
