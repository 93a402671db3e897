"""The questions: few, in the order in which a person knows the answers; their words come from the models."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, get_args, get_origin

from afspec.facility.access import Bastion, Door, Login, SshHost
from afspec.facility.batch import HTCondorPool, Slots, SlurmPool
from afspec.facility.common import Capability, Model
from afspec.facility.dask import Dask, Gateway, Jobqueue
from afspec.facility.facility import Facility
from afspec.facility.images import Images
from afspec.facility.jupyter import Jupyter
from afspec.facility.orchestration import Gpu, Orchestration
from afspec.facility.services import CoffeaCasa, Reana, Services, ServiceX, Triton
from afspec.facility.software import Cvmfs
from afspec.facility.sources import Source
from afspec.facility.storage import Area

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

UNKNOWN = "unknown"
NONE = "none"
UNPACKED = "unpacked.cern.ch"


class Of(NamedTuple):
    """The field of a model that an answer goes into."""

    model: type[Model]
    field: str

    @property
    def type(self) -> Any:
        """What the field may hold, with its checks."""
        info = self.model.model_fields[self.field]
        return Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation

    @property
    def description(self) -> str:
        """What the language says of the field."""
        return self.model.model_fields[self.field].description or ""

    @property
    def many(self) -> bool:
        """Whether it holds a list."""
        return get_origin(self.model.model_fields[self.field].annotation) is tuple

    @property
    def words(self) -> tuple[str, ...]:
        """The words that it may hold, where only some are allowed."""
        return _words(self.model.model_fields[self.field].annotation)


def _words(annotation: Any) -> tuple[str, ...]:
    if get_origin(annotation) is Literal:
        return tuple(str(word) for word in get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return tuple(word.value for word in annotation)
    if annotation is bool:
        return ("true", "false")
    return tuple(word for part in get_args(annotation) for word in _words(part))


def parts(model: type[Model], kind: type[Model] = Capability) -> tuple[str, ...]:
    """The fields of a model that hold capabilities, one or several."""

    def holds(annotation: Any) -> bool:
        if isinstance(annotation, type):
            return issubclass(annotation, kind)
        return any(holds(part) for part in get_args(annotation))

    return tuple(name for name, info in model.model_fields.items() if holds(info.annotation))


def _always(_: Mapping[str, Any]) -> bool:
    return True


@dataclass(frozen=True)
class Question:
    """A question: `why` says what the answer is for, `when` whether it is asked after the answers so far.

    `ask` is left empty where the field's own description asks it; `of` gives the answer's type; `choices` narrows the
    words down, or gives them where no field does; `more` are words beside those of the field; `usual` is the default,
    without one it is "unknown"; `fits` says what is wrong with an answer beside the others; what is `required` is never
    unknown: its default is taken.
    """

    key: str
    section: str
    ask: str
    why: str
    of: Of | None = None
    when: Callable[[Mapping[str, Any]], bool] = _always
    choices: Callable[[Mapping[str, Any]], tuple[str, ...]] | None = None
    more: tuple[str, ...] = ()
    usual: Callable[[Mapping[str, Any]], Any] | None = None
    fits: Callable[[Any, Mapping[str, Any]], str | None] | None = None
    required: bool = False

    @property
    def text(self) -> str:
        """What is asked."""
        return self.ask or (self.of.description.rstrip(".") if self.of else "")

    @property
    def many(self) -> bool:
        """Whether the answer is a list."""
        return self.of.many if self.of else self.key == "services"

    def words(self, given: Mapping[str, Any]) -> tuple[str, ...]:
        """The words to choose from; empty where the answer is free."""
        own = self.choices(given) if self.choices else self.of.words if self.of else ()
        return (*own, *self.more)


def _is(key: str, *values: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda given: given.get(key) in values


def _knows(key: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda given: given.get(key) not in {None, NONE}


def _true(key: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda given: given.get(key) is True


def _promises(service: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda given: service in given.get("services", ())


def _dask_ways(given: Mapping[str, Any]) -> tuple[str, ...]:
    """dask-jobqueue needs a batch system."""
    return tuple(way for way in parts(Dask) if way != "jobqueue" or given.get("scheduler"))


def _policies(given: Mapping[str, Any]) -> tuple[str, ...]:
    """Images can be run unpacked where the file system that holds them is mounted."""
    mounted = UNPACKED in given.get("cvmfs", ())
    return tuple(word for word in Of(Images, "policy").words if word != "unpacked" or mounted)


def doors(given: Mapping[str, Any]) -> tuple[str, ...]:
    """What a login can open: the doors to what was described."""
    services = given.get("services", ())
    there = {
        Door.SSH: "ssh_host" in given,
        Door.BATCH: "scheduler" in given,
        Door.JUPYTER: _knows("jupyter")(given),
        Door.STORAGE: any(key in given for key in ("home", "data", "scratch")),
        Door.COFFEA_CASA: "coffea_casa" in services,
        Door.SERVICEX: "servicex" in services,
        Door.TRITON: "triton" in services,
        Door.REANA: "reana" in services,
    }
    return tuple(door.value for door, is_there in there.items() if is_there)


def _another_path(path: Any, given: Mapping[str, Any]) -> str | None:
    used = [key for key in ("home", "data", "scratch") if str(given.get(key, "")).rstrip("/") == str(path).rstrip("/")]
    return f"`{path}` is {used[0]}'s; give a place of its own" if used else None


def _at_most_all(number: Any, given: Mapping[str, Any]) -> str | None:
    every = given.get("gpu_count")
    return f"the facility has {every} in all" if every is not None and number > every else None


QUESTIONS: tuple[Question, ...] = (
    Question("title", "Who it is", "Full name of the facility", "It heads the users' page.", Of(Facility, "title")),
    Question("organisation", "Who it is", "Organisation that runs it", "Users see who is behind it.",
             Of(Facility, "organisation")),
    Question("declared_by", "Who it is", "", "What is not the site's own word needs a source for each "
             "promise.", Of(Facility, "declared_by"),
             usual=lambda _: "site", required=True),
    Question("contact", "Who it is", "Where users ask for help: an e-mail address or a URL",
             "It stands on the users' page.", Of(Facility, "contact")),
    Question("docs", "Who it is", "", "The users' page links to it.",
             Of(Facility, "docs")),
    Question("ssh_host", "SSH", "Host that users log in to, or a range: login[01-04].example.org",
             "ssh/config is made for it.", Of(SshHost, "host")),
    Question("bastion", "SSH", "Bastion in front of it", "ssh/config goes through it.", Of(Bastion, "host"),
             when=_knows("ssh_host")),
    Question("scheduler", "Batch", "Batch system", "Job scripts and Dask's settings are made for it.",
             choices=lambda _: (*Of(SlurmPool, "scheduler").words, *Of(HTCondorPool, "scheduler").words)),
    Question("account", "Batch", "Account (Slurm) or accounting group (HTCondor) of users' jobs",
             "Job scripts name it.", Of(Jobqueue, "account"), when=_knows("scheduler")),
    Question("slots", "Batch", "Partition (Slurm) or queue (HTCondor) of a job that names none",
             "There are job scripts for each; others are added to the file.", Of(Slots, "name"),
             when=_knows("scheduler")),
    Question("cores", "Batch", "", "Requests are held against it.", Of(Slots, "cores"),
             when=_knows("slots")),
    Question("memory", "Batch", "How much memory: 480 GB, 480G", "Requests are held against it.", Of(Slots, "memory"),
             when=_knows("slots")),
    Question("walltime", "Batch", "Longest job: 72 h, 10-00:00:00", "Job scripts stay below it.",
             Of(Slots, "max_walltime"), when=_knows("scheduler")),
    Question("gpu", "GPUs", "GPU model by the short name that jobs use: a100",
             "GPU jobs ask for it; `none` says that there are none.", Of(Gpu, "name"), more=(NONE,)),
    Question("gpu_count", "GPUs", "", "It stands on the users' page.",
             Of(Gpu, "count"), when=_knows("gpu")),
    Question("gpus_per_node", "GPUs", "How many a node of the partition or queue has",
             "GPU jobs are sent there; unknown: it has none.", Of(Gpu, "count"),
             when=lambda given: _knows("gpu")(given) and _knows("slots")(given), fits=_at_most_all),
    Question("cvmfs", "Software", "CVMFS repositories that are mounted, with commas: atlas.cern.ch",
             "setup.sh uses them.", Of(Cvmfs, "repositories")),
    Question("runtime", "Containers", "", "setup.sh and job scripts call it; `none` says "
             "that containers are not run.", Of(Images, "runtime"), more=(NONE,)),
    Question("image_policy", "Containers", "", "What is refused is told before a job starts.",
             Of(Images, "policy"), when=_knows("runtime"), choices=_policies),
    Question("jupyter", "Jupyter", "Way to a notebook", "Its configuration is made; `none` says that there is none.",
             Of(Jupyter, "kind"), more=(NONE,)),
    Question("jupyter_url", "Jupyter", "", "The users' page links to it.", Of(Jupyter, "url"),
             when=_knows("jupyter")),
    Question("dask", "Dask", "Way to a Dask cluster", "Its settings are made; `none` says that there is none.",
             choices=_dask_ways, more=(NONE,)),
    Question("dask_disk", "Dask", "Disk that a worker's job asks for", "dask-jobqueue does not start without it on "
             "HTCondor.", Of(Jobqueue, "disk"), usual=lambda _: "4 GB", required=True,
             when=lambda given: given.get("dask") == "jobqueue" and given.get("scheduler") == "htcondor"),
    Question("dask_url", "Dask", "URL of dask-gateway", "Clients are configured with it.", Of(Gateway, "url"),
             when=_is("dask", "gateway")),
    Question("home", "Storage", "Home folders; <user> is the user's name, <u> its first letter",
             "Scripts keep large files out of it.", Of(Area, "path"), fits=_another_path),
    Question("data", "Storage", "Folder for data: /data/<user>", "Images and results go there.", Of(Area, "path"),
             fits=_another_path),
    Question("scratch", "Storage", "Scratch space: /scratch/<user>", "Caches of containers go there.",
             Of(Area, "path"), fits=_another_path),
    Question("services", "Services", "Services that users may rely on, with commas",
             "Each is promised; of the others nothing is said.", choices=lambda _: parts(Services)),
    Question("cluster", "Services", "Cluster that runs them", "A service that is promised needs one that is.",
             Of(Orchestration, "kind"), when=lambda given: bool(given.get("services"))),
    Question("coffea_casa_url", "Services", "URL of coffea-casa", "Users open it.", Of(CoffeaCasa, "url"),
             when=_promises("coffea_casa")),
    Question("servicex_url", "Services", "URL of ServiceX", "servicex.yaml names it.", Of(ServiceX, "url"),
             when=_promises("servicex")),
    Question("triton_url", "Services", "HTTP address of Triton", "Clients are configured with it.", Of(Triton, "http"),
             when=_promises("triton")),
    Question("reana_url", "Services", "URL of REANA", "Clients are configured with it.", Of(Reana, "url"),
             when=_promises("reana")),
    Question("login", "Login", "How users log in", "A hub's login is made for it; other logins are added to the file.",
             Of(Login, "method")),
    Question("federated", "Login", "",
             "Users learn whether they need one more account.", Of(Login, "federated"), when=_knows("login")),
    Question("identity_providers", "Login", "Institutions whose accounts are enough, with commas",
             "Users see whether theirs is among them.", Of(Login, "identity_providers"), when=_true("federated")),
    Question("mfa", "Login", "", "Users need it at hand.", Of(Login, "mfa"), when=_knows("login")),
    Question("opens", "Login", "What this login opens, with commas", "No other doors are promised by it.",
             Of(Login, "opens"), choices=doors, usual=doors,
             when=lambda given: _knows("login")(given) and bool(doors(given))),
    Question("source", "Where this was published", "Document in which this was published",
             "Each section gets it as its source; other documents are added to the file.", Of(Source, "doc")),
    Question("source_url", "Where this was published", "Its URL", "Readers check it.", Of(Source, "url"),
             when=_knows("source")),
    Question("source_date", "Where this was published", "When it said so: 2026-03-14, 2026-03 or 2026",
             "A year later, `afspec facts` calls it stale.", Of(Source, "as_of"), when=_knows("source")),
)  # fmt: skip
