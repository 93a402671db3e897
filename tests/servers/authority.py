"""A throw-away certificate authority, made with openssl."""

from __future__ import annotations

import ssl
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc")
_NAMES = "subjectAltName=IP:127.0.0.1,IP:127.0.0.2,DNS:localhost"


class Authority:
    """A CA in a folder: `ca.pem`, and the certificates that it signs, each with its key in one file."""

    def __init__(self, folder: Path, name: str = "throw-away CA") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.ca = folder / "ca.pem"
        self._key = folder / "ca.key"
        self._openssl("req", "-x509", *_NEW_KEY, "-subj", f"/CN={name}", "-keyout", self._key, "-out", self.ca)

    def _openssl(self, *arguments: str | Path) -> None:
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=30)

    def issue(self, name: str) -> Path:
        """A certificate for loopback and its key, one after the other in a PEM file of that name."""
        key, certificate, both = (self.folder / f"{name}.{end}" for end in ("key", "crt", "pem"))
        signed = ("-CA", self.ca, "-CAkey", self._key, "-addext", _NAMES, "-subj", f"/CN={name}")
        self._openssl("req", "-x509", *_NEW_KEY, *signed, "-keyout", key, "-out", certificate)
        both.write_text(certificate.read_text() + key.read_text())
        return both

    def server(self, name: str) -> ssl.SSLContext:
        """What a server of that name speaks TLS with."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.issue(name))
        return context

    def client(self) -> ssl.SSLContext:
        """What somebody who trusts this authority alone speaks TLS with."""
        return ssl.create_default_context(cafile=str(self.ca))
