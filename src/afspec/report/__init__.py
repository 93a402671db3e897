"""Reports of conformance runs: the closed form of report.json, and everything that is drawn from it.

Reads JSON only and never runs a probe. Where the required set must be computed again, the function that knows specs
and catalogue is handed in by whoever calls.
"""
