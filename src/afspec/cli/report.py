"""The commands of `afspec report`: they parse, call and print."""

from __future__ import annotations

import datetime as dt
import json
import sys
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from afspec.report.errors import ReportError

EXIT_REFUSED = 1
_FORMS = ("junit", "intoto", "nagios", "prometheus", "badge")
_folder = click.Path(path_type=Path)
_bundle = click.argument("bundle", type=_folder)
_json = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
_signers = click.option(
    "--allowed-signers",
    type=_folder,
    metavar="FILE",
    help='Who may sign for which site: lines `SITE namespaces="afspec-report" KEY` (ssh-keygen(1)).',
)


def _now() -> dt.datetime:
    # The one place that looks at the clock; everything below is told the moment.
    return dt.datetime.now(tz=dt.UTC).replace(microsecond=0)


@contextmanager
def _refusing() -> Iterator[None]:
    """What is wrong with a bundle, a spec or a file beside them ends the command with exit code 1."""
    from afspec.conformance.catalogue import CatalogueError  # noqa: PLC0415 - keeps --help fast
    from afspec.diagnostics import AfspecError, render_text  # noqa: PLC0415
    from afspec.report.errors import ReportError  # noqa: PLC0415

    try:
        yield
    except ReportError as error:
        _say(error)
        sys.exit(EXIT_REFUSED)
    except AfspecError as error:
        for diagnostic in error.diagnostics:
            click.echo(render_text(diagnostic, {}, colour=False), err=True)
        sys.exit(EXIT_REFUSED)
    except CatalogueError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(EXIT_REFUSED)


def _say(error: ReportError) -> None:
    click.echo(f"error: {error}" + (f"\n   = {error.next_step}" if error.next_step else ""), err=True)


@click.group()
def report() -> None:
    """Reports of conformance runs: look at them, verify and sign them, join them, publish them.

    A BUNDLE is the folder that a run writes: report.json, spec.json and the evidence. Nothing here asks a site.

    \b
      afspec report show BUNDLE                        what came of it, the worst first
      afspec report verify BUNDLE                      is it what it says? offline
      afspec report merge OUT MONDAY TUESDAY           one report of several runs
      afspec report sign OUT --key ~/.ssh/id_ed25519   put your name to it
      afspec report export OUT --format badge          for other tools
      afspec report html reports -o build/pages        the published matrix

    Exit codes: 0 all is well, 1 refused (compare: worse), 2 wrong usage.
    """


@report.command()
@_bundle
@click.option("--all", "everything", is_flag=True, help="Also what is verified, and what was not asked.")
@_signers
@_json
def show(bundle: Path, allowed_signers: Path | None, *, everything: bool, as_json: bool) -> None:
    """What came of a run: the word with its counts, each cause once, the worst first.

    It believes the report; `verify` does not.
    """
    from afspec.report.bundle import read  # noqa: PLC0415
    from afspec.report.ready import reported  # noqa: PLC0415
    from afspec.report.sign import signature_of  # noqa: PLC0415
    from afspec.report.summary import lines  # noqa: PLC0415

    with _refusing():
        found = read(bundle)
        signed = signature_of(found, allowed_signers)
        if as_json:
            click.echo(json.dumps(found.report.model_dump(mode="json"), indent=2))
            return
        told = reported(found.spec)
        for line in lines(found.report, _now(), signed.label, everything=everything, reported=told):
            click.echo(line)


@report.command()
@_bundle
@click.option("--spec", metavar="SPEC", help="The spec that it must be about (default: the site's, as installed).")
@_signers
@click.option("--require-signature", is_flag=True, help="Refuse what no allowed signer signed.")
@_json
def verify(
    bundle: Path, spec: str | None, allowed_signers: Path | None, *, require_signature: bool, as_json: bool
) -> None:
    """Whether a bundle is what it says, offline: form, digests, evidence, signature.

    What must be in it is computed again from the spec and the installed catalogue, every verdict and the word from the
    outcomes, and every outcome is held against its evidence. What was tampered with, trimmed, or made with another
    spec or catalogue is refused, with the reason.

    \b
      afspec report verify reports/sites/bnl --allowed-signers reports/allowed_signers --require-signature
    """
    from afspec.reports import verify as verified  # noqa: PLC0415

    if require_signature and allowed_signers is None:
        raise click.UsageError("--require-signature needs --allowed-signers: whose signature would do?")
    with _refusing():
        found = verified(bundle, _now(), spec=spec, signers=allowed_signers)
    refusals = list(found.refusals)
    if require_signature and not found.signed.there:
        refusals.append("it is unsigned")
    about = found.bundle.report
    if as_json:
        summary = about.summary.model_dump(mode="json")
        data = {"site": about.site, "environment": about.environment, "holds": not refusals, "refusals": refusals}
        click.echo(json.dumps(data | {"signature": found.signed.label, "signed": bool(found.signed.by), **summary}))
    else:
        for refusal in refusals:
            click.echo(f"refused: {refusal}", err=True)
        what = "twin of " if about.environment == "twin" else ""
        holds = "does not hold" if refusals else f"holds: {about.summary.word}"
        click.echo(f"{bundle}: the report of {what}{about.site} {holds}; {found.signed.label}")
    sys.exit(EXIT_REFUSED if refusals else 0)


@report.command()
@_bundle
@click.option("--key", type=_folder, required=True, help="A private key, or a public key that your agent holds.")
def sign(bundle: Path, key: Path) -> None:
    """Sign a bundle with an SSH key; the signature is put into it as report.json.sig.

    It is made by `ssh-keygen -Y sign -n afspec-report` over report.json, which has the digests of all else. A
    passphrase is asked for on the terminal.
    """
    from afspec.report.sign import sign as signed  # noqa: PLC0415
    from afspec.reports import sound  # noqa: PLC0415

    with _refusing():
        click.echo(f"wrote {signed(sound(bundle, _now()).bundle, key)}")


@report.command()
@click.argument("out", type=_folder)
@click.argument("bundles", type=_folder, nargs=-1, required=True, metavar="BUNDLE...")
def merge(out: Path, bundles: Sequence[Path]) -> None:
    """Join runs of other vantages, people and days into one report, written to OUT.

    They must be of one spec, catalogue and environment. For each check the newest result that was asked wins, whatever
    it says; what a run did not ask takes nothing away. The whole is no longer partial when nothing that counts was
    left out. Signatures are of the parts: sign the whole anew.

    \b
      afspec report merge reports/sites/bnl run-outside run-session
    """
    from afspec.report.bundle import write  # noqa: PLC0415
    from afspec.reports import merged  # noqa: PLC0415

    with _refusing():
        whole = merged(bundles, _now())
        write(out, whole.report, whole.spec, whole.evidence)
    runs = whole.report.runs
    partial = any(run.partial for run in runs)
    click.echo(
        f"wrote {out}: {whole.report.summary.word}, of {len(runs)} run{'s' * (len(runs) != 1)}"
        + ("; still partial: something that counts was not asked" if partial else "")
    )


@report.command()
@click.argument("old", type=_folder)
@click.argument("new", type=_folder)
@_json
def compare(old: Path, new: Path, *, as_json: bool) -> None:
    """What got better, worse, appeared or vanished from one bundle to another.

    Exit code 1 where the site's word fell, or something that counts got worse or vanished.
    """
    from afspec.report.bundle import read  # noqa: PLC0415
    from afspec.report.compare import compare as compared  # noqa: PLC0415

    with _refusing():
        found = compared(read(old).report, read(new).report)
    if as_json:
        click.echo(json.dumps(asdict(found) | {"worse": found.worse}, indent=2))
    else:
        for change in found.changes:
            click.echo(change.text)
        click.echo(f"{found.before} -> {found.after}" if found.before != found.after else f"{found.after}, as before")
    sys.exit(EXIT_REFUSED if found.worse else 0)


@report.command()
@click.argument("bundles", type=_folder, nargs=-1, required=True, metavar="BUNDLE...")
def rates(bundles: Sequence[Path]) -> None:
    """Rates of the AGC (AF-AGC-002) side by side, of one site or of several.

    Two are compared only where cores, cache state and the digests of dataset and software agree; else it says what
    differs.

    \b
      afspec report rates reports/sites/bnl reports/sites/slac
    """
    from afspec.report.bundle import read  # noqa: PLC0415
    from afspec.report.rates import lines, measured  # noqa: PLC0415

    with _refusing():
        found = [each for bundle in bundles for each in measured(read(bundle))]
    for line in lines(found):
        click.echo(line)
    if not found:
        click.echo("no rate was measured: AF-AGC-002 says why in each report")


@report.command()
@_bundle
@click.option("--history", type=_folder, required=True, metavar="DIR", help="Folder of records: SITE/DATE-RUN.json.")
def add(bundle: Path, history: Path) -> None:
    """Put the runs of a bundle on record, for the strips of the pages; what a run did not ask stays a gap."""
    from afspec.report.history import add as added  # noqa: PLC0415
    from afspec.reports import sound  # noqa: PLC0415

    with _refusing():
        written = added(history, sound(bundle, _now()).bundle.report)
    for path in written:
        click.echo(f"wrote {path}")
    if not written:
        click.echo("on record already")


@report.command()
@_bundle
@click.option("--format", "form", type=click.Choice(_FORMS), required=True, help="For whom.")
@click.option("-o", "--output", type=_folder, help="Write there instead of printing.")
@_signers
def export(bundle: Path, form: str, output: Path | None, allowed_signers: Path | None) -> None:
    """A report in the form of another tool.

    \b
      junit        CI servers: unverified is an error there, never a skip
      intoto       a test-result statement, to be signed
      nagios       one line, and the exit code 0, 1, 2 or 3 of a plugin
      prometheus   text for the textfile collector
      badge        SVG with the word, the counts and the date
    """
    from afspec.report.bundle import REPORT  # noqa: PLC0415
    from afspec.report.exports.form import Subject  # noqa: PLC0415
    from afspec.report.exports.registry import FORMS  # noqa: PLC0415
    from afspec.report.plain import sha256  # noqa: PLC0415
    from afspec.reports import sound  # noqa: PLC0415

    with _refusing():
        found = sound(bundle, _now(), allowed_signers)
        digest = sha256((bundle / REPORT).read_bytes())
        exported = FORMS[form](Subject(found.bundle.report, digest, found.signed.label, _now()))
    if output is None:
        click.echo(exported.text, nl=False)
    else:
        # Collectors read it while it is written: they see the old one or the new one.
        new = output.with_name(f".{output.name}.new")
        new.write_text(exported.text, encoding="utf-8")
        new.replace(output)
    sys.exit(exported.code)


@report.command()
@click.argument("reports", type=_folder)
@click.option("-o", "--output", type=_folder, required=True, help="Folder of the pages; it is replaced whole.")
@_signers
@click.option("--no-verify", is_flag=True, help="Take reports that do not hold here, as of an older catalogue.")
def html(reports: Path, output: Path, allowed_signers: Path | None, *, no_verify: bool) -> None:
    """Make the pages: the matrix of promise and proof, a page a site, a page a requirement; the twins' apart.

    REPORTS holds sites/NAME/ and twins/NAME/, each a bundle, and if there are any history/ and annotations/. Every
    bundle is verified first. The pages open from disk and need no JavaScript.
    """
    from afspec.report.html import write_pages  # noqa: PLC0415
    from afspec.reports import pages  # noqa: PLC0415

    with _refusing():
        count = write_pages(output, pages(reports, output, _now(), allowed_signers, unverified=no_verify))
    click.echo(f"wrote {count} pages to {output}")
