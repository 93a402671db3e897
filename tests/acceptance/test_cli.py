"""The command line: what each command does, its exit codes, and what it prints for people and for scripts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from support import HEAD, Workshop, text_file

import afspec
from afspec import fleet as fleet_module
from afspec.cli import cli, main
from afspec.cli.shared import wants_colour
from afspec.compiler.lock import LOCK_NAME
from afspec.matrix import COLUMNS

if TYPE_CHECKING:
    from click.testing import Result

SCRIPT = Path(sys.executable).with_name("afspec")
# Each rule has a case that breaks it: these two give a warning and an error that have a place.
CASES = Path(__file__).parents[1] / "cases/bad"
BAD = HEAD + "lable: x\n"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """A folder with toy.yaml, bad.yaml and specs/sites/{one,two}.yaml, in which the commands run."""
    made = Workshop(tmp_path, monkeypatch)
    monkeypatch.setattr(fleet_module, "all_generators", lambda: made.generators)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.yaml").write_text(BAD)
    (tmp_path / "specs/sites").mkdir(parents=True)
    for name in ("one", "two"):
        (tmp_path / f"specs/sites/{name}.yaml").write_text(HEAD.replace("toy", name, 1))
    return made


def run(*arguments: str) -> Result:
    """A command in this process, on a fixed day where it asks for one."""
    dated = arguments[0] in {"validate", "compile", "matrix", "targets"}
    done = CliRunner().invoke(cli, [*arguments, *(["--as-of", "2026-11-22"] if dated else [])])
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    return done


def script(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """A command as people run it."""
    return subprocess.run([SCRIPT, *arguments], capture_output=True, text=True, check=False, **options)


@pytest.mark.usefixtures("shop")
class TestValidate:
    def test_good(self) -> None:
        done = run("validate", "toy.yaml")
        assert (done.exit_code, done.stdout) == (0, "toy.yaml: A toy facility: valid, 0 warnings\n")

    def test_bad(self) -> None:
        done = run("validate", "bad.yaml")
        assert done.exit_code == 1
        assert done.stdout == ""
        assert "error[AF2001]" in done.stderr
        assert "--> bad.yaml:5:1" in done.stderr
        assert "^^^^^" in done.stderr

    def test_bad_one_does_not_stop_the_others(self) -> None:
        done = run("validate", "toy.yaml", "bad.yaml", "none.yaml", "sites/one.yaml")
        assert done.exit_code == 1
        assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["toy.yaml", "specs/sites/one.yaml"]
        assert done.stderr.count("error[") == 2

    def test_pattern(self) -> None:
        done = run("validate", "sites/*.yaml")
        assert done.stdout.count("valid") == 2

    def test_pattern_without_a_match(self) -> None:
        done = run("validate", "sites/*.yml")
        assert done.exit_code == 1
        assert "AF0001" in done.stderr

    def test_json(self) -> None:
        done = run("validate", "bad.yaml", "toy.yaml", "--format", "json")
        [row] = json.loads(done.stdout)
        assert done.exit_code == 1
        assert done.stderr == ""
        assert (row["code"], row["pointer"], row["span"]["file"], row["span"]["line"]) == (
            "AF2001", "/lable", "bad.yaml", 5,
        )  # fmt: skip

    def test_json_of_nothing_wrong(self) -> None:
        assert json.loads(run("validate", "toy.yaml", "--format", "json").stdout) == []

    def test_github(self) -> None:
        done = run("validate", "bad.yaml", "toy.yaml", "--format", "github")
        [line] = done.stdout.splitlines()
        assert line.startswith("::error title=AF2001,file=bad.yaml,line=5,col=1,endLine=5,endColumn=6::unknown key")

    def test_strict_makes_warnings_count(self) -> None:
        stale = "sources: {/name: {doc: d, as_of: 2001}}\n"
        Path("stale.yaml").write_text(HEAD + stale)
        relaxed, strict = run("validate", "stale.yaml"), run("validate", "stale.yaml", "--strict")
        assert "warning[AF3" in relaxed.stderr
        assert (relaxed.exit_code, strict.exit_code) == (0, 1)
        assert run("validate", "toy.yaml", "--strict").exit_code == 0

    def test_age_is_judged_as_of_the_day_that_is_given(self) -> None:
        Path("aging.yaml").write_text(HEAD + "sources: {/name: {doc: d, as_of: 2020-01-01}}\n")
        runner = CliRunner()
        said = {
            day: runner.invoke(cli, ["validate", "aging.yaml", "--as-of", day]).stderr
            for day in ("2020-06-01", "2026-01-01")
        }
        assert (said["2020-06-01"], "warning[" in said["2026-01-01"]) == ("", True)


class TestCompile:
    def test_write_then_nothing_to_do(self, shop: Workshop) -> None:
        first, second = run("compile", "toy.yaml"), run("compile", "toy.yaml")
        assert (first.exit_code, second.exit_code) == (0, 0)
        assert "1 new" in first.stdout
        assert "unchanged" in second.stdout
        assert set(shop.files()) == {"a.txt", LOCK_NAME}

    def test_another_folder(self, shop: Workshop) -> None:
        assert run("compile", "toy.yaml", "-o", "out/deep").exit_code == 0
        assert (shop.folder / "out/deep/toy/a.txt").is_file()
        assert not shop.output.exists()

    def test_many(self, shop: Workshop) -> None:
        done = run("compile", "sites/*.yaml", "bad.yaml", "toy.yaml")
        assert done.exit_code == 1
        assert {path.name for path in shop.output.iterdir()} == {"one", "two", "toy"}

    def test_check(self, shop: Workshop) -> None:
        assert run("compile", "toy.yaml", "--check").exit_code == 3
        assert not shop.output.exists()
        run("compile", "toy.yaml")
        assert run("compile", "toy.yaml", "--check").exit_code == 0
        (shop.site / "a.txt").write_text("mine\n")
        done = run("compile", "toy.yaml", "sites/one.yaml", "--check")
        assert done.exit_code == 3
        assert "a.txt: edited by hand" in done.stdout
        assert "a.txt: missing" in done.stdout
        assert (shop.site / "a.txt").read_text() == "mine\n"

    def test_check_of_a_bad_spec_is_the_specs_fault(self, shop: Workshop) -> None:
        run("compile", "toy.yaml")
        assert run("compile", "toy.yaml", "--check").exit_code == 0
        done = run("compile", "toy.yaml", "bad.yaml", "--check")
        assert done.exit_code == 1
        assert "error[AF2001]" in done.stderr
        assert (shop.site / "a.txt").is_file()

    def test_diff(self, shop: Workshop) -> None:
        run("compile", "toy.yaml")
        shop.give(text_file("a.txt", "new\n"))
        done = run("compile", "toy.yaml", "--diff")
        assert done.exit_code == 0
        assert "-text\n+new\n" in done.stdout
        assert (shop.site / "a.txt").read_text() == "text\n"
        run("compile", "toy.yaml")
        assert "no changes" in run("compile", "toy.yaml", "--diff").stdout

    def test_diff_of_a_file_that_drives_terminals(self, shop: Workshop) -> None:
        run("compile", "toy.yaml")
        (shop.site / "a.txt").write_text("\x1b[2Jmine\n")
        done = CliRunner().invoke(cli, ["compile", "toy.yaml", "--diff"], color=True)
        assert "mine" in done.stdout
        assert "\x1b" not in done.stdout

    def test_force(self, shop: Workshop) -> None:
        run("compile", "toy.yaml")
        (shop.site / "a.txt").write_text("mine\n")
        refused = run("compile", "toy.yaml")
        assert refused.exit_code == 4
        assert "error[AF4007]" in refused.stderr
        assert run("compile", "toy.yaml", "--force").exit_code == 0
        assert (shop.site / "a.txt").read_text() == "text\n"

    def test_only(self, shop: Workshop) -> None:
        shop.give(text_file("a.txt"), name="one", two=[text_file("b.txt")], three=[text_file("c.txt")])
        assert run("compile", "toy.yaml", "--only", "one", "--only", "two").exit_code == 0
        assert set(shop.files()) == {"a.txt", "b.txt", LOCK_NAME}
        unknown = run("compile", "toy.yaml", "--only", "thre")
        assert unknown.exit_code == 4
        assert "Did you mean `three`?" in unknown.stderr

    def test_json(self, shop: Workshop) -> None:
        done = run("compile", "toy.yaml", "sites/one.yaml", "bad.yaml", "--json")
        rows = json.loads(done.stdout)
        assert done.exit_code == 1
        assert [(row["site"], row["outputs"], row["new"]) for row in rows] == [
            ("toy", 1, ["a.txt"]),
            ("one", 1, ["a.txt"]),
        ]
        assert rows[0]["folder"] == os.path.join("build", shop.site.name)  # noqa: PTH118

    def test_two_specs_of_one_name(self, shop: Workshop) -> None:
        (shop.folder / "again.yaml").write_text(HEAD + "label: again\n")
        for _ in range(2):  # written, and found unchanged
            done = run("compile", "toy.yaml", "again.yaml")
            assert done.exit_code == 4
            assert "error[AF4010]: toy.yaml and again.yaml" in done.stderr
        assert '"toy.yaml"' in (shop.site / LOCK_NAME).read_text()

    def test_bad_generator(self, shop: Workshop) -> None:
        shop.give(text_file("a.txt", "{{ left }}\n"))
        done = run("compile", "toy.yaml")
        assert done.exit_code == 4
        assert "error[AF4002]: a.txt: line 1" in done.stderr
        assert not shop.output.exists()

    def test_warnings_are_counted_and_shown_when_asked(self, shop: Workshop) -> None:
        shop.spec.write_text(HEAD + "sources: {/name: {doc: d, as_of: 2001}}\n")
        brief = run("compile", "toy.yaml")
        assert brief.stderr == ""
        assert "1 warning" in brief.stdout
        assert "warning[AF3" in run("compile", "toy.yaml", "--force", "--warnings").stderr

    def test_bar_of_many_sites_is_for_terminals(self, shop: Workshop) -> None:
        for number in range(25):
            (shop.folder / f"specs/sites/s{number}.yaml").write_text(HEAD.replace("toy", f"s{number}", 1))
        done = run("compile", "sites/s*.yaml")
        assert done.stderr == ""
        assert done.stdout.count("1 new") == 25


@pytest.mark.usefixtures("shop")
class TestOthers:
    @pytest.mark.parametrize("form", ["text", "markdown", "html", "json"])
    def test_matrix(self, form: str) -> None:
        done = run("matrix", "toy.yaml", "sites/one.yaml", "--format", form)
        assert (done.exit_code, done.stderr) == (0, "")
        assert all((key if form == "json" else title) in done.stdout for key, title in COLUMNS.items())

    def test_matrix_of_what_is_good(self) -> None:
        done = run("matrix", "bad.yaml", "toy.yaml")
        assert done.exit_code == 1
        assert "Batch" in done.stdout
        assert run("matrix", "bad.yaml").stdout == ""

    def test_targets(self) -> None:
        assert run("targets").stdout.startswith("toy ")
        said = run("targets", "toy.yaml").stdout
        assert said.startswith("* toy")
        assert "\n      a.txt\n" in said
        assert json.loads(run("targets", "toy.yaml", "--json").stdout) == [
            {
                "name": "toy",
                "title": "A generator of the tests, whose files the test decides.",
                "applies": True,
                "outputs": ["a.txt"],
            }
        ]
        assert json.loads(run("targets", "--json").stdout)[0]["applies"] is None
        assert run("targets", "bad.yaml").exit_code == 1

    def test_targets_of_several_specs(self, tmp_path: Path) -> None:
        for name in ("one", "two"):
            (tmp_path / f"{name}.yml").write_text(HEAD.replace("toy", name))
        done = run("targets", "*.yml")
        assert (done.exit_code, done.stdout) == (2, "")
        assert "name one spec: '*.yml' stands for 2" in done.stderr

    @pytest.mark.parametrize("kind", ["facility", "overlay"])
    def test_schema(self, kind: str) -> None:
        done = run("schema", "--kind", kind)
        assert done.exit_code == 0
        assert json.loads(done.stdout)["$schema"].startswith("https://json-schema.org/")

    def test_schema_in_a_folder(self) -> None:
        stale = run("schema", "--check")
        assert (stale.exit_code, stale.stderr.count("is stale")) == (3, 3)
        assert run("schema", "--write").stdout.count("wrote") == 3
        assert run("schema", "--check").exit_code == 0

    def test_schema_in_a_folder_without_specs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        assert run("schema", "--write").exit_code == 0
        made = {path.name for path in Path("specs").iterdir()}
        assert made == {f"{kind}.schema.json" for kind in ("facility", "overlay", "report")}

    def test_schema_that_cannot_be_written(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        Path("specs").write_text("a file")
        done = run("schema", "--write")
        assert done.exit_code == 4
        assert "error[AF4008]: specs: File exists" in done.stderr

    def test_rules(self) -> None:
        assert run("rules", "af0007").stdout.startswith("AF0007 (error): Key given twice")
        assert "AF0007  error    Key given twice" in run("rules").stdout
        assert json.loads(run("rules", "AF0007", "--format", "json").stdout)[0]["code"] == "AF0007"
        assert run("rules", "--format", "markdown").stdout.startswith("| Code |")


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("validate",),
        ("compile",),
        ("validate", "toy.yaml", "--nonsense"),
        ("validate", "toy.yaml", "--format", "xml"),
        ("validate", "toy.yaml", "--as-of", "yesterday"),
        ("compile", "toy.yaml", "--check", "--diff"),
        ("matrix", "toy.yaml", "--format", "pdf"),
        ("schema", "--kind", "nonsense"),
        ("rules", "AF9998"),
    ],
    ids=" ".join,
)
def test_wrong_usage(shop: Workshop, arguments: tuple[str, ...]) -> None:
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith("Usage: ")
    assert not shop.output.exists()


@pytest.mark.parametrize("command", ["", "validate", "compile", "matrix", "targets", "schema", "rules"])
def test_help(command: str) -> None:
    for flag in ("-h", "--help"):
        done = CliRunner().invoke(cli, [*([command] if command else []), flag])
        assert done.exit_code == 0
        assert "Usage:" in done.stdout


def test_version() -> None:
    assert CliRunner().invoke(cli, ["--version"]).stdout == f"afspec, version {afspec.__version__}\n"


@pytest.mark.parametrize("debug", [False, True])
def test_defect_is_reported_without_a_traceback(
    shop: Workshop,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    debug: bool,  # noqa: FBT001
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr("afspec.compiler.frontend.validate", broken)
    monkeypatch.setattr(sys, "argv", ["afspec", "validate", str(shop.spec)])
    monkeypatch.delenv("AFSPEC_DEBUG", raising=False)
    if debug:
        monkeypatch.setenv("AFSPEC_DEBUG", "1")
        with pytest.raises(ZeroDivisionError):
            main()
        return
    with pytest.raises(SystemExit) as end:
        main()
    said = capsys.readouterr().err
    assert end.value.code == 70
    assert said.startswith("error[AF9001]: ZeroDivisionError: a defect\n")
    assert "Traceback" not in said
    assert "AFSPEC_DEBUG" in said


class Terminal:
    """Says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("terminal", "no_color", "coloured"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_colour_is_for_terminals_and_for_those_who_want_it(
    monkeypatch: pytest.MonkeyPatch,
    terminal: bool,  # noqa: FBT001
    no_color: bool,  # noqa: FBT001
    coloured: bool,  # noqa: FBT001
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", "")
    assert wants_colour(Terminal() if terminal else sys.stdout) is coloured


def test_console_script(tmp_path: Path) -> None:
    (tmp_path / "toy.yaml").write_text(HEAD)
    (tmp_path / "bad.yaml").write_text(BAD)
    good = script("validate", "toy.yaml", cwd=tmp_path)
    assert (good.returncode, good.stdout, good.stderr) == (0, "toy.yaml: A toy facility: valid, 0 warnings\n", "")
    bad = script("validate", "bad.yaml", cwd=tmp_path)
    assert (bad.returncode, bad.stdout) == (1, "")
    assert "\x1b" not in bad.stderr


def test_console_script_compiles(tmp_path: Path) -> None:
    (tmp_path / "toy.yaml").write_text(HEAD)
    done = script("compile", "toy.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lock = json.loads((tmp_path / "build/toy" / LOCK_NAME).read_text())
    written = {path for record in lock["generators"].values() for path in record["outputs"]}
    on_disk = {str(p.relative_to(tmp_path / "build/toy")) for p in (tmp_path / "build").rglob("*") if p.is_file()}
    assert on_disk == written | {LOCK_NAME}
    assert script("compile", "toy.yaml", "--check", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("arguments", ["rules", "schema", "rules --format json", "matrix toy.yaml --format html"])
def test_reader_that_goes_away(tmp_path: Path, arguments: str) -> None:
    (tmp_path / "toy.yaml").write_text(HEAD)
    command = f"'{SCRIPT}' {arguments} | head -n 1"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1


def test_reader_that_was_never_there(tmp_path: Path) -> None:
    (tmp_path / "toy.yaml").write_text(HEAD)
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [SCRIPT, "schema"], stdout=writer, stderr=subprocess.PIPE, text=True, cwd=tmp_path, check=False
    )
    os.close(writer)
    assert done.stderr == ""
    assert done.returncode not in {0, 70}


@pytest.mark.parametrize("arguments", ["targets", "rules", "matrix toy.yaml"])
def test_full_disk_below_standard_output_is_no_defect(tmp_path: Path, arguments: str) -> None:
    (tmp_path / "toy.yaml").write_text(HEAD)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [SCRIPT, *arguments.split()], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 4
    assert done.stderr.startswith("error[AF4008]")
    assert "defect" not in done.stderr


def test_interrupted_is_not_the_specs_fault() -> None:
    program = """
import sys
from afspec import cli

def interrupt(**_):
    raise KeyboardInterrupt

cli.validate.callback = interrupt
sys.argv = ["afspec", "validate", "x.yaml"]
cli.main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stderr.strip() == "Interrupted."
