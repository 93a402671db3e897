"""The catalogue of requirements and the pytest files that probe them (afspec.conformance.suite when installed)."""
