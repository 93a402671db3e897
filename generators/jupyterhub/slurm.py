"""Sessions that are jobs of Slurm (sbatch(1)).

batchspawner 1.3 fills {cmd}, {homedir}, {keepvars}, {options}, {prologue} and {host} into a batch script by str.format.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from afspec.facility.common import by_name
from afspec.facility.quantities import mebibytes, slurm_time
from afspec.generators.quoting import shell, shell_list, shell_path

from .images import HAS_SERVER, SERVER
from .request import Choice, cores_and_memory, names, walltime

if TYPE_CHECKING:
    from afspec.facility.batch import SlurmPool
    from afspec.facility.images import Images
    from afspec.facility.jupyter import Hub, Jupyter, Profile


def slurm_choice(pool: SlurmPool, jupyter: Jupyter, profile: Profile | None) -> Choice:
    """A session as options of sbatch."""
    offered = [partition for partition in pool.partitions if partition.offered]
    wanted = (profile.slots if profile else None) or pool.default_partition
    partition = by_name(offered, wanted) if wanted else next(iter(offered), None)
    cpu, memory = cores_and_memory(jupyter, profile, pool.default_memory, partition.memory if partition else None)
    limit = walltime(jupyter, partition, pool)
    qos = (partition.qos if partition else ()) or pool.qos
    options = {
        "account": pool.accounts[0] if pool.accounts else None,
        "partition": wanted or (partition.name if partition else None),
        "qos": qos[0] if qos else None,
        "cpus-per-task": cpu,
        "mem": f"{mebibytes(memory)}M",
        "gres": f"gpu:{f'{profile.gpu}:' if profile.gpu else ''}{profile.gpus}" if profile and profile.gpus else None,
        "time": slurm_time(limit) if limit else None,
    }
    lines = tuple(f"#SBATCH --{option}={value}" for option, value in options.items() if value is not None)
    return Choice(*names(profile), lines, cpu, memory, profile.image if profile else None)


def slurm_script(pool: SlurmPool, *, suffix: str, in_images: bool) -> tuple[str, ...]:
    """The batch script; `suffix` tells apart the logs of a user's sessions."""
    unset = (f"unset {' '.join(pool.unset)}",) if pool.unset else ()
    return (
        "#!/bin/bash",
        "#SBATCH --job-name=jupyterhub",
        "#SBATCH --nodes=1",
        "#SBATCH --ntasks=1",
        "{options}",
        "#SBATCH --chdir={homedir}",
        f"#SBATCH --output={{homedir}}/.jupyterhub{suffix}.log",
        "#SBATCH --open-mode=truncate",
        "#SBATCH --export={keepvars}",
        *unset,
        *(("{prologue}", "start {cmd}") if in_images else ("exec {cmd}",)),
    )


def slurm_container(there: Images, hub: Hub, pool: SlurmPool) -> tuple[str, ...]:
    """Lines of the prologue: `start` runs the server in the last of `places` that exists."""
    home = str(PurePosixPath(hub.python or "/usr/bin/python3").parent.parent)
    flag = " --nv" if there.gpu_flag is not False else ""
    launch = f'if {HAS_SERVER}; then shift 2; set -- {SERVER} "$@"; fi; exec "$@"'
    cache = (
        (
            ': "${USER:=$(id -un)}"',
            f"cache={shell_path(there.cache)}",
            'if (umask 077 && mkdir -p "$cache"); then export APPTAINER_CACHEDIR=${APPTAINER_CACHEDIR:-$cache}; fi',
        )
        if there.cache
        else ()
    )
    return (
        *cache,
        f"options=(exec{flag})",
        f"for folder in {shell_list(dict.fromkeys([*there.binds, *pool.binds, home]))}; do",
        # Apptainer refuses to start where a bound path is missing.
        '  if [ -e "$folder/." ] || [ -e "$folder" ]; then options+=(--bind "$folder"); fi',
        "done",
        "start() {",
        "  local image= place",
        '  for place in "${places[@]}"; do',
        # Looking into a folder mounts CVMFS.
        "    if [[ $place = docker://* || -e $place/. || -e $place ]]; then image=$place; fi",
        "  done",
        '  if [ -z "$image" ]; then echo "there is no such image: ${places[*]}" >&2; exit 69; fi',
        f'  exec {shell(there.executable or "apptainer")} "${{options[@]}}" "$image" /bin/sh -c \'{launch}\' sh "$@"',
        "}",
    )
