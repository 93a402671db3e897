"""What a site has, one table a topic; columns of which nothing was said are left out, and so are empty tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afspec.facility.batch import HTCondorPool, Queue, SlurmPool
from afspec.generators.quoting import classad, code
from afspec.generators.ways import ways

from .evidence import marked
from .layout import blocks, codes, joined, link, notes, table
from .words import flag, size, span, standing

if TYPE_CHECKING:
    from afspec.facility import Facility
    from afspec.facility.batch import GpuRequest, Partition
    from afspec.generators.quoting import Raw


def _gpus(found: tuple[GpuRequest, ...]) -> str:
    return ", ".join(f"{gpu.count} x {gpu.name}" for gpu in found)


def slots(facility: Facility, pool: SlurmPool | HTCondorPool) -> Raw:
    """Partitions or queues of a pool."""
    slurm = isinstance(pool, SlurmPool)
    kind = "partitions" if slurm else "queues"

    def row(item: Partition | Queue) -> tuple[Any, ...]:
        selected = "" if not isinstance(item, Queue) else _attributes(item.attributes)
        return (
            code(item.name),
            marked(facility, f"/batch/{pool.name}/{kind}/{item.name}", standing(item)),
            item.nodes,
            item.cores,
            size(item.memory),
            _gpus(item.gpus),
            size(item.scratch),
            span(item.max_walltime),
            codes(item.qos) if not isinstance(item, Queue) else selected,
        )

    title, cores, last = ("Partition", "Cores a node", "QOS") if slurm else ("Queue", "Cores", "Selected by")
    header = (title, "Stance", "Nodes", cores, "Memory a node", "GPUs a node", "Scratch", "Longest job", last)
    remarks = notes((item.name, item.note) for item in pool.slots)
    return blocks(table(header, [row(item) for item in pool.slots]), remarks)


def _attributes(attributes: dict[str, Any]) -> Raw:
    return codes(f"+{name} = {classad(value)}" for name, value in attributes.items())


def requests(pool: SlurmPool | HTCondorPool) -> Raw:
    """What jobs may name, and what they get unless they ask."""
    rows: list[tuple[str, Any]] = [("Central manager" if isinstance(pool, HTCondorPool) else "Controller", pool.head)]
    if isinstance(pool, SlurmPool):
        rows += [("Accounts", codes(pool.accounts)), ("QOS", codes(pool.qos))]
    else:
        rows += [("Accounting groups", codes(pool.accounting_groups)), ("Default disk", size(pool.default_disk))]
    rows += [
        ("Nodes", pool.nodes),
        ("Cores", pool.cores),
        ("Longest job", span(pool.max_walltime)),
        ("Default memory", size(pool.default_memory)),
        ("Job logs belong in", code(pool.log_directory) if pool.log_directory else ""),
        ("Local scratch of a job", code(pool.scratch) if pool.scratch else ""),
        ("Named in a job by", code(f"${pool.scratch_variable}") if pool.scratch_variable else ""),
    ]
    return table(("Setting", "Value"), [row for row in rows if row[1]])


def elastic(pool: SlurmPool | HTCondorPool) -> Raw:
    """Bursting, autoscaling, overflow."""
    rows = [
        (item.kind, standing(item), item.cores, item.mechanism, _attributes(item.attributes), item.note)
        for item in pool.elastic
    ]
    return table(("Growth", "Stance", "Cores in all", "By", "Asked for by", "Note"), rows)


def gpus(facility: Facility) -> Raw:
    """GPU models."""
    rows = [
        (
            code(gpu.name),
            marked(facility, f"/gpus/models/{gpu.name}", gpu.product or ""),
            gpu.count,
            size(gpu.memory),
            gpu.compute_capability,
            gpu.cuda,
            joined(f"MIG {gpu.mig.strategy}", *gpu.mig.profiles, by=", ") if gpu.mig else "",
            code(gpu.ask) if gpu.ask else "",
        )
        for gpu in (facility.gpus.models if facility.gpus else ())
    ]
    header = ("Model", "Product", "Count", "Memory", "Compute capability", "CUDA up to", "Slices", "Ask with")
    return table(header, rows)


def images(facility: Facility) -> Raw:
    """Images with names."""
    rows = [
        (
            code(image.name),
            code(image.reference),
            image.kernel and (image.kernel.title or image.kernel.name),
            code(image.prefix) if image.prefix else "",
            image.batch_client,
            joined(*image.packages, by=", "),
        )
        for image in (facility.images.named if facility.images else ())
    ]
    return table(("Image", "Reference", "Kernel", "Environment", "Batch client", "Packages"), rows)


def jupyter(facility: Facility) -> Raw:
    """Ways to a notebook."""
    rows = []
    for way in facility.jupyter:
        limits = way.limits
        rows.append(
            (
                way.title or way.name,
                marked(facility, f"/jupyter/{way.name}", standing(way)),
                link(way.url),
                way.spawner,
                limits and limits.cpu,
                size(limits.memory) if limits else "",
                limits and limits.gpus,
                span(limits.duration) if limits else "",
                span(limits.idle) if limits else "",
                flag(way.custom_image),
            )
        )
    header = ("Way", "Stance", "Address", "Runs on", "Cores up to", "Memory up to", "GPUs up to", "Lasts", "Idle")
    remarks = notes((way.title or way.name, way.note) for way in facility.jupyter)
    return blocks(table((*header, "Your own image"), rows), remarks)


def profiles(facility: Facility) -> Raw:
    """Choices that users are offered when they start a session."""
    rows = [
        (
            way.title or way.name,
            item.title or item.name,
            item.cpu,
            size(item.memory),
            f"{item.gpus} x {item.gpu or 'GPU'}" if item.gpus else "",
            code(item.image) if item.image else "",
        )
        for way in facility.jupyter
        for item in way.profiles
    ]
    return table(("Way", "Choice", "Cores", "Memory", "GPUs", "Image"), rows)


def dask_offered(facility: Facility) -> bool:
    """Whether any way to a Dask cluster is offered, so that its files are made."""
    return bool(ways(facility))


def dask(facility: Facility) -> Raw:
    """Ways to a Dask cluster."""
    given = facility.dask
    if given is None:
        return table((), ())
    rows: list[tuple[Any, ...]] = []
    if given.jobqueue:
        ports = given.jobqueue.ports
        used = {"scheduler": ports.scheduler, "workers": ports.worker, "dashboard": ports.dashboard} if ports else {}
        rows.append(
            (
                "dask-jobqueue",
                marked(facility, "/dask/jobqueue", standing(given.jobqueue)),
                joined(
                    f"cores of a worker job: {given.jobqueue.cores}, memory: {size(given.jobqueue.memory)}",
                    f"at most {given.jobqueue.max_workers} of them" if given.jobqueue.max_workers else None,
                ),
                joined(*(f"{who} {port.low}-{port.high}" for who, port in used.items() if port), by=", "),
            )
        )
    if given.gateway:
        rows.append(
            ("dask-gateway", marked(facility, "/dask/gateway", standing(given.gateway)), link(given.gateway.url))
        )
    if given.operator:
        space = f"namespace {given.operator.namespace}" if given.operator.namespace else None
        account = f"service account {given.operator.service_account}" if given.operator.service_account else None
        rows.append(
            ("dask-kubernetes", marked(facility, "/dask/operator", standing(given.operator)), joined(space, account))
        )
    if given.coffea_casa:
        port = f"comes with the session, port {given.coffea_casa.scheduler_port}"
        rows.append(("coffea-casa", standing(given.coffea_casa), port))
    remarks = notes(
        (name, way.note)
        for name, way in (
            ("dask-jobqueue", given.jobqueue),
            ("dask-gateway", given.gateway),
            ("dask-kubernetes", given.operator),
            ("coffea-casa", given.coffea_casa),
        )
        if way
    )
    return blocks(table(("Way", "Stance", "What it is", "Ports"), [(*row, "")[:4] for row in rows]), remarks)


def areas(facility: Facility) -> Raw:
    """File systems."""
    rows = [
        (
            code(area.path),
            marked(facility, f"/storage/areas/{area.name}", standing(area)),
            area.purpose.replace("_", " "),
            joined(size(area.quota), "all users together" if area.shared else None, by=", "),
            flag(area.backup),
            f"after {span(area.purge)}" if area.purge else "",
            area.filesystem,
            code(f"${area.variable}") if area.variable else "",
            joined(*(f"{side}: {door}" for side, door in (("inside", area.inside), ("outside", area.outside)) if door)),
        )
        for area in (facility.storage.areas if facility.storage else ())
    ]
    header = ("Path", "Stance", "For", "Quota", "Backup", "Removed", "File system", "Variable", "XRootD doors")
    remarks = notes((area.path, area.note) for area in (facility.storage.areas if facility.storage else ()))
    return blocks(table(header, rows), remarks)


def rses(facility: Facility) -> Raw:
    """Rucio storage elements."""
    found = facility.storage.rses if facility.storage else ()
    rows = [(code(rse.name), standing(rse), size(rse.quota), rse.note) for rse in found]
    return table(("RSE", "Stance", "Quota", "Note"), rows)


def xcache(facility: Facility) -> Raw:
    """Caches."""
    found = facility.storage.xcache if facility.storage else ()
    rows = [
        (
            code(door.door),
            standing(door),
            size(door.capacity),
            flag(door.source_port, "needs an explicit port, :1094"),
            door.note,
        )
        for door in found
    ]
    return table(("Cache", "Stance", "Holds", "Source host", "Note"), rows)


def software(facility: Facility) -> Raw:
    """What is installed."""
    found = facility.software
    if found is None:
        return table((), ())
    rows: list[tuple[Any, ...]] = []
    if found.cvmfs:
        rows.append(("CVMFS", standing(found.cvmfs), codes(found.cvmfs.repositories), found.cvmfs.note))
    if found.setup_atlas:
        rows.append(("setupATLAS", standing(found.setup_atlas), code(found.setup_atlas.root), found.setup_atlas.note))
    if found.rucio:
        site = code(f"SITE_NAME={found.rucio.site}") if found.rucio.site else ""
        rows.append(("Rucio", standing(found.rucio), site, found.rucio.note))
    if found.voms:
        attribute = f":/{found.voms.attribute.lstrip('/')}" if found.voms.attribute else ""
        rows.append(("VOMS", standing(found.voms), code(found.voms.vo + attribute), found.voms.note))
    if found.iam:
        rows.append((found.iam.title or "IAM", standing(found.iam), link(found.iam.issuer), found.iam.note))
    return table(("Software", "Stance", "Value", "Note"), rows)


def services(facility: Facility) -> Raw:
    """Services, and where they answer."""
    given = facility.services
    rows: list[tuple[Any, ...]] = []
    if casa := given.coffea_casa:
        rows.append(("coffea-casa", standing(casa), link(casa.url), code(casa.image) if casa.image else ""))
    for item in given.servicex:
        made = f"code generators: {', '.join(item.code_generators)}" if item.code_generators else ""
        rows.append(
            (
                f"ServiceX ({item.name})",
                marked(facility, f"/services/servicex/{item.name}", standing(item)),
                link(item.url),
                made,
            )
        )
    if triton := given.triton:
        rows.append(
            (
                "Triton",
                standing(triton),
                codes(address for address in (triton.grpc, triton.http) if address),
                joined(
                    f"put models at {triton.upload}" if triton.upload else None,
                    f"read every {span(triton.poll)}" if triton.poll else None,
                    "one repository for all users" if triton.shared_repository else None,
                ),
            )
        )
    if reana := given.reana:
        rows.append(("REANA", marked(facility, "/services/reana", standing(reana)), link(reana.url), ""))
    remarks = [
        ("coffea-casa", casa and casa.note),
        *((f"ServiceX ({item.name})", item.note) for item in given.servicex),
        ("Triton", triton and triton.note),
        ("REANA", reana and reana.note),
    ]
    return blocks(table(("Service", "Stance", "Address", "To know"), rows), notes(remarks))


def datasets(facility: Facility) -> Raw:
    """Copies of the input."""
    found = facility.agc.datasets if facility.agc else ()
    return table(("Dataset", "Folder", "Format"), [(item.name, code(item.path), item.format) for item in found])


def switches(facility: Facility) -> Raw:
    """Switches of the analysis."""
    found = facility.agc.environment if facility.agc else {}
    return table(("Switch", "Value"), [(code(name), code(value)) for name, value in found.items()])


def rewrites(facility: Facility) -> Raw:
    """How addresses are rewritten."""
    found = facility.agc.rewrites if facility.agc else ()
    return table(("The file list says", "Use"), [(code(rule.prefix), code(rule.replacement)) for rule in found])


def commands(facility: Facility, *, apptainer: bool, kernels: bool, paste_in: bool) -> Raw:
    """What setup.sh brings, of that which has a use here."""
    software = facility.software
    atlas = bool(software and software.setup_atlas and software.setup_atlas.offered)
    voms = bool(software and software.voms and software.voms.offered)
    cache = any(door.offered for door in (facility.storage.xcache if facility.storage else ()))
    known = {
        "setupATLAS": (atlas, "sets up ATLAS software from CVMFS"),
        "af_proxy": (voms, "makes a grid proxy where jobs can read it"),
        "af_image": (apptainer, "prints the fastest copy of an image that this machine has"),
        "af_exec": (apptainer, "runs a command in the image"),
        "af_kernels": (kernels, "makes the kernels of the image known to Jupyter"),
        "af_xcache": (cache, "rewrites the address of a file so that it is read through the cache"),
        "af_input": (
            cache or bool(facility.agc and facility.agc.rewrites),
            "prints an address by which a file can really be read, the fastest first",
        ),
        "af_submit": (any(pool.offered for pool in facility.batch), "submits a job, without variables that break it"),
        "af_check": (True, "checks all of this"),
        "jupyter": (paste_in and apptainer, "starts Jupyter inside the image"),
    }
    return table(("Command", "What it does"), [(code(name), what) for name, (here, what) in known.items() if here])
