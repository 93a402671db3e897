"""The ways to a facility, apart from what is asked there: hosts run commands, dialers open connections."""

from afspec.conformance.reach.dial import Dialer, Direct, OverSsh
from afspec.conformance.reach.hosts import Answer, Host, TestinfraHost
from afspec.conformance.reach.vantage import Vantages, Way

__all__ = ["Answer", "Dialer", "Direct", "Host", "OverSsh", "TestinfraHost", "Vantages", "Way"]
