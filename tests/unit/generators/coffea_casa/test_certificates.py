"""TLS that Python accepts between a session and its workers."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest
from coffea_casa_site import SITES, needs, session

if TYPE_CHECKING:
    from pathlib import Path


def test_a_certificate_for_all_sessions_is_a_secret() -> None:
    made = session(SITES["everything"])
    volume = next(item for item in made["storage"]["extraVolumes"] if item["name"] == "cmsaf-secrets")
    assert volume["secret"]["secretName"] == "casa-tls"
    assert "initContainers" not in made
    assert needs(SITES["everything"])["Secret", "casa-tls"]["holds"] == ["ca.pem", "hostcert.pem", "hostkey.pem"]


def test_a_session_makes_a_certificate_that_python_takes(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl, which coffea-casa's image has")
    (maker,) = session(SITES["usual"])["initContainers"]
    shell, flag, script = maker["command"]
    # KubeSpawner fills in words between braces.
    assert script.format() == script
    script = script.replace("/etc/cmsaf-secrets", str(tmp_path))
    subprocess.run([shell, flag, script], check=True, capture_output=True, timeout=60)
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == dict.fromkeys(
        ("ca.pem", "hostcert.pem", "hostkey.pem"), 0o600
    )
    for flags in (ssl.VerifyFlags.VERIFY_X509_STRICT, _NEW):
        ours, theirs = socket.socketpair()
        heard: list[bytes] = []

        def serve(theirs: socket.socket, heard: list[bytes], flags: ssl.VerifyFlags) -> None:
            with _context(tmp_path, ssl.Purpose.CLIENT_AUTH, flags).wrap_socket(theirs, server_side=True) as connection:
                heard.append(connection.recv(5))

        server = threading.Thread(target=serve, args=(theirs, heard, flags))
        server.start()
        with _context(tmp_path, ssl.Purpose.SERVER_AUTH, flags).wrap_socket(ours) as connection:
            connection.sendall(b"hello")
            server.join(30)
        assert heard == [b"hello"]


_NEW = ssl.VerifyFlags.VERIFY_X509_STRICT | ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN


def _context(folder: Path, purpose: ssl.Purpose, flags: ssl.VerifyFlags) -> ssl.SSLContext:
    """As distributed makes it: both show certificates, hosts are not compared; and as strict as Python 3.13."""
    context = ssl.create_default_context(purpose, cafile=str(folder / "ca.pem"))
    # Workers read certificate and key from one file.
    context.load_cert_chain(folder / "hostcert.pem")
    context.check_hostname, context.verify_mode = False, ssl.CERT_REQUIRED
    context.verify_flags |= flags
    return context
