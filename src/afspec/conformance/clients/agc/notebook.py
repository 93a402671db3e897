"""Upstream's own notebook, as it was committed, run by papermill in the site's image.

Nothing of it is changed. What a site has to say (the switches of `agc: environment`, its cache, its Dask cluster) is
said by a startup file of IPython, which runs before the first cell and sets upstream's own configuration.

Image, papermill, upstream's repository and data must be there. All that is missing is looked for before it is told.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from afspec.conformance.far import program
from afspec.conformance.trouble import CommandTimeoutError, FailedError
from afspec.verdict import Reason

if TYPE_CHECKING:
    from afspec.conformance.probe import Probe
    from afspec.conformance.reach import Answer
    from afspec.facility.images import Image

REPOSITORY = "https://github.com/iris-hep/analysis-grand-challenge"
COMMIT = "c37bf595519089fb1f20272721c705a20cd34d24"
FOLDER, NOTEBOOK = "analyses/cms-open-data-ttbar", "ttbar_analysis_pipeline.ipynb"
# Its fit of ttbar_norm (facts: v2, five files a process).
FIT, UNCERTAINTY = 0.960, 0.088
# What the notebook imports, and what runs it.
MODULES = ("papermill", "coffea", "cabinetry", "correctionlib", "hist", "pyhf", "uproot", "awkward")
# A file of upstream's list; a branch of it is read.
DATA = (
    "https://xrootd-local.unl.edu:1094//store/user/AGC/nanoAOD/"
    "TT_TuneCUETP8M1_13TeV-powheg-pythia8/cmsopendata2015_ttbar_19980_PU25nsData2015v1_76X_mcRun2_asymptotic_v12_ext3-v1_"
    "00000_0000.root"
)
_WORKERS = 4
# Seconds for the container to start, for git, for a branch to be read; between two looks at a run.
_START, _FETCH, _READ, _EVERY = 180, 120, 90, 5.0
_SETUP, _FILES = "user-setup/setup.sh", ("cluster.py", "jobqueue.yaml", "dask.yaml")
_IN_IMAGE = """
exec bash -c 'source "$1" >/dev/null || exit 65; cd -- "$2" || exit 66; shift 2; af_exec "$@"' - "$@"
"""
_GET = """
command -v git >/dev/null || { echo 'git is not here' >&2; exit 127; }
export GIT_TERMINAL_PROMPT=0
git init --quiet "$1" && git -C "$1" fetch --quiet --depth 1 "$2" "$3" &&
git -C "$1" -c advice.detachedHead=false checkout --quiet FETCH_HEAD && git -C "$1" rev-parse HEAD
"""
_CHANGED = 'git -C "$1" diff --name-only HEAD'
_LACKING = "import importlib.util, sys; print(*(name for name in sys.argv[1:] if not importlib.util.find_spec(name)))"
_OPEN = 'import sys, uproot; print(len(uproot.open({sys.argv[1]: "Events"})["nJet"].array(entry_stop=10)))'
_BEGIN = """
setup=$1 folder=$2 seconds=$3
shift 3
# timeout(1) hands a signal on to all that it started.
(nohup timeout -k 10 "$seconds" bash -c 'source "$1" >/dev/null; cd -- "$2"; shift 2; af_exec "$@"' - \\
    "$setup" "$folder" "$@" >/dev/null 2>"$folder/run.err" </dev/null &
echo "$!" >"$folder/run.pid"
wait "$!"
echo "$?" >"$folder/run.rc") >/dev/null 2>&1 &
"""
_LOOK = """
if [ -e "$1" ]; then cat "$1"; exit; fi
[ -e "$2/run.rc" ] || exit 8
tail -n 3 "$2/run.err" >&2
exit 9
"""
_END = """
[ ! -e "$2/run.pid" ] || kill "$(cat "$2/run.pid")" 2>/dev/null
case $1 in */afspec-*) rm -rf -- "$1" ;; *) exit 64 ;; esac
"""
_NOT_YET = 8


@dataclass(frozen=True)
class Ran:
    """What came of the notebook; `fit` is its ttbar_norm and the uncertainty, None where it printed none."""

    image: str
    error: str
    changed: str
    same: bool
    fit: tuple[float, float] | None

    @property
    def unmodified(self) -> bool:
        """Whether what ran is what was committed."""
        return self.same and not self.changed

    @property
    def words(self) -> str:
        """The fit, and what it is held against."""
        mine = f"{self.fit[0]:.3f} +- {self.fit[1]:.3f}" if self.fit else "none"
        return f"{mine}; upstream's is {FIT:.3f} +- {UNCERTAINTY:.3f}"


def near(fit: tuple[float, float] | None) -> bool:
    """Whether a fit is upstream's within upstream's uncertainty, and claims about as much as that."""
    return fit is not None and abs(fit[0] - FIT) <= UNCERTAINTY and UNCERTAINTY / 2 <= fit[1] <= 2 * UNCERTAINTY


def run(probe: Probe) -> Ran:
    """Run it.

    Raises:
        FailedError: it does not end, or brings no answer.
        UnverifiedError: image, papermill, repository or data cannot be had; the message names all that is missing.
    """
    image = _image(probe)
    site = _Site(probe)
    began = site.inside("true", seconds=_START)
    if not began.ok:
        probe.unverified(Reason.PREREQUISITE_ABSENT, f"the image {image.name} cannot be had here: {began.words}")
    missing, prefix = list(_missing(site, image)), None
    if not any("uproot" in each for each in missing):
        prefix = site.prefix()
        if prefix is None:
            missing.append(f"the data: {site.last}")
    if missing:
        text = f"cannot be had here: {'; '.join(missing)}"
        probe.unverified(Reason.PREREQUISITE_ABSENT, text, "The notebook is run where all of it is at hand.")
    told = site.run_notebook(image, prefix or "")
    fit = told.get("fit")
    changed = " ".join(probe.sh(_CHANGED, site.checkout).out.split())
    return Ran(image.reference, str(told["error"]), changed, bool(told["same"]), (fit[0], fit[1]) if fit else None)


def _image(probe: Probe) -> Image:
    images, image = probe.facility.images, probe.facility.default_image
    if image is None:
        probe.unverified(Reason.PREREQUISITE_ABSENT, "the spec names no image to run the notebook in")
    runtime = images.runtime if images and images.runtime else "unknown"
    if runtime != "apptainer" or _SETUP not in probe.run.files:
        text = f"the image {image.name} is run by {runtime}, which starts it for sessions and not for users"
        probe.unverified(Reason.PREREQUISITE_ABSENT, text, "Run the notebook in a session of the image by hand.")
    return image


def _missing(site: _Site, image: Image) -> list[str]:
    found = []
    answer = site.inside("python", "-c", _LACKING, *MODULES, seconds=_START)
    if not answer.ok:
        found.append(f"{', '.join(MODULES)} (the image {image.name} has no Python that answers: {answer.words})")
    elif lacking := answer.out.split():
        found.append(f"{', '.join(lacking)} (not in the image {image.name})")
    if why := site.fetched():
        found.append(f"upstream's notebook at {COMMIT[:8]}: {why}")
    return found


class _Site:
    """The site's compiled setup in the user's shell, and a folder of ours."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        home = probe.sh("cd && pwd", check=True).out.strip()
        self.folder = f"{home}/{probe.name}"
        self.checkout = f"{self.folder}/upstream"
        self.last = ""
        by_hand = f"rm -rf {self.folder}"
        probe.later(lambda: probe.sh(_END, self.folder, f"{self.checkout}/{FOLDER}", check=True), by_hand)
        self._setup = f"{self.folder}/setup.sh"
        probe.put(self._setup, probe.run.files[_SETUP].encode())

    def inside(self, *command: str, seconds: float) -> Answer:
        """A command in the image."""
        return self._probe.sh(_IN_IMAGE, self._setup, self.folder, *command, timeout=seconds)

    def fetched(self) -> str:
        """Have upstream's repository at the commit: "", or why not."""
        try:
            answer = self._probe.sh(_GET, self.checkout, REPOSITORY, COMMIT, timeout=_FETCH)
        except CommandTimeoutError as trouble:
            return trouble.text
        if not answer.ok:
            # Advice follows.
            fatal = [line for line in answer.err.splitlines() if line.startswith("fatal: ")]
            return fatal[0].removeprefix("fatal: ") if fatal else answer.words
        found = answer.out.strip()
        return "" if found == COMMIT else f"{REPOSITORY} gives {found}"

    def prefix(self) -> str | None:
        """What must stand before the addresses of upstream's list so that they can be read here: a cache, or nothing.

        None where neither can be; `last` says why not.
        """
        storage = self._probe.facility.storage
        doors = [f"{door.door.rstrip('/')}//" for door in (storage.xcache if storage else ()) if door.offered]
        for prefix in (*doors, ""):
            try:
                answer = self.inside("python", "-c", _OPEN, f"{prefix}{DATA}", seconds=_READ)
            except CommandTimeoutError as trouble:
                self.last = trouble.text
                continue
            if answer.ok:
                return prefix
            self.last = answer.words
        return None

    def run_notebook(self, image: Image, prefix: str) -> dict[str, Any]:
        """Run it to its end.

        Raises:
            FailedError: it brings no answer.
        """
        probe = self._probe
        probe.spend(jobs=_WORKERS)
        for name in _FILES:
            if text := probe.run.files.get(f"dask/{name}"):
                probe.put(f"{self.folder}/{name}", text.encode())
        probe.put(f"{self.folder}/ipython/profile_default/startup/00-afspec.py", self._startup(prefix).encode())
        work, answer = f"{self.checkout}/{FOLDER}", f"{self.folder}/answer.json"
        kernel = image.kernel.name if image.kernel else "python3"
        told = {"notebook": NOTEBOOK, "output": f"{self.folder}/ran.ipynb", "answer": answer, "kernel": kernel}
        code = program("agc_notebook", **told, ipython=f"{self.folder}/ipython")
        probe.put(f"{self.folder}/notebook.py", code.encode())
        seconds = str(int(probe.remaining()))
        command = ("python", f"{self.folder}/notebook.py")
        probe.sh(_BEGIN, self._setup, work, seconds, *command, check=True)
        return self._answer(answer, work)

    def _startup(self, prefix: str) -> str:
        facility = self._probe.facility
        return program(
            "agc_startup",
            environment=dict(facility.agc.environment) if facility.agc else {},
            cache=prefix,
            dask=bool(facility.dask and facility.dask.offered and "dask/cluster.py" in self._probe.run.files),
            folder=self.folder,
            workers=_WORKERS,
            options={},
        )

    def _answer(self, path: str, work: str) -> dict[str, Any]:
        probe = self._probe
        answer: Answer | None = None

        def ended() -> bool:
            nonlocal answer
            answer = probe.sh(_LOOK, path, work)
            return answer.exit != _NOT_YET

        probe.poll(ended, probe.remaining() - 2 * _EVERY, _EVERY)
        if answer is None or not answer.ok:
            why = "it does not end in time" if answer is None or answer.exit == _NOT_YET else answer.words
            raise FailedError(f"the notebook brings no answer: {why}")
        found: dict[str, Any] = json.loads(answer.out)
        return found
