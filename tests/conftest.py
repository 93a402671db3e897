"""Settings of all tests: hypothesis gives the same examples on every machine and keeps nothing on disk."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "afspec",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("afspec")
