"""What names and labels must look like (Kubernetes documentation, Object Names; Labels and Selectors)."""

from __future__ import annotations

import re
from typing import Any

_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")
_SERVICE = re.compile(r"[a-z](?:[-a-z0-9]*[a-z0-9])?")
_PART = re.compile(r"[A-Za-z0-9](?:[-_.A-Za-z0-9]*[A-Za-z0-9])?")
_PORT = re.compile(r"(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*")
_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_SHORT, _LONG, _PORT_LENGTH = 63, 253, 15


def is_label(name: Any) -> bool:
    """Whether it is one label of the DNS (RFC 1123)."""
    return isinstance(name, str) and len(name) <= _SHORT and _LABEL.fullmatch(name) is not None


def is_service(name: Any) -> bool:
    """Whether it is a label that begins with a letter (RFC 1035)."""
    return isinstance(name, str) and len(name) <= _SHORT and _SERVICE.fullmatch(name) is not None


def is_subdomain(name: Any) -> bool:
    """Whether it is a name of the DNS, in lower case."""
    return isinstance(name, str) and len(name) <= _LONG and all(_LABEL.fullmatch(part) for part in name.split("."))


def is_host(name: Any) -> bool:
    """Whether it is the name of a host, or of all below one (*.example.org)."""
    return (
        isinstance(name, str)
        and is_subdomain(name.removeprefix("*."))
        and all(map(is_label, name.removeprefix("*.").split(".")))
    )


def is_port(name: Any) -> bool:
    """Whether it names a port: at most 15 letters, digits and single dashes, a letter among them (RFC 6335)."""
    return isinstance(name, str) and len(name) <= _PORT_LENGTH and _PORT.fullmatch(name) is not None


def is_key(name: Any) -> bool:
    """Whether it is a key of a ConfigMap or a Secret."""
    return isinstance(name, str) and len(name) <= _LONG and _KEY.fullmatch(name) is not None and name not in {".", ".."}


def is_value(text: Any) -> bool:
    """Whether it is the value of a label."""
    return isinstance(text, str) and len(text) <= _SHORT and (not text or _PART.fullmatch(text) is not None)


def is_qualified(name: Any) -> bool:
    """Whether it is the key of a label or an annotation: a name, or a domain, a slash and a name."""
    if not isinstance(name, str):
        return False
    domain, slash, last = name.rpartition("/")
    return len(last) <= _SHORT and _PART.fullmatch(last) is not None and (not slash or is_subdomain(domain))
