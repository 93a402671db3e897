"""Words of HTCondor's configuration and submit languages, which share their macros (manual, "Configuration Macros")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.generators.quoting import Raw, classad

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afspec.facility.batch import AttributeValue


def literal(value: AttributeValue) -> Raw:
    """A ClassAd literal in which no macro is expanded: $(DOLLAR) is a dollar sign, and nothing else."""
    return Raw(classad(value).replace("$", "$(DOLLAR)"))


def literals(attributes: Mapping[str, AttributeValue]) -> dict[str, Raw]:
    """Each attribute's literal."""
    return {name: literal(value) for name, value in attributes.items()}
