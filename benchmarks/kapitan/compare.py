"""afspec beside kapitan, on fleets of the same sizes in the same run: `python benchmarks/kapitan/compare.py 100`.

kapitan (https://kapitan.dev) also compiles an inventory of targets into files, so it shows what such a tool takes. Each
target here has 15 trivial files, made by kapitan's jinja2 input from templates of three lines; each site of afspec has
its real files, from a spec of some 250 lines that is checked. kapitan runs in an environment of its own, made from
requirements/bench-kapitan.txt.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

BENCHMARKS = Path(__file__).resolve().parents[1]
ROOT = BENCHMARKS.parent
AFSPEC = str(Path(sys.executable).with_name("afspec"))
FILES = 15

# In kapitan's words: a class says what is compiled, a target names its classes and its own parameters.
CLASS = """\
parameters:
  kapitan:
    vars:
      target: ${_reclass_:name:short}
    compile:
      - input_type: jinja2
        input_paths: [templates]
        output_path: .
  site:
    scheduler: slurm
"""
TARGET = """\
classes: [facility]
parameters:
  site: {{title: Facility {number}, nodes: {nodes}, quota: {quota} GB}}
"""
TEMPLATE = """\
# File {number} of {{{{ inventory.parameters.site.title }}}}
nodes = {{{{ inventory.parameters.site.nodes }}}} {{{{ inventory.parameters.site.scheduler }}}}
quota = {{{{ inventory.parameters.site.quota }}}}
"""


class Cost(NamedTuple):
    """What a compilation took, and how much it made: CPU and wall seconds, targets, files."""

    what: str
    targets: int
    files: int
    cpu: float
    wall: float


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def environment(folder: Path) -> Path:
    """The path of kapitan's command; its environment is made if it is not there."""
    command = folder / "bin" / "kapitan"
    if not command.exists():
        say(f"installing kapitan into {folder}")
        requirements = str(ROOT / "requirements" / "bench-kapitan.txt")
        steps = (
            [sys.executable, "-m", "venv", str(folder)],
            [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "-r", requirements],
        )
        for step in steps:
            if subprocess.run(step, check=False).returncode:
                raise SystemExit("kapitan could not be installed (see above): there is nothing to compare with")
    return command


def inventory(count: int, folder: Path) -> None:
    """An inventory of `count` targets, and the templates."""
    for name in ("inventory/classes", "inventory/targets", "templates"):
        (folder / name).mkdir(parents=True)
    (folder / "inventory/classes/facility.yml").write_text(CLASS, encoding="ascii")
    for number in range(count):
        text = TARGET.format(number=number, nodes=number % 97 + 1, quota=number % 89 + 10)
        (folder / f"inventory/targets/facility-{number:05}.yml").write_text(text, encoding="ascii")
    for number in range(FILES):
        (folder / f"templates/file-{number:02}.conf").write_text(TEMPLATE.format(number=number), encoding="ascii")


def measure(what: str, count: int, command: list[str], folder: Path, output: Path) -> Cost:
    """What a command takes, run in a folder; its files are counted below `output`."""
    say(f"{what}, {count:,}")
    usage = [sys.executable, str(BENCHMARKS / "usage.py"), *command]
    done = subprocess.run(usage, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    used = json.loads(done.stdout)
    made = sum(path.is_file() and path.name != "afspec.lock.json" for path in output.rglob("*"))
    return Cost(what, count, made, used["user"] + used["kernel"], used["wall"])


def compare(count: int, kapitan: Path, folder: Path) -> list[Cost]:
    """Both on `count` targets; kapitan by default and in one process, which is how afspec works."""
    specs = folder / "specs"
    subprocess.run([sys.executable, str(BENCHMARKS / "fleet.py"), str(count), str(specs)], check=True)
    compiled = [AFSPEC, "compile", "specs/sites/*.yaml", "-o", "build"]
    costs = [measure("afspec", count, compiled, folder, folder / "build")]
    for what, options in (("kapitan", []), ("kapitan, one process", ["--parallelism", "1"])):
        # A folder each: kapitan first removes what it compiled before.
        own = folder / what.replace(", ", "-").replace(" ", "-")
        inventory(count, own)
        costs.append(measure(what, count, [str(kapitan), "compile", "--quiet", *options], own, own / "compiled"))
    return costs


def markdown(costs: list[Cost]) -> str:
    """A table; ratios are to afspec's row of the same size."""
    rows = [
        "| What | Targets | Files | CPU | Wall | CPU a target | CPU a file | a target, to afspec | a file, to afspec |",
        "| :-- | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    ours: dict[int, Cost] = {}
    for cost in costs:
        base = ours.setdefault(cost.targets, cost)
        target, file = cost.cpu / cost.targets, cost.cpu / cost.files
        rows.append(
            f"| {cost.what} | {cost.targets:,} | {cost.files:,} | {cost.cpu:.2f} s | {cost.wall:.2f} s "
            f"| {1000 * target:.1f} ms | {1000 * file:.2f} ms "
            f"| {target / (base.cpu / base.targets):.2f} | {file / (base.cpu / base.files):.2f} |"
        )
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare afspec with kapitan, for 3 targets and for COUNT.")
    parser.add_argument("count", type=int, nargs="?", default=100, help="how many targets (default: %(default)s)")
    parser.add_argument(
        "--environment", type=Path, default=ROOT / "build" / "bench-kapitan", help="where kapitan is, or goes"
    )
    parser.add_argument("--folder", type=Path, help="where to write (default: the system's folder for such files)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of Markdown")
    given = parser.parse_args()
    kapitan = environment(given.environment.absolute())
    costs: list[Cost] = []
    with tempfile.TemporaryDirectory(prefix="afspec-kapitan-", dir=given.folder) as folder:
        for count in (3, given.count):
            costs += compare(count, kapitan, Path(folder) / str(count))
    print(json.dumps([cost._asdict() for cost in costs], indent=2) if given.json else markdown(costs))


if __name__ == "__main__":
    main()
