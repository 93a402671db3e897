"""What the facility runs on its cluster: known to rules as well, hence the facility's own."""

from afspec.facility.components import Component, component, components

__all__ = ["Component", "component", "components"]
