"""Semantic rules: what a valid spec can still get wrong, from a partition that is not there to a stale fact.

One class a rule, one module an area; the registry finds them. The class's name is the code, its docstring the title and
why it matters, the docstring of `check` the advice. Each rule has a case that breaks it and a case that keeps it, in
tests/cases/bad/<code>/ and tests/cases/good/<code>/, and a page made of them, docs/rules/<code>.md. The areas are AF30
sources and what is ignored, AF31 batch and GPUs, AF32 logins, AF33 Dask, AF34 Jupyter, AF35 storage, AF36 images, AF37
services, AF38 monitoring, AF39 the cluster.
"""

from afspec.rules.base import Context, Finding, Rule
from afspec.rules.check import check
from afspec.rules.registry import builtin

RULES = builtin()

__all__ = ["RULES", "Context", "Finding", "Rule", "check"]
