"""Pinning: from what an image wants to a lock of packages with their digests, by the resolver of its package manager.

The one room that uses the network, and only when `afspec lock` runs. `request` takes from a spec what is to be locked,
`pip` and `conda` ask the resolvers, `changes` tells old from new, `file` writes the lock where the spec names it.
"""

from afspec.pinning.changes import Changes, compare
from afspec.pinning.file import write
from afspec.pinning.lock import Fit, fit_of, make
from afspec.pinning.request import ABSENT, Request, requests

__all__ = ["ABSENT", "Changes", "Fit", "Request", "compare", "fit_of", "make", "requests", "write"]
