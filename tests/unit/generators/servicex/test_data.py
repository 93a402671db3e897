"""What it finds and reads: code generators, DID finders, Rucio, caches."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st
from servicex_site import complete, needs, site, values
from upstream import upstream_data

if TYPE_CHECKING:
    from afspec.facility import Facility

XCACHE = {"xcache": [{"name": "x", "stance": "promised", "door": "root://x.example.org:1094"}]}
CHARTS_GENERATORS = ["uproot-raw", "uproot", "python", "atlasr21", "atlasr22", "cmssw-5-3-32"]
CHARTS_FINDERS = {"rucio": "rucio", "xrootd": "xrootd", "cernopendata": "CERNOpenData"}
WORDS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,8}", fullmatch=True)


@given(
    st.lists(st.sampled_from(CHARTS_GENERATORS) | WORDS, max_size=5, unique=True),
    st.lists(st.sampled_from([*CHARTS_FINDERS, "CERNOpenData", "Rucio"]) | WORDS, max_size=4, unique=True),
)
def test_what_the_spec_names_is_on_and_nothing_else(generators: list[str], finders: list[str]) -> None:
    made = site({"code_generators": generators, "did_finders": finders})
    everything = complete(made)
    assert set(everything["codeGen"]) == set(CHARTS_GENERATORS)
    on = {name for name, entry in everything["codeGen"].items() if entry["enabled"]}
    assert on == (set(generators) & set(CHARTS_GENERATORS) if generators else set(CHARTS_GENERATORS))
    running = {name for name, entry in everything["didFinder"].items() if entry["enabled"]}
    schemes = {name.lower() for name in finders} & set(CHARTS_FINDERS) if finders else set(CHARTS_FINDERS)
    assert running == {CHARTS_FINDERS[scheme] for scheme in schemes}
    # What the chart cannot run is said, not made: a code generator without an image would never start.
    left = {name for kind, name in needs(made) if kind == "Value" and name.startswith(("codeGen.", "didFinder."))}
    assert left == {f"codeGen.{name}" for name in generators if name not in CHARTS_GENERATORS} | {
        f"didFinder.{name}" for name in finders if name.lower() not in CHARTS_FINDERS
    }
    default = values(made)["app"].get("defaultDIDFinderScheme")
    known = [name.lower() for name in finders if name.lower() in CHARTS_FINDERS]
    assert default == (known[0] if known else None)


def test_the_defaults_of_the_chart_are_what_the_generator_knows() -> None:
    defaults = upstream_data("servicex", "helm_servicex_values.yaml")
    assert list(defaults["codeGen"]) == CHARTS_GENERATORS
    assert set(defaults["didFinder"]) == set(CHARTS_FINDERS.values())


def test_open_data_needs_no_certificate() -> None:
    made = site({"did_finders": ["CERNOpenData"]})
    assert values(made)["noCerts"] is True
    assert ("Secret", "grid-certs-secret") not in needs(made)
    assert ("Value", "gridAccount") not in needs(made)
    for others in ([], ["rucio"], ["CERNOpenData", "xrootd"], ["nothing-known"]):
        made = site({"did_finders": others})
        assert "noCerts" not in values(made)
        assert ("Secret", "grid-certs-secret") in needs(made)


def test_an_account_of_rucio_that_nobody_gave_is_asked_for() -> None:
    assert ("Value", "gridAccount") in needs(site())
    assert ("Value", "gridAccount") not in needs(site({"did_finders": ["xrootd"]}))
    made = site({"grid_account": "atlasaf"})
    assert values(made)["gridAccount"] == "atlasaf"
    assert ("Value", "gridAccount") not in needs(made)


def cache(facility: Facility) -> Any:
    """What the program that the chart writes reads as the cache's prefix."""
    return ast.literal_eval(values(facility)["transformer"]["cachePrefix"])


def test_transformers_read_through_the_sites_caches() -> None:
    assert cache(site(storage=XCACHE)) == "x.example.org:1094"
    second = {"name": "y", "stance": "best_effort", "door": "root://y.example.org"}
    gone = {"name": "z", "stance": "planned", "door": "root://z.example.org"}
    assert cache(site(storage={"xcache": [*XCACHE["xcache"], second, gone]})) == "x.example.org:1094,y.example.org"


def test_an_unset_cache_leaves_the_charts_program_whole() -> None:
    assert cache(site()) == ""


def test_a_file_goes_through_one_cache() -> None:
    rucio = {"rucio": {"stance": "promised", "site": "AF_200"}}
    made = site(storage=XCACHE, software=rucio)
    assert cache(made) == ""
    assert values(made)["didFinder"]["rucio"]["site"] == "AF_200"
    other = site({"did_finders": ["xrootd"]}, storage=XCACHE, software=rucio)
    assert cache(other) == "x.example.org:1094"
    assert "site" not in values(other)["didFinder"]["rucio"]
