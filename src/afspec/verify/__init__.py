"""Compiled files, checked by the programs that will read them: `afspec verify`.

A folder that the compiler wrote is read with its lock; each check hands the files that it is about to a real tool, in a
temporary folder of its own, and tells what the tool says of them. A check whose tool is not here checked nothing, and
says so. Results are remembered by digest. A new check is one module in `checks`.
"""

from afspec.verify.compiled import Compiled
from afspec.verify.report import Report, State, Verdict
from afspec.verify.run import Watcher, verify

__all__ = ["Compiled", "Report", "State", "Verdict", "Watcher", "verify"]
