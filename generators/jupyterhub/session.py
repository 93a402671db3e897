"""What starts a hub's notebooks, and what users may choose: the machine, the batch pool, the image."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

from afspec.facility.batch import SlurmPool

from .condor import condor_choice, condor_container, condor_script, condor_submit
from .images import Images, images
from .request import Choice, local, pool_of
from .slurm import slurm_choice, slurm_container, slurm_script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.facility import Facility
    from afspec.facility.batch import HTCondorPool
    from afspec.facility.jupyter import Jupyter, Profile

SPAWNERS = {
    "slurm": "batchspawner.SlurmSpawner",
    "htcondor": "batchspawner.CondorSpawner",
    "user": "jupyterhub.spawner.LocalProcessSpawner",
    "hub": "jupyterhub.spawner.SimpleLocalProcessSpawner",
}
# What lets a user choose among several of them.
PROFILES = "wrapspawner.ProfilesSpawner"

# What the clients of a scheduler print that gives no answer, as squeue(1) and condor_q(1) do; of a job that has ended,
# squeue says so, and condor_q prints nothing. Without this a session would be forgotten, and its job go on alone.
NO_ANSWER = {
    "SlurmSpawner": r"^slurm_load_jobs error: (?!Invalid job id)",
    "CondorSpawner": r"\A\s*[^\s0-9]",
}
# A hub asks once to have a job removed, and forgets it. Where the scheduler itself is away, it is asked again; where it
# answers, the job is gone already.
_REMOVE = (
    "sh -c 'n=0; until {} {{job_id}} || {} >/dev/null 2>&1; do n=$((n+1)); test $n -lt 60 || exit 1; sleep 2; done'"
)
REMOVE = {
    "SlurmSpawner": _REMOVE.format("scancel", "scontrol ping"),
    "CondorSpawner": _REMOVE.format("condor_rm", "condor_q -totals"),
}


class Session(NamedTuple):
    """What the template writes down; without a batch pool there is no script.

    `container` is what a request for an image adds: shell lines on Slurm, the beginnings of submit lines on HTCondor.
    """

    spawner: str
    script: tuple[str, ...]
    submit: str | None
    choices: tuple[Choice, ...]
    form: str | None
    home: str | None
    environment: dict[str, str]
    images: Images | None
    container: tuple[str, ...]

    @property
    def short_name(self) -> str:
        """The spawner's class without its module."""
        return self.spawner.rpartition(".")[2]

    @property
    def mixed(self) -> bool:
        """Whether some choices are batch jobs, and others run on the hub's own machine."""
        return bool(self.script) and any(not choice.lines for choice in self.choices)

    def spawner_of(self, choice: Choice) -> str:
        """What starts a choice."""
        return self.spawner if choice.lines or not self.script else SPAWNERS["user"]

    @property
    def no_answer(self) -> str | None:
        """What the scheduler's client prints when the scheduler does not answer."""
        return NO_ANSWER.get(self.short_name)

    @property
    def remove(self) -> str | None:
        """The command that ends a job, in batchspawner's form."""
        return REMOVE.get(self.short_name)


def session(facility: Facility, jupyter: Jupyter) -> Session | None:
    """A hub's sessions; None where the spec does not say what runs them."""
    hub = jupyter.hub
    if hub is None:
        return None
    profiles = jupyter.profiles or (None,)
    if jupyter.spawner == "local":
        choices = tuple(local(jupyter, profile) for profile in profiles)
        return _session(facility, jupyter, SPAWNERS[hub.runs_as], choices)
    pool = pool_of(facility, jupyter)
    if hub.runs_as != "user" or pool is None:
        return None
    # Sessions of one user must not write over each other's files; {host} is a word that batchspawner has no use for.
    suffix = "{host}" if hub.named_servers else ""
    choices = tuple(_choice(pool, jupyter, profile) for profile in profiles)
    there = _images(facility, jupyter, pool)
    if isinstance(pool, SlurmPool):
        return _session(
            facility,
            jupyter,
            SPAWNERS["slurm"],
            choices,
            script=slurm_script(pool, suffix=suffix, in_images=bool(there)),
            there=there,
            container=slurm_container(facility.images, hub, pool) if there and facility.images else (),
        )
    if not pool.shared_home:
        return None
    return _session(
        facility,
        jupyter,
        SPAWNERS["htcondor"],
        choices,
        script=condor_script(suffix=suffix, in_images=bool(there)),
        submit=condor_submit(suffix),
        there=there,
        container=condor_container(pool) if there else (),
    )


def _choice(pool: SlurmPool | HTCondorPool, jupyter: Jupyter, profile: Profile | None) -> Choice:
    if profile and profile.spawner == "local":
        return local(jupyter, profile)
    if isinstance(pool, SlurmPool):
        return slurm_choice(pool, jupyter, profile)
    return condor_choice(pool, jupyter, profile)


def _session(
    facility: Facility,
    jupyter: Jupyter,
    spawner: str,
    choices: tuple[Choice, ...],
    *,
    script: tuple[str, ...] = (),
    submit: str | None = None,
    there: Images | None = None,
    container: tuple[str, ...] = (),
) -> Session:
    home = facility.storage.area("home") if facility.storage else None
    path = (home.path if home else "/home/<user>").replace("<user>", "{username}").replace("<u>", "{username[0]}")
    return Session(
        spawner=spawner,
        script=script,
        submit=submit,
        choices=choices,
        form=_form(choices, there) or None,
        home=path if spawner == SPAWNERS["hub"] else None,
        environment=dict(_environment(facility, jupyter)),
        images=there,
        container=container,
    )


def _images(facility: Facility, jupyter: Jupyter, pool: SlurmPool | HTCondorPool) -> Images | None:
    """What jobs of the pool may run in: Apptainer starts them on Slurm, and HTCondor as the pool has them asked for."""
    there = images(facility, jupyter)
    if there is None or facility.images is None:
        return None
    if isinstance(pool, SlurmPool):
        return there if facility.images.runtime in {None, "apptainer"} else None
    if pool.container_universe == "docker":
        # It takes references alone.
        policy = there.policy
        return None if policy.only_unpacked else there._replace(policy=policy._replace(path=None, unpacked=None))
    return there


def _environment(facility: Facility, jupyter: Jupyter) -> Iterator[tuple[str, str]]:
    """Variables of every session: where its kernels are, those of images too, which no hub finds by itself."""
    # JUPYTER_PATH names the folders above `kernels` (Jupyter documentation, Common Directories and File Locations).
    folders = [jupyter.kernels.removesuffix("/kernels")] if jupyter.kernels else []
    named = facility.images.named if facility.images else ()
    folders += [f"{image.prefix}/share/jupyter" for image in named if image.prefix and image.kernel]
    if folders:
        yield "JUPYTER_PATH", ":".join(dict.fromkeys(folders))


def _form(choices: tuple[Choice, ...], there: Images | None) -> str:
    """The page's fields for the choices; the page itself is the hub's. Nothing where there is no choice."""
    field = ""
    if len(choices) > 1:
        options = "".join(f'<option value="{_html(choice.name)}">{_html(choice.title)}</option>' for choice in choices)
        field = (
            '<label for="profile" class="form-label">Session</label>'
            f'<select name="profile" id="profile" class="form-select">{options}</select>'
        )
    if there and there.custom:
        known = tuple(there.named) if there.policy.allowed is None else there.policy.allowed
        options = "".join(f'<option value="{_html(name)}"></option>' for name in known)
        field += (
            '<label for="image" class="form-label">Image (left empty, the usual one)</label>'
            '<input name="image" id="image" class="form-control" list="images" maxlength="512" autocomplete="off">'
            f'<datalist id="images">{options}</datalist>'
        )
    return field


def _html(text: str) -> str:
    return escape(text).encode("ascii", "xmlcharrefreplace").decode()
