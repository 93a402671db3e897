"""Text that users see on the hub's page: KubeSpawner puts it into HTML as it is."""

from __future__ import annotations

from html import escape

from afspec.facility.quantities import format_bytes


def html(text: str) -> str:
    """Text in HTML, in ASCII."""
    return escape(text).encode("ascii", "xmlcharrefreplace").decode()


def size(cpu: int | None, memory: int | None) -> str:
    """Cores and memory: "4 cores, 8 GB"."""
    cores = f"{cpu} core{'' if cpu == 1 else 's'}" if cpu else ""
    return ", ".join(filter(None, (cores, format_bytes(memory) if memory else "")))
