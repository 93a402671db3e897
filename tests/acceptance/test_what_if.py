"""`afspec compile --what-if`: what a site would have to decide, deploy and prove."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from afspec.cli import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result

SLAC = str(Path(__file__).parents[2] / "specs/sites/slac.yaml")
UCHICAGO = str(Path(__file__).parents[2] / "specs/sites/uchicago.yaml")
DAY = ("--as-of", "2026-11-23")


@pytest.fixture(autouse=True)
def nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    assert list(tmp_path.iterdir()) == []


def ask(*assumptions: str, spec: str = SLAC, more: tuple[str, ...] = (), code: int = 0) -> Result:
    flags = [flag for text in assumptions for flag in ("--what-if", text)]
    done = CliRunner().invoke(cli, ["compile", spec, *flags, *more, *DAY])
    assert done.exit_code == code, done.output
    return done


def answer(*assumptions: str, spec: str = SLAC) -> dict[str, Any]:
    (found,) = json.loads(ask(*assumptions, spec=spec, more=("--json",)).stdout)
    assert isinstance(found, dict)
    return found


def test_coffea_casa_at_slac() -> None:
    out = ask("coffea_casa=promised").stdout
    assert "if coffea_casa=promised (nothing is written)" in out
    assert "New\n  - Coffea-casa: promised, was not promised" in out
    decide = out.partition("Still to be decided")[2].partition("\n\n")[0]
    assert "AF3202" in decide
    assert "no login opens it" in decide
    declare = out.partition("Not declared yet")[2].partition("\n\n")[0]
    assert "/services/coffea_casa/url: Where users open it." in declare
    assert "/services/coffea_casa/image" in declare
    prove = out.partition("What conformance would ask")[2].partition("\n\n")[0]
    assert "AF-COFFEA-001 MUST: coffea-casa leads to its login" in prove
    assert "docs/index.md" in out.partition("\n\nFiles:")[2]


def test_it_becomes_less_when_it_is_decided() -> None:
    bare = answer("coffea_casa=promised")
    told = answer("coffea_casa=promised", "/services/coffea_casa/url=https://coffea.example.org")
    assert {"/services/coffea_casa/url"} == {
        fact["pointer"] for fact in bare["undeclared"] if fact not in told["undeclared"]
    }
    assert [given["pointer"] for given in told["assumptions"]] == [
        "/services/coffea_casa/stance",
        "/services/coffea_casa/url",
    ]


@pytest.mark.parametrize(
    ("assumption", "pointer"),
    [
        ("triton=promised", "/services/triton/stance"),
        ("dex=not_promised", "/logins/dex/stance"),
        ("servicex=promised", "/services/servicex/servicex/stance"),
        ("gpus=on_request", "/gpus/stance"),
        ("gateway=promised", "/dask/gateway/stance"),
        ("dask/coffea_casa=promised", "/dask/coffea_casa/stance"),
        ("roma=not_promised", "/batch/slurm/partitions/roma/stance"),
        ("reana=planned", "/services/reana/stance"),
        ("/services/triton=promised", "/services/triton/stance"),
        ("/images/policy=unpacked", "/images/policy"),
        ("/images/binds=[/sdf, /new]", "/images/binds"),
        ("/batch/slurm/partitions/roma/max_walltime=4 d", "/batch/slurm/partitions/roma/max_walltime"),
        ("/batch/slurm/max_walltime=null", "/batch/slurm/max_walltime"),
    ],
)
def test_names(assumption: str, pointer: str) -> None:
    found = answer(assumption)
    assert [given["pointer"] for given in found["assumptions"]] == [pointer]
    changes = {change["pointer"] for change in found["changes"]}
    assert any(pointer.startswith(place) for place in changes), changes


@pytest.mark.parametrize(
    ("assumption", "said"),
    [
        ("cofea_casa=promised", "Did you mean `coffea_casa`?"),
        ("nonsense=promised", "no capability is called `nonsense`"),
        ("coffea_casa", "is not NAME=VALUE"),
        ("coffea_casa=", "is not NAME=VALUE"),
        ("login=promised", "Did you mean `logins`?"),
        ("logins=promised", "`logins` are several: write one of /logins/slac, /logins/dex"),
        ("/title/x=promised", "is a single value"),
    ],
)
def test_wrong_usage(assumption: str, said: str) -> None:
    assert said in " ".join(ask(assumption, code=2).stderr.replace("\u2502", "").split())


def test_value_that_the_language_does_not_take() -> None:
    error = ask("triton=promised", "coffea_casa=promissed", code=1).stderr
    assert "error[AF2004]" in error
    assert "--> --what-if:2:13" in error
    assert "2 | coffea_casa=promissed" in error
    assert "Did you mean `promised`?" in error


def test_value_that_is_no_yaml() -> None:
    assert "--> --what-if:1:" in ask("/images/binds=[/a", code=1).stderr


def test_what_breaks_a_rule_is_still_to_be_decided() -> None:
    out = ask("/batch/slurm/partitions/roma/gpus=[{name: a1000}]").stdout
    assert "Still to be decided\n  - error AF3103" in out


def test_nothing_new() -> None:
    assert "Nothing changes: the spec says so already." in ask("coffea_casa=not_promised").stdout


def test_taking_a_promise_back_asks_for_nothing() -> None:
    found = answer("coffea_casa=not_promised", spec=UCHICAGO)
    assert found["requirements"] == []
    assert found["undeclared"] == []
    assert [change["group"] for change in found["changes"]] == ["gone"]


def test_markdown() -> None:
    out = ask("coffea_casa=promised", more=("--format", "markdown")).stdout
    assert "| Coffea-casa | `not promised` | `promised` |" in out
    assert "### Not declared yet\n\n- `/services/coffea_casa/url`: Where users open it." in out
    assert "- `AF-COFFEA-001` MUST: " in out


def test_several_specs() -> None:
    done = CliRunner().invoke(cli, ["compile", SLAC, UCHICAGO, "--what-if", "reana=planned", "--json", *DAY])
    assert done.exit_code == 0
    assert len(json.loads(done.stdout)) == 2
