"""The forms of export by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from afspec.report.exports.badge import badge
from afspec.report.exports.intoto import intoto
from afspec.report.exports.junit import junit
from afspec.report.exports.nagios import nagios
from afspec.report.exports.prometheus import prometheus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afspec.report.exports.form import Form

FORMS: Final[Mapping[str, Form]] = {
    "junit": junit,
    "intoto": intoto,
    "nagios": nagios,
    "prometheus": prometheus,
    "badge": badge,
}
