"""Dask workers as batch jobs, by the site's compiled cluster.py, run in a Python that users have in a session.

That Python is the first of: python3 on PATH, that of the site's own Jupyter, that of the default image, opened by the
compiled setup. The program runs in the background there, so that the scheduler can be asked where its workers are.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, cast

from afspec.conformance.clients.batch import batch_of, pool_of
from afspec.conformance.clients.batch.interface import LIVING, Phase
from afspec.conformance.far import program
from afspec.conformance.trouble import FailedError, UnverifiedError
from afspec.verdict import Reason

if TYPE_CHECKING:
    from afspec.conformance.clients.batch import Batch, Listed
    from afspec.conformance.probe import Probe

_FILES = ("cluster.py", "jobqueue.yaml", "dask.yaml")
_SETUP = "user-setup/setup.sh"
_NEEDED = "import dask_jobqueue, distributed"
# Seconds for the workers to come, for one more of them, and for jobs to go.
_PATIENCE, _MORE, _GONE = 60, 20, 60
_FIND = """cd "$1" && needed=$2 && shift 2 || exit 1
for each; do "$each" -c "$needed" 2>/dev/null && echo "$each" && exit; done
exit 1
"""
_IN_IMAGE = 'source "$0" >/dev/null && af_exec python "$@"'
_START = 'cd "$1" && shift && (nohup timeout "$@" >out 2>err </dev/null; echo $? >rc) >/dev/null 2>&1 & echo $!'
# Waits there for a while: whoever asks again and again fills the evidence with it.
_READ = """cd "$1" || exit 1
for each in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    if [ -e "$2" ]; then cat "$2"; exit; fi
    [ ! -e rc ] || { tail -n 4 err >&2; exit 9; }
    sleep 0.25
done
exit 8
"""
_TELL = 'cd "$1" && rm -f told.json && printf %s "$2" >go.new && mv go.new go.json'
_FORGET = 'case $1 in afspec-*/* | *..*) exit 64 ;; afspec-*) rm -rf -- "${HOME:?}/$1" ;; *) exit 64 ;; esac'
_ENDED, _NOT_YET = 9, 8


class Far:
    """The program on the far side, and the folder that it runs in."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        home = probe.sh('printf %s "$HOME"', check=True).out
        self.folder = f"{home}/{probe.name}"

    def start(self, batch: Batch, code: str, needed: str = _NEEDED, seconds: float = 4 * _PATIENCE) -> None:
        """Begin the program `code`, in a Python that can do what is `needed`, for so many seconds at most.

        Raises:
            UnverifiedError: there is no such Python.
        """
        probe = self.probe
        probe.later(lambda: self._end(batch), f"scancel or condor_rm the jobs named {probe.name}; rm -r ~/{probe.name}")
        for name in _FILES:
            if text := probe.run.files.get(f"dask/{name}"):
                probe.put(f"{self.folder}/{name}", text.encode())
        probe.put(f"{self.folder}/ask.py", code.encode())
        probe.sh(_START, self.folder, f"{seconds:g}", *self._python(needed), "ask.py", check=True)

    def _python(self, needed: str) -> list[str]:
        """The command that runs a program in a Python with dask-jobqueue, and what else is needed.

        Raises:
            UnverifiedError: there is none.
        """
        probe = self.probe
        own = [item.hub.python for item in probe.facility.jupyter if item.hub and item.hub.python]
        apps = [item.ondemand.setup for item in probe.facility.jupyter if item.ondemand and item.ondemand.setup]
        known = ["python3", *own, *(f"{setup}/bin/python" for setup in apps)]
        if (answer := probe.sh(_FIND, self.folder, needed, *known, timeout=60)).ok:
            probe.note("python", answer.out.strip())
            return [answer.out.strip()]
        image = probe.facility.default_image
        if image is not None and _SETUP in probe.run.files:
            setup = f"{self.folder}/setup.sh"
            probe.put(setup, probe.run.files[_SETUP].encode())
            if probe.sh('bash -c "$1" "$2" -c "$3"', _IN_IMAGE, setup, needed, timeout=60).ok:
                probe.note("python", f"that of {image.name}")
                return ["bash", "-c", _IN_IMAGE, setup]
        modules = needed.removeprefix("import ")
        text = f"no Python of the session's has all of {modules}, nor has the site's image"
        hint = "Run the kit in a session with the environment that your notebooks use."
        raise UnverifiedError(Reason.PREREQUISITE_ABSENT, text, hint)

    def read(self, name: str, seconds: float) -> dict[str, Any]:
        """What the program has told in a file.

        Raises:
            FailedError: it ended without a word, or tells nothing in time.
        """
        end = time.monotonic() + min(seconds, self.probe.remaining())
        while True:
            answer = self.probe.sh(_READ, self.folder, name)
            if answer.ok:
                return cast("dict[str, Any]", json.loads(answer.out))
            if answer.exit == _ENDED:
                raise FailedError(f"the cluster did not come up: {self._last(answer.words)}")
            if answer.exit != _NOT_YET or time.monotonic() > end:
                raise FailedError(f"the cluster's program does not answer: {answer.words}")

    def _last(self, words: str) -> str:
        answer = self.probe.sh('cat "$1/done.json"', self.folder)
        try:
            return str(json.loads(answer.out)["error"])
        except (ValueError, KeyError, TypeError):
            return words

    def tell(self, **what: Any) -> None:
        """Say what is to be done next."""
        self.probe.sh(_TELL, self.folder, json.dumps(what), check=True)

    def _end(self, batch: Batch) -> None:
        for job in batch.mine():
            if job.name == self.probe.name and job.phase in LIVING:
                batch.cancel(job.id)
        self.probe.sh(_FORGET, self.probe.name, check=True)


def named(probe: Probe) -> dict[str, Any]:
    """Options of a cluster whose jobs are called after the probe: HTCondor's by a directive, Slurm's have a name."""
    if pool_of(probe).scheduler == "htcondor":
        return {"job_extra_directives": {"batch_name": probe.name}}
    return {"job_name": probe.name}


def ask_jobqueue(probe: Probe) -> dict[str, Any]:
    """A cluster of two worker jobs: where the scheduler runs them, what they compute, and what is left of them.

    Where both run on one node, a third is sent that keeps off it.

    Raises:
        FailedError: no cluster comes up, or it does not compute.
        UnverifiedError: there is no Python to do it in, or jobs wait for longer than they may here.
    """
    batch = batch_of(probe)
    far = Far(probe)
    probe.spend(jobs=2)
    options = named(probe)
    far.start(batch, program("versions", "workers", nonce=probe.nonce, patience=_PATIENCE, more=_MORE, options=options))
    said = far.read("told.json", 2 * _PATIENCE)
    placed = _placed(batch, said["jobs"])
    _all_there(probe, batch, placed)
    why, numbers = "", list(said["jobs"])
    if len({node for _, node in placed}) == 1 and placed[0][1]:
        far.tell(keep_off=_keep_off(probe, placed[0][1]))
        probe.spend(jobs=1)
        asked = far.read("told.json", 2 * _MORE)
        numbers = [*asked["asked"], *asked["jobs"]]
        placed = _placed(batch, asked["jobs"])
        if len({node for _, node in placed}) == 1:
            why = "all on one node, and a worker that keeps off it does not start"
    for _, node in placed:
        if node:
            probe.run.hide(node)
    far.tell(go=True)
    done = far.read("done.json", _PATIENCE)
    if done.get("error"):
        raise FailedError(f"the cluster does not compute: {done['error']}")
    return {**done, **said, "nodes": placed, "why": why, "nonce": probe.nonce, "left": _left(probe, batch, numbers)}


def _placed(batch: Batch, numbers: list[str]) -> list[tuple[str, str]]:
    """The workers' jobs, each with the node that the scheduler names; "" for what it does not know as a job."""
    nodes = {job.id.partition(".")[0]: job.node for job in batch.mine()}
    return [(number, nodes.get(number.partition(".")[0], "")) for number in numbers]


def _all_there(probe: Probe, batch: Batch, placed: list[tuple[str, str]]) -> None:
    """Two workers have come; else it is the queue's fault, or theirs.

    Raises:
        FailedError: a worker's job runs, and no worker comes of it.
        UnverifiedError: a job waits.
    """
    if len(placed) > 1:
        return
    waiting = [job for job in _ours(probe, batch) if job.phase is Phase.QUEUED]
    if waiting:
        text = f"{len(waiting)} of the workers' jobs did not start within {_PATIENCE} s"
        probe.unverified(Reason.QUEUE_WAIT_EXCEEDED, text, "Ask again when the queue is shorter.")
    raise FailedError(f"of two worker jobs {len(placed)} became workers within {_PATIENCE} s")


def _ours(probe: Probe, batch: Batch) -> list[Listed]:
    return [job for job in batch.mine() if job.name == probe.name]


def _keep_off(probe: Probe, node: str) -> dict[str, str] | list[str]:
    """Directives for a worker job that must not run on a node (sbatch(1), condor_submit(1))."""
    if pool_of(probe).scheduler == "slurm":
        return [f"--exclude={node}"]
    return {"requirements": f'(TARGET.Machine =!= "{node}" && !regexp("@{node}$", TARGET.Name))'}


def _left(probe: Probe, batch: Batch, numbers: list[str]) -> list[str]:
    """The workers' jobs that still run after their cluster was closed."""
    living = LIVING - {Phase.ENDING}
    known = {number.partition(".")[0] for number in numbers}

    def left() -> list[str]:
        ours = [job for job in batch.mine() if job.name == probe.name or job.id.partition(".")[0] in known]
        return [job.id for job in ours if job.phase in living]

    probe.poll(lambda: not left(), _GONE)
    return left()
