"""What a command costs, as one line of JSON: `python benchmarks/usage.py afspec compile sites/slac.yaml`.

CPU seconds (user's and the kernel's) of the command and of the children that it waited for, wall seconds, and the
bytes of memory of its largest process, all from the kernel's own account (wait4). It is a process of its own because
Linux counts the memory of whoever starts a command as the command's: this one holds some 12 MB, less than any command
measured here.
"""

import json
import os
import sys
import time

_SILENT = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]


def main() -> int:
    """Run the command with its output thrown away; its errors pass through, and its exit code is ours."""
    start = time.perf_counter()
    child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=_SILENT)
    _, status, used = os.wait4(child, 0)
    wall = time.perf_counter() - start
    print(json.dumps({"user": used.ru_utime, "kernel": used.ru_stime, "wall": wall, "memory": used.ru_maxrss << 10}))
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
