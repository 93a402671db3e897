"""The generator xcache: what the cache and its source are told."""

from __future__ import annotations

import configparser
import subprocess
from typing import TYPE_CHECKING

import pytest
from afspec.generators.xcache import XCache
from support import facility, refused

if TYPE_CHECKING:
    from pathlib import Path

SLAC = """
storage:
  areas:
    - {name: data, stance: promised, purpose: data, path: /sdf/data/<u>/<user>}
  xcache:
    - {name: atlfax, stance: promised, door: "root://atlfax.slac.stanford.edu//"}
"""
BNL = """
storage:
  areas:
    - {name: dcache, stance: promised, path: /pnfs/usatlas.bnl.gov/users/<user>, inside: "root://dc.bnl.gov:1096/"}
  xcache:
    - name: xrootd03
      stance: promised
      door: root://xrootd03.usatlas.bnl.gov:2094
      server: {directory: /big/cache, memory: 16 GiB, block: 512 KiB, prefetch: 8, low: 50 TB, high: 55 TiB}
    - {name: other, door: "root://other.bnl.gov"}
"""


def rendered(body: str) -> dict[str, str]:
    return {artifact.path: artifact.text for artifact in XCache().render(facility(body))}


def directives(text: str) -> dict[str, list[str]]:
    """What follows each directive, line by line."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            found.setdefault(name, []).append(rest)
    return found


def test_a_cache_forwards_to_any_source() -> None:
    cache = directives(rendered(SLAC)["xcache/atlfax/xcache.cfg"])
    assert cache["ofs.osslib"] == ["libXrdPss.so"]
    assert cache["pss.cachelib"] == ["libXrdPfc.so"]
    assert cache["pss.origin"] == ["="]
    # Addresses within the address, and no paths of this machine.
    assert [export.split()[0] for export in cache["all.export"]] == ["/root:/", "/xroot:/"]
    assert all("r/o" in export for export in cache["all.export"])


def test_the_port_is_that_of_the_door() -> None:
    assert directives(rendered(SLAC)["xcache/atlfax/xcache.cfg"])["xrd.port"] == ["1094"]
    assert directives(rendered(BNL)["xcache/xrootd03/xcache.cfg"])["xrd.port"] == ["2094"]


def test_sizes_are_exact_in_the_units_that_xrootd_reads() -> None:
    cache = directives(rendered(BNL)["xcache/xrootd03/xcache.cfg"])
    assert cache["oss.localroot"] == ["/big/cache"]
    assert cache["pfc.ram"] == ["16g"]
    assert cache["pfc.blocksize"] == ["512k"]
    assert cache["pfc.prefetch"] == ["8"]
    low, high = cache["pfc.diskusage"][0].split()
    assert int(low.removesuffix("k")) * 1024 == 50 * 1000**4
    assert high == "55t"


def with_server(server: str) -> dict[str, str]:
    """SLAC's files, with more about the server."""
    return rendered(SLAC.replace('stanford.edu//"', f'stanford.edu//", capacity: 20 TB, server: {{{server}}}'))


def test_marks_are_shares_of_the_disk_unless_they_are_told() -> None:
    # A capacity is published in round numbers, and xrootd does not start where a mark is beyond its disk.
    for files in (rendered(SLAC), with_server("prefetch: 1")):
        assert directives(files["xcache/atlfax/xcache.cfg"])["pfc.diskusage"] == ["0.90 0.95"]
    assert "capacity is 20 TB" in with_server("prefetch: 1")["xcache/atlfax/xcache.cfg"]
    # A size without a suffix would be read as a share.
    told = with_server("low: 4000000001 B, high: 5000000001 B")["xcache/atlfax/xcache.cfg"]
    assert directives(told)["pfc.diskusage"] == [f"{4000000001 // 1024}k {5000000001 // 1024}k"]


@pytest.mark.parametrize("marks", ["low: 1 TB", "high: 1 TB", "low: 2 TB, high: 1 TB"])
def test_marks_that_are_no_pair_are_refused(marks: str) -> None:
    (found,) = refused(lambda: with_server(marks))
    assert found.code == "AF2005"
    assert "two marks" in found.message


def test_sources_collectors_and_credentials_are_the_sites() -> None:
    files = with_server(
        "sources: ['*.unl.edu', eospublic.cern.ch], proxy: /etc/xrootd/proxy, certificates: /etc/grid-security/certs, "
        "directory: /big/cache, collector: {host: mon.org, summary: 9931, stream: 9930, files: 9932}"
    )
    cache = directives(files["xcache/atlfax/xcache.cfg"])
    assert cache["pss.permit"] == ["*.unl.edu", "eospublic.cern.ch"]
    assert cache["xrd.report"] == ["mon.org:9931 every 60s all"]
    assert cache["xrootd.monitor"][0].endswith(" mon.org:9930")
    assert cache["xrootd.mongstream"] == ["pfc use send json dflthdr mon.org:9932"]
    unit = configparser.ConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(files["xcache/atlfax/systemd/override.conf"].replace("=X509_USER", "_P=X509_USER"))
    assert unit["Unit"]["RequiresMountsFor"] == "/big/cache"
    assert unit["Service"]["Environment_P"] == "X509_USER_PROXY=/etc/xrootd/proxy"
    assert unit["Service"]["Environment"] == "X509_CERT_DIR=/etc/grid-security/certs"
    plain = rendered(SLAC)
    assert not {"pss.permit", "xrd.report", "xrootd.monitor"} & directives(plain["xcache/atlfax/xcache.cfg"]).keys()
    assert "X509" not in plain["xcache/atlfax/systemd/override.conf"]


@pytest.mark.parametrize("source", ["'*'", "'a*.org'", "a.org/x", "'a b'"])
def test_a_source_is_a_host_or_a_domain(source: str) -> None:
    (found,) = refused(lambda: with_server(f"sources: [{source}]"))
    assert found.code == "AF2005"


def probe(
    folder: Path, *arguments: str, fails: str = "", body: str = SLAC, **more: str
) -> subprocess.CompletedProcess[str]:
    """probe.sh with clients that only say what they were asked."""
    folder.mkdir(exist_ok=True)
    for tool in ("xrdfs", "xrdcp"):
        stub = folder / tool
        says = "echo 'no route? to | host' >&2; exit 51" if tool == fails else "echo v5.5.3"
        stub.write_text(f'#!/bin/sh\necho {tool} "$@" >> {folder}/asked\n{says}\n')
        stub.chmod(0o755)
    script = folder / "probe.sh"
    script.write_text(next(text for path, text in rendered(body).items() if path.endswith("/probe.sh")))
    environment = {"PATH": f"{folder}:/usr/bin:/bin", **more}
    return subprocess.run(
        ["bash", str(script), *arguments], capture_output=True, text=True, check=False, env=environment
    )


def test_the_probe_asks_the_door_and_reads_a_file(tmp_path: Path) -> None:
    done = probe(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "XCACHE OK - root://atlfax.slac.stanford.edu answers, v5.5.3\n"
    done = probe(tmp_path, "root://a.org//b?authz=secret")
    assert done.stdout == "XCACHE OK - root://atlfax.slac.stanford.edu answers, root://a.org//b was read through it\n"
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked[0] == "xrdfs atlfax.slac.stanford.edu query config version"
    assert asked[-1].endswith("root://atlfax.slac.stanford.edu//root://a.org//b?authz=secret /dev/null")


@pytest.mark.parametrize("fails", ["xrdfs", "xrdcp"])
def test_the_probe_tells_a_failure_in_a_line(fails: str, tmp_path: Path) -> None:
    done = probe(tmp_path, "root://a.org//b?authz=secret", fails=fails)
    assert done.returncode == 2
    assert done.stdout.startswith("XCACHE CRITICAL - ")
    assert done.stdout.count("\n") == 1
    assert "|" not in done.stdout
    assert "secret" not in done.stdout
    assert done.stdout.count("to / host") == 1


@pytest.mark.parametrize("seconds", ["soon", "-1", "0", "1.5", "99999"])
def test_the_probe_takes_whole_seconds(seconds: str, tmp_path: Path) -> None:
    done = probe(tmp_path, AF_TIMEOUT=seconds)
    told = f"XCACHE UNKNOWN - AF_TIMEOUT is no number of seconds: {seconds}\n"
    assert (done.returncode, done.stdout) == (3, told)
    assert probe(tmp_path, AF_TIMEOUT="60").returncode == 0


def test_the_probe_gives_the_source_a_port_where_the_cache_wants_one(tmp_path: Path) -> None:
    body = SLAC.replace('stanford.edu//"', 'stanford.edu//", source_port: true')
    probe(tmp_path, "root://a.org//b", body=body)
    probe(tmp_path, "root://a.org:2094//b", body=body)
    asked = [line.split()[-2] for line in (tmp_path / "asked").read_text().splitlines() if "xrdcp" in line]
    door = "root://atlfax.slac.stanford.edu"
    assert asked == [f"{door}//root://a.org:1094//b", f"{door}//root://a.org:2094//b"]


def test_the_probe_knows_what_it_cannot_tell(tmp_path: Path) -> None:
    assert probe(tmp_path, "https://a.org/b").returncode == 3
    (tmp_path / "bare").mkdir()
    for tool in ("printf", "sed", "tr"):
        (tmp_path / "bare" / tool).symlink_to(f"/usr/bin/{tool}")
    done = subprocess.run(
        ["/bin/bash", str(tmp_path / "probe.sh")],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(tmp_path / "bare")},
    )
    assert (done.returncode, done.stdout) == (3, "XCACHE UNKNOWN - xrdfs is not here\n")


@pytest.mark.parametrize("size", ["memory: 512 MiB", "memory: 512 GiB", "block: 1 KiB", "block: 1 GiB"])
def test_a_size_that_xrootd_refuses_is_an_error(size: str) -> None:
    body = SLAC.replace('stanford.edu//"', f'stanford.edu//", server: {{{size}}}')
    with pytest.raises(ValueError, match="XRootD takes"):
        rendered(body)


def test_the_source_plays_the_sites_own_storage_where_that_has_a_door() -> None:
    origin = directives(rendered(BNL)["xcache/xrootd03/replica/origin.cfg"])
    assert origin["xrd.port"] == ["1096"]
    assert origin["all.export"] == ["/pnfs/usatlas.bnl.gov/users r/o"]
    assert "oss.localroot" not in origin


@pytest.mark.parametrize("change", [("stance: promised, path", "stance: planned, path"), ('"root://dc', '"https://dc')])
def test_a_door_that_is_not_offered_or_not_xrootds_is_nobodys_source(change: tuple[str, str]) -> None:
    origin = directives(rendered(BNL.replace(*change))["xcache/xrootd03/replica/origin.cfg"])
    assert origin["xrd.port"] == ["1095"]
    assert origin["all.export"] == ["/store r/o"]


def test_else_it_has_a_folder_of_its_own_and_leaves_the_caches_port_alone() -> None:
    files = rendered(SLAC)
    origin = directives(files["xcache/atlfax/replica/origin.cfg"])
    assert origin["xrd.port"] == ["1095"]
    assert origin["oss.localroot"] == ["/var/lib/afspec/xrootd/files"]
    cache = directives(files["xcache/atlfax/xcache.cfg"])
    assert not set(cache["xrd.port"]) & set(origin["xrd.port"])
    assert not set(cache["all.adminpath"]) & set(origin["all.adminpath"])


def test_only_offered_caches_get_files() -> None:
    assert {path.split("/")[1] for path in rendered(BNL)} == {"xrootd03"}
    assert XCache().applies(facility(BNL))
    assert not XCache().applies(facility(BNL.replace("name: xrootd03\n      stance: promised", "name: xrootd03")))
    assert not XCache().applies(facility())


def test_text_of_the_spec_stays_in_comments() -> None:
    head = "afspec: 1\nname: toy\ntitle: 'all.export / $(touch pwned)'\ndeclared_by: site\n"
    for artifact in XCache().render(facility(SLAC, head)):
        assert all(line.startswith("#") for line in artifact.text.splitlines() if "pwned" in line)


def test_same_bytes_every_time() -> None:
    assert rendered(BNL) == rendered(BNL)
