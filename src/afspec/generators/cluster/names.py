"""Names of objects: known to rules as well, hence the facility's own."""

from afspec.facility.dns import dns_label

__all__ = ["dns_label"]
