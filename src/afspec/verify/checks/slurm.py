"""Slurm: batch scripts before a controller of the compiled partitions, and slurm.conf before that controller."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from afspec.verify.bench import ToolError
from afspec.verify.check import Check, Finding
from afspec.verify.tools import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.verify.bench import Bench
    from afspec.verify.compiled import Compiled

_CONF = "/replica/slurm.conf"
# What needs a database, a key, folders or users that only a twin has. The nodes are not there either: a node of the
# cloud is one that comes when it is needed (slurm.conf(5), State).
_LEFT_OUT = re.compile(
    r"^(?:Accounting|Auth|Cred|JobAcct|JobComp|Mail|Prolog|Epilog|Task(?:Prolog|Epilog)|SlurmUser|SlurmdUser|SlurmctldHost|SlurmctldAddr|ControlMachine"
    r"|StateSave|SlurmdSpool|Slurm(?:ctld|d)(?:Pid|Log)File|EnforcePartLimits)",
    re.IGNORECASE,
)
_OWN = """
SlurmctldHost=verify(127.0.0.1)
MailProg=/bin/true
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/none
CredType=cred/none
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/slurmctld.log
SuspendProgram=/bin/true
ResumeProgram=/bin/true
SuspendTime=600
EnforcePartLimits=ALL
"""
# Scripts are asked about once the controller answers; it ends with this script.
_ASK = """\
set -u
export SLURM_CONF=$1
shift
# Names of partitions, of which the first answer is awaited.
mkdir -p "$TMPDIR/state"
slurmctld -D -c >"$TMPDIR/out" 2>&1 &
controller=$!
trap 'kill -KILL "$controller" 2>/dev/null' EXIT
port=$(sed -n 's/^SlurmctldPort=//p' "$SLURM_CONF")
for _ in $(seq 200); do
  if ! kill -0 "$controller" 2>/dev/null; then
    echo "@controller"
    cat "$TMPDIR/out"
    exit 0
  fi
  if (: <"/dev/tcp/127.0.0.1/${port:-6817}") 2>/dev/null; then break; fi
  sleep 0.05
done
for script in "$@"; do
  echo "@script $script"
  sbatch --test-only "$script" 2>&1
  echo "@status $?"
done
"""
_REFUSED = re.compile(r"^(?:sbatch: (?:error: )?|allocation failure: )(?P<said>.+)$", re.MULTILINE)
_OPTION = re.compile(r"--?([a-z][\w-]*)")


class Sbatch(Check):
    """sbatch submits the scripts to a controller that has the compiled partitions (sbatch --test-only)."""

    name = "sbatch"
    code = "AF5113"
    # It starts a controller, for a second or two.
    static = False
    tool = Program(("sbatch", "slurmctld"), "install Slurm's client and controller", ("bookworm",), enclosed=True)

    def files(self, site: Compiled) -> list[str]:
        return [path for path in site.like("slurm/*.sh") if "\n#SBATCH " in site.text(path)]

    def beside(self, site: Compiled) -> list[str]:
        return site.like(f"slurm/*{_CONF}", f"slurm{_CONF}")

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding]:
        left = set(files)
        for conf in self.beside(site):
            own = [path for path in files if path.startswith(conf.removesuffix(_CONF) + "/")]
            left -= set(own)
            yield from _ask(bench, site, conf, own)
        if left:
            raise ToolError(f"no slurm.conf was compiled for {min(left)}")


def _ask(bench: Bench, site: Compiled, conf: str, scripts: list[str]) -> Iterator[Finding]:
    lines = [line for line in site.text(conf).splitlines() if not _LEFT_OUT.match(line)]
    text = "\n".join(line.replace("State=UNKNOWN", "State=CLOUD") for line in lines)
    folder = f"{bench.inside}/own"
    path = bench.write("own/slurm.conf", text + _OWN.format(folder=folder, user=bench.user))
    done = bench.run(["bash", "-c", _ASK, "ask", path, *scripts], timeout=90)
    if "@controller" in done.out:
        raise ToolError(f"slurmctld does not start: {' '.join(done.out.split())[-300:]}")
    answers = done.out.split("@script ")[1:]
    if len(answers) != len(scripts) or "Unable to contact slurm controller" in done.out:
        raise ToolError(f"slurmctld does not answer: {done.said[-300:]}")
    for script, answer in zip(scripts, answers, strict=True):
        if not answer.rstrip().endswith("@status 0"):
            said = "; ".join(dict.fromkeys(found["said"] for found in _REFUSED.finditer(answer)))
            yield Finding(
                script, _line(site.text(script), said), said.removesuffix('; Try "sbatch --help" for more information')
            )


def _line(text: str, said: str) -> int:
    """The line of the option that sbatch names, or of the partition that it does not know."""
    names = [name for name in _OPTION.findall(said) if name != "help"] or (["partition"] if "partition" in said else [])
    lines = enumerate(text.splitlines(), 1)
    return next((n for n, line in lines for name in names if line.startswith(f"#SBATCH --{name}")), 0)


class SlurmConf(Check):
    """Slurm reads slurm.conf, every key and value of it (scontrol)."""

    name = "slurm.conf"
    code = "AF5114"
    tool = Program(("scontrol",), "install Slurm's client", ("bookworm",))

    def files(self, site: Compiled) -> list[str]:
        return site.like(f"slurm/*{_CONF}", f"slurm{_CONF}")

    def beside(self, site: Compiled) -> list[str]:
        return site.like("slurm/*/gres.conf", "slurm/*/nodes.txt")

    def run(self, bench: Bench, site: Compiled, files: list[str]) -> Iterator[Finding]:
        for path in files:
            env = {"SLURM_CONF": f"{bench.inside}/site/{path}"}
            # Nothing is asked of a controller: names are put together, for which the file is read.
            done = bench.run(["scontrol", "show", "hostlist", "n1,n2"], env=env)
            said = done.err.strip()
            if done.returncode or "error:" in said:
                yield Finding(path, _key_line(site.text(path), said), " ".join(said.split())[:300])


def _key_line(text: str, said: str) -> int:
    found = re.search(r"unrecognized key: (\w+)|\"(\w+)\"", said)
    key = (found[1] or found[2] or "") if found else ""
    lines = enumerate(text.splitlines(), 1)
    return next((n for n, line in lines if key and re.search(rf"(?i)\b{re.escape(key)}=", line)), 0)
