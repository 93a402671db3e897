"""pytest finds the kit's hooks here: `pytest conformance --site bnl`."""

from afspec.conformance.plugin import *  # noqa: F403 - the hooks, by their names
