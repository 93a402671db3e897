"""Users' folders in dask-jobqueue's settings.

dask reads its YAML files without expanding variables, and dask-jobqueue puts `local-directory` unquoted on the
worker's command line, which a shell on the node reads: there, and only there, a path may say who the user is.
Slurm's job script is bash's. HTCondor runs /bin/sh -c, in which `$(` would be a macro of the submit language
and USER is not set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.facility.batch import HTCondorPool

if TYPE_CHECKING:
    from afspec.facility.batch import SlurmPool

# HTCondor's own folder for a job (manual, "Environment Variables for a Running Job").
_CONDOR_SCRATCH = "_CONDOR_SCRATCH_DIR"


def in_shell(path: str, *, condor: bool) -> str:
    """A user's path as words of the shell that starts the worker."""
    letter, name = ("`id -un | cut -c1`", "`id -un`") if condor else ("${USER:0:1}", "${USER}")
    return path.replace("<u>", letter).replace("<user>", name)


def local_directory(pool: SlurmPool | HTCondorPool, declared: str | None) -> str | None:
    """Where workers spill: what the spec says, or else the job's own scratch folder; None leaves it to dask."""
    condor = isinstance(pool, HTCondorPool)
    path = declared or pool.scratch
    variable = pool.scratch_variable or (_CONDOR_SCRATCH if condor else None)
    if path is None:
        return f"${{{variable}:-/tmp}}" if variable else None
    shown = in_shell(path, condor=condor)
    return f"${{{variable}:-{shown}}}" if variable and path == pool.scratch else shown


def in_python(path: str | None) -> str:
    """A user's path as cluster.py fills it in: with str.format, from the user's name; "" where there is none."""
    return (path or "").replace("<user>", "{user}").replace("<u>", "{initial}")


def has_placeholder(path: str) -> bool:
    """Whether a path differs from user to user."""
    return "<" in path
