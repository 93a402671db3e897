"""`afspec diff` and the plan of `compile --diff`, as a coordinator and a reviewer use them."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from click.testing import CliRunner

from afspec.cli import cli
from afspec.compiler import Frontend
from afspec.source import Loader, to_plain

if TYPE_CHECKING:
    from click.testing import Result

ROOT = Path(__file__).parents[2]
DAY = ("--as-of", "2026-11-23")
OLD, NEW = "specs/sites/2023/slac.yaml", "specs/sites/slac.yaml"


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the specs in it, which a test may change."""
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, code: int = 0) -> Result:
    done = CliRunner().invoke(cli, [*arguments, *DAY])
    assert done.exit_code == code, done.output
    return done


def edit(path: str, old: str, new: str) -> None:
    text = Path(path).read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    Path(path).write_text(text.replace(old, new), encoding="utf-8")


class TestDiff:
    def test_sdf_to_s3df(self) -> None:
        out = run("diff", OLD, NEW).stdout
        headings = [line for line in out.splitlines() if line and line[0].isupper() and ":" not in line][1:]
        assert headings == [
            "Gone",
            "Lowered or weaker",
            "Changed",
            "Raised or stronger",
            "New",
            "About the facts",
            "Warnings that appear",
        ]
        for said in (
            "  - Host `sdf-login`: gone",
            "  - Cluster that runs services: on request, was promised",
            "  - GPU model `a100`: how many the facility has: 168, raised from 80",
            "  - Login `dex`: new: on request",
            "  - Slurm partition `roma`: new: promised; nodes 131;",
            "  - GPU model `l40s`: new: count 190",
        ):
            assert said in out
        assert re.search(r"Sources of facts: [0-9]+ new", out)
        assert "slurm/default/cpu.sh" in out

    def test_each_change_names_its_files(self) -> None:
        found = json.loads(run("diff", OLD, NEW, "--format", "json").stdout)
        files = {change["pointer"]: change["files"] for change in found["changes"]}
        assert files["/access/ssh/hosts/sdf-login"] is not None
        assert {"ssh/config", "docs/index.md"} <= set(files["/access/ssh/hosts/sdf-login"])
        assert "slurm/roma/cpu.sh" in files["/batch/slurm/partitions/roma"]
        assert files["/gpus/models/l40s"] == ["docs/index.md"]
        assert "slurm/roma/cpu.sh" in found["files"]["new"]
        assert "slurm/default/cpu.sh" in found["files"]["gone"]
        assert found["files"]["changed"]["docs/index.md"]["added"] > 100
        # Open OnDemand's app needs both the way to a notebook and the partitions.
        assert any(path.startswith("ood/") for path in found["files"]["of_several_changes"])

    def test_same_state(self) -> None:
        assert run("diff", NEW, NEW).stdout == f"From {NEW} to {NEW}\n\nNothing changes.\n"

    def test_order_of_keys_changes_files_alone(self) -> None:
        for path, switches in ((OLD, "{B: b, A: a}"), ("specs/sites/2023/same.yaml", "{A: a, B: b}")):
            data = to_plain(Loader().load(NEW).root)
            data.pop("extends")
            data["agc"]["environment"] = yaml.safe_load(switches)
            Path(path).write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
        for form in ("text", "markdown"):
            out = run("diff", OLD, "specs/sites/2023/same.yaml", "--format", form, "--exit-code", code=3).stdout
            assert "Nothing changes for users: both say the same" in out
            assert "changed  docs/index.md  +1 -1" in out

    def test_full_shortens_nothing(self) -> None:
        out = run("diff", OLD, NEW, "--full").stdout
        assert "Sources of facts" not in out
        assert "Source `/logins/dex`: new" in out
        assert "    ..." not in out

    def test_exit_code_for_scripts(self) -> None:
        run("diff", OLD, NEW, "--exit-code", code=3)
        run("diff", NEW, NEW, "--exit-code")

    def test_compiled_folders(self) -> None:
        run("compile", OLD)
        assert run("diff", "build/slac", OLD).stdout.endswith("Nothing changes.\n")
        from_folder = run("diff", "build/slac", NEW).stdout.splitlines()[1:]
        from_spec = run("diff", OLD, NEW).stdout.splitlines()[1:]
        # What facts are called stale depends on where they stand, and a folder knows one file.
        assert from_folder == from_spec

    def test_what_is_no_state(self, desk: Path) -> None:
        (desk / "empty").mkdir()
        assert "error[AF4030]: no afspec.lock.json in empty" in run("diff", "empty", NEW, code=4).stderr
        assert "error[AF0001]" in run("diff", "nowhere.yaml", NEW, code=1).stderr

    def test_folder_that_was_edited(self, desk: Path) -> None:
        run("compile", NEW)
        state = desk / "build/slac/facility.json"
        state.write_text(state.read_text().replace("168", "169"))
        assert "error[AF4031]" in run("diff", "build/slac", NEW, code=4).stderr

    def test_bad_spec(self) -> None:
        edit(NEW, "mfa: duo", "mfa: dua")
        done = run("diff", OLD, NEW, code=1)
        assert "error[AF2004]" in done.stderr
        assert done.stdout == ""


def section(out: str, title: str) -> str:
    """What stands below a title, up to the next empty line."""
    return out.partition(f"{title}\n")[2].partition("\n\n")[0]


class TestPlan:
    def test_says_what_it_means_to_users(self) -> None:
        run("compile", NEW)
        edit(NEW, "max_walltime: 10-00:00:00", "max_walltime: 7-00:00:00")
        edit(NEW, "nodes: 131", "nodes: 140")
        out = run("compile", NEW, "--diff").stdout
        assert re.match(r"build/slac: [0-9]+ files: [0-9]+ changed\nSLAC Shared Science", out)
        assert "Lowered or weaker\n  - Slurm cluster `slurm`: longest job anywhere in the pool: 7 d" in out
        assert "Raised or stronger\n  - Slurm partition `roma`: how many nodes: 140, raised from 131" in out
        assert "--- a/slurm/replica/slurm.conf" in out
        assert "b/facility.json" not in out, "its changes are told in words"

    def test_first_time(self) -> None:
        out = run("compile", NEW, "--diff").stdout
        assert "cannot be told: nothing was compiled there yet" in out
        assert not Path("build").exists()
        assert "more lines; --full shows them" in out
        assert len(out) < len(run("compile", NEW, "--diff", "--full").stdout)

    def test_state_that_is_not_what_the_lock_says(self) -> None:
        run("compile", NEW)
        Path("build/slac/facility.json").write_text("{}\n")
        out = run("compile", NEW, "--diff").stdout
        assert "1 edited by hand" in out
        assert "facility.json is not what the lock says" in out

    def test_files_in_the_way(self) -> None:
        run("compile", NEW)
        Path("build/slac/ssh/config").write_text("# mine\n")
        edit(NEW, "nodes: 131", "nodes: 140")
        out = run("compile", NEW, "--diff").stdout
        assert "1 edited by hand" in out
        assert "Edited by hand; they stop `afspec compile` unless --force is given:\n  ssh/config" in out

    def test_warnings_that_appear_and_vanish(self) -> None:
        run("compile", NEW)
        edit(NEW, "  coffea_casa: {stance: not_promised}", "  coffea_casa: {stance: promised}")
        out = run("compile", NEW, "--diff").stdout
        assert "  - AF3202 Promised, but no login opens it" in section(out, "Warnings that appear")
        assert "Warnings that vanish" not in out
        run("compile", NEW)
        edit(NEW, "  coffea_casa: {stance: promised}", "  coffea_casa: {stance: not_promised}")
        assert "  - AF3202" in section(run("compile", NEW, "--diff").stdout, "Warnings that vanish")

    def test_nothing_to_do(self) -> None:
        run("compile", NEW)
        assert run("compile", NEW, "--diff").stdout == "build/slac: no changes\n"

    def test_comment_only(self) -> None:
        run("compile", NEW)
        edit(NEW, "afspec: 1", "# A comment.\nafspec: 1")
        out = run("compile", NEW, "--diff").stdout
        assert "only the lock is to be written" in out
        assert "Nothing changes for users" in out

    def test_order_of_sources_is_shown_in_the_file(self) -> None:
        run("compile", NEW)
        lines = [line + "\n" for line in Path(NEW).read_text(encoding="utf-8").splitlines()]
        first = next(index for index, line in enumerate(lines) if line.startswith("  /contact: {doc: "))
        lines[first], lines[first + 1] = lines[first + 1], lines[first]
        Path(NEW).write_text("".join(lines), encoding="utf-8")
        out = run("compile", NEW, "--diff").stdout
        assert "Nothing changes for users" in out
        assert "+++ b/facility.json" in out, "no words tell of it"

    def test_json(self) -> None:
        run("compile", NEW)
        edit(NEW, "nodes: 131", "nodes: 140")
        (summary,) = json.loads(run("compile", NEW, "--diff", "--json").stdout)
        assert summary["changed"]
        (change,) = summary["plan"]["changes"]
        assert (change["pointer"], change["old"], change["new"]) == ("/batch/slurm/partitions/roma/nodes", "131", "140")
        assert change["files"] == ["docs/index.md"]

    @pytest.mark.parametrize(
        "arguments", [("--format", "markdown"), ("--diff", "--what-if", "a=b"), ("--check", "--what-if", "a=b")]
    )
    def test_wrong_usage(self, arguments: tuple[str, ...]) -> None:
        run("compile", NEW, *arguments, code=2)


HOSTILE = (
    "``` </details><script>x</script> | @everyone #1 [a](https://evil.example.org) `<b>*c*</b>` ````` \\| *c* <!-- d"
)
SUMMARY = re.compile(
    r"<details><summary>(?:All of them|"
    r"<code>[A-Za-z0-9._/-]+</code> \+\d+ -\d+[a-z0-9, ]*)</summary>"
)


def outside_of_code(text: str) -> str:
    """What a reader of Markdown takes for more than code: blocks and spans are cut out as CommonMark reads them."""
    blocks = re.sub(r"^(`{3,})[a-z]*\n.*?^ {0,3}\1`*$", "", text, flags=re.MULTILINE | re.DOTALL)
    bare = re.sub(r"<code>(?:[A-Za-z0-9 ]|&#[0-9]+;)*</code>", "", blocks)
    return re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", bare)


def cells(row: str) -> int:
    """How many cells GitHub finds in a row: a backslash takes the mark after it along, pipes in code count."""
    return len(re.findall(r"\|", re.sub(r"\\.", "", row))) - 1


class TestMarkdown:
    def test_plan(self) -> None:
        run("compile", NEW)
        edit(NEW, "nodes: 131", "nodes: 140")
        out = run("compile", NEW, "--diff", "--format", "markdown").stdout
        assert out.startswith("## `slac`: ")
        assert "| Slurm partition `roma`: how many nodes | `131` | `140` | `docs/index.md` |" in out
        assert out.count("<details>") == out.count("</details>") == 1
        assert "```diff\n--- a/docs/index.md" in out

    def test_diff(self) -> None:
        out = run("diff", OLD, NEW, "--format", "markdown").stdout
        assert "### Gone\n\n| What | Before | Now | Files |" in out
        assert out.count("<details>") == out.count("</details>") == 1
        assert {cells(line) for line in out.splitlines() if line.startswith("|")} == {4}

    @pytest.mark.parametrize("hostile", [HOSTILE, HOSTILE.replace("|", "")])
    def test_nothing_of_a_spec_becomes_markup(self, desk: Path, hostile: str) -> None:
        data = to_plain(Loader().load(NEW).root)
        data.pop("extends", None)
        spec = desk / "hostile.yaml"
        spec.write_text(yaml.safe_dump(data))
        run("compile", "hostile.yaml")
        data["title"] = hostile
        data["organisation"] = hostile
        data["gpus"]["models"].append({"name": "x", "ask": hostile})
        data["gpus"]["note"] = data["batch"][0]["note"] = hostile
        data["agc"]["environment"] = {"A": hostile}
        data["sources"]["/gpus/models/x"] = {"doc": hostile, "note": hostile}
        spec.write_text(yaml.safe_dump(data))
        Frontend(dt.date(2026, 11, 23)).check(str(spec))
        for out in (
            run("compile", "hostile.yaml", "--diff", "--format", "markdown").stdout,
            run("compile", "hostile.yaml", "--diff", "--format", "markdown", "--full").stdout,
            run("diff", "build/slac", "hostile.yaml", "--format", "markdown", "--full").stdout,
            run("diff", "hostile.yaml", "build/slac", "--format", "markdown").stdout,
        ):
            assert "evil" in out
            assert {cells(line) for line in out.splitlines() if line.startswith("|")} <= {4}
            left = SUMMARY.sub("", outside_of_code(out)).replace("</details>", "")
            for mark in ("<", "evil", "@everyone", "#1", "*c*", "script"):
                assert mark not in left, left

    def test_no_control_characters(self) -> None:
        run("compile", NEW)
        Path("build/slac/ssh/config").write_text("\x1b[2J```\n\x07mine \u202e\n")
        edit(NEW, "nodes: 131", "nodes: 140")
        for form in ("text", "markdown"):
            out = CliRunner().invoke(cli, ["compile", NEW, "--diff", "--format", form, *DAY], color=True).stdout
            assert "mine" in out
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", out)
