"""The commands of `afspec twin`: they parse, call and print."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afspec.twin.needs import Need
    from afspec.twins import Found, Running

EXIT_AILING = 5
EXIT_CANNOT = 6
EXIT_INTERRUPTED = 130
_LATER = "Try again when it is done."
_NAME = click.argument("site")


def _fail(message: str, hint: str = "", code: int = EXIT_CANNOT) -> NoReturn:
    click.echo(f"error: {message}" + (f"\n   = {hint}" if hint else ""), err=True)
    sys.exit(code)


def _find(site: str) -> Found:
    from afspec.diagnostics import AfspecError, render_text  # noqa: PLC0415 - keeps --help fast
    from afspec.twins import find  # noqa: PLC0415

    try:
        return find(site)
    except AfspecError as error:
        for diagnostic in error.diagnostics:
            click.echo(render_text(diagnostic, {}, colour=False), err=True)
        sys.exit(1)


@click.group()
def twin() -> None:
    """A facility in miniature on this machine: real engines, started from the compiled files.

    SITE is a name under specs/twin/ (local, slac, slac-2023, bnl), or the path of any spec.

    \b
      afspec twin doctor slac          what is missing here, and which command installs it
      afspec twin up slac              start it
      afspec twin status slac          is it well? where is everything?
      afspec twin shell slac           be a user of it
      afspec twin down slac            leave nothing behind

    `local` needs neither root nor anything beyond PyPI. The others need root: they run in namespaces of their
    own, with a private network in which hosts have their real names; nothing of it is seen outside.

    Exit codes: 0 all is well, 1 a spec has errors, 2 wrong usage, 5 an engine is not well, 6 it cannot be done.
    """


@twin.command()
@_NAME
@click.option("--json", "as_json", is_flag=True, help="Print the status as JSON when it is up.")
@click.option("--keep", is_flag=True, help="When an engine does not start, leave the rest running to look at.")
@click.option("--no-verify", is_flag=True, help="Start it whatever tools say of its compiled files.")
def up(site: str, *, as_json: bool, keep: bool, no_verify: bool) -> None:
    """Start a twin, or what is not well of one that is up; a twin that is well is left alone.

    Its compiled files are verified first, by tools that are here and execute nothing of them (`afspec verify --help`).
    """
    from afspec.twins import missing_of  # noqa: PLC0415

    found = _find(site)
    name = found.facility.name
    if missing := missing_of(found):
        for need in missing:
            click.echo(f"missing: {need.title}: {need.missing()}", err=True)
        _fail(f"{name} cannot start yet", f"`afspec twin doctor {site}` says how to install what is missing.")
    if not no_verify:
        _refuse_what_tools_refuse(found)
    running, worked = _bring_up(found, keep=keep)
    for engine, reason in running.state.left_out.items():
        click.echo(f"note: {engine} stays out: {reason}", err=True)
    if running.differs_from(found):
        click.echo(f"note: the spec has changed since {name} came up; to try it: down, then up", err=True)
    if as_json:
        _print_status(name, as_json=True)
    else:
        click.echo(f"{name} is up" + ("" if worked else " already") + f"; `afspec twin status {name}` says where it is")


def _refuse_what_tools_refuse(found: Found) -> None:
    """End the command where a tool finds something in the compiled files."""
    from afspec.cli.verify import Progress, interruptible, refusal  # noqa: PLC0415
    from afspec.twins import verified  # noqa: PLC0415

    name = found.facility.name
    with interruptible(), Progress(sys.stderr, name) as progress:
        report = verified(found, progress)
    if report.diagnostics():
        refusal(report)
        _fail(f"{name} was not started: tools refuse its compiled files", "--no-verify starts it all the same.")


def _bring_up(found: Found, *, keep: bool) -> tuple[Running, bool]:
    """Bring it up; what does not come up is taken down again, unless it is to be kept, and the command ends."""
    from afspec.twin.progress import Progress  # noqa: PLC0415
    from afspec.twin.room import RoomError  # noqa: PLC0415
    from afspec.twin.start import EngineError  # noqa: PLC0415
    from afspec.twins import down as take_down  # noqa: PLC0415
    from afspec.twins import up as bring_up  # noqa: PLC0415

    name = found.facility.name
    try:
        with Progress(sys.stderr) as progress:
            return bring_up(found, progress)
    except BlockingIOError:
        _fail(f"another command is bringing {name} up or down", _LATER)
    except (EngineError, RoomError) as error:
        if isinstance(error, EngineError) and (tail := error.tail()):
            click.echo(f"--- {error.log} ends with\n{tail}\n---", err=True)
        reason, code = str(error), EXIT_AILING
    except KeyboardInterrupt:
        reason, code = "interrupted", EXIT_INTERRUPTED
    if not keep:
        take_down(name)
    kept = f"It is kept: `afspec twin down {name}` takes it down." if keep else "It was taken down (see --keep)."
    _fail(reason, kept, code)


@twin.command()
@click.argument("site", required=False)
@click.option("--all", "everything", is_flag=True, help="Every twin of yours on this machine.")
def down(site: str | None, *, everything: bool) -> None:
    """Stop a twin and remove all of it: processes, mounts, users, files."""
    from afspec.twin.room import RoomError  # noqa: PLC0415
    from afspec.twins import down as take_down  # noqa: PLC0415
    from afspec.twins import everything as all_twins  # noqa: PLC0415

    if bool(site) == everything:
        raise click.UsageError("name a SITE, or say --all")
    for name in list(all_twins()) if everything else [_twin_name(site or "")]:
        try:
            there = take_down(name)
        except BlockingIOError:
            _fail(f"another command is bringing {name} up or down", _LATER)
        except RoomError as error:
            _fail(str(error))
        click.echo(f"{name} is down" if there else f"{name} is not up")


@twin.command()
@click.argument("site", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON: every URL, port, process and health.")
def status(site: str | None, *, as_json: bool) -> None:
    """What runs where, and whether it is well; without SITE all twins. Exit code 5 if something is not."""
    _print_status(_twin_name(site) if site else None, as_json=as_json)


def _print_status(name: str | None, *, as_json: bool) -> None:
    from afspec.twin.status import describe, status_of  # noqa: PLC0415
    from afspec.twins import attach, everything  # noqa: PLC0415

    names = [name] if name else list(everything())
    found = []
    for each in names:
        running = attach(each)
        hosts = running.state.hosts if running else {}
        found.append(status_of(each, running.twin if running else None, running.engines if running else [], hosts))
    if as_json:
        data = [status.as_data() for status in found]
        click.echo(json.dumps(data[0] if name else data, indent=2))
    else:
        colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        click.echo("\n".join(describe(status, colour=colour) for status in found) or "no twin is up")
    sys.exit(0 if all(status.well for status in found) else EXIT_AILING)


@twin.command()
@_NAME
@click.argument("daemon", required=False)
@click.option("-n", "--lines", default=30, show_default=True, help="How many of the last lines.")
@click.option("-f", "--follow", is_flag=True, help="Go on as lines are written.")
def logs(site: str, daemon: str | None, lines: int, *, follow: bool) -> None:
    """What the daemons wrote; without DAEMON the names of the logs."""
    from afspec.twin.state import twins_folder  # noqa: PLC0415

    name = _twin_name(site)
    folder = twins_folder() / name / "logs"
    found = {path.stem: path for path in sorted(folder.glob("*.log"))} if folder.is_dir() else {}
    if not found:
        _fail(f"{name} has no logs", f"Is it up? `afspec twin status {name}`")
    if daemon is None:
        for log, path in found.items():
            click.echo(f"{log:<24} {path.stat().st_size:>9} bytes  {path}")
        return
    if daemon not in found:
        _fail(f"{name} has no log called {daemon}", f"There are: {', '.join(found)}.", 2)
    command = ["tail", f"--lines={lines}", *(["--follow=name"] if follow else []), str(found[daemon])]
    sys.stdout.flush()
    os.execvp(command[0], command)  # noqa: S606 - a pager's work


@twin.command(context_settings={"ignore_unknown_options": True})
@_NAME
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.option("-u", "--user", default="alice", show_default=True, help="Who to be: alice, bob, or root.")
@click.option("--outside", is_flag=True, help="On a laptop of the user's: only what is public can be reached.")
def shell(site: str, command: Sequence[str], user: str, *, outside: bool) -> None:
    """Be a user of the facility: a shell on it, or one COMMAND (put -- before it)."""
    from afspec.twins import attach  # noqa: PLC0415

    name = _twin_name(site)
    running = attach(name)
    if running is None:
        _fail(f"{name} is not up", f"`afspec twin up {name}` starts it.")
    room = running.twin.room
    wanted = list(command) or ["bash", "--login"]
    if not command and sys.stdin.isatty():
        wanted = ["script", "--quiet", "--return", "--command", "bash --login", "/dev/null"]
    try:
        environment = room.environment(user) | {"TERM": os.environ.get("TERM", "dumb")}
        argv = room.command(wanted, user=user, outside=outside)
    except KeyError:
        _fail(f"{name} has no user {user}", f"There are: {', '.join(u.name for u in running.twin.users)}.", 2)
    sys.stdout.flush()
    os.execvpe(argv[0], argv, environment)  # noqa: S606 - the point of it


@twin.command()
@click.argument("sites", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def doctor(sites: Sequence[str], *, as_json: bool) -> None:
    """What each twin needs on this machine, what is missing, and which command installs it."""
    from afspec.twins import known  # noqa: PLC0415

    rows = [Row.of(site, need) for site in sites or known() for need in _needs(site)]
    if as_json:
        click.echo(json.dumps([row._asdict() for row in rows], indent=2))
    else:
        for site in dict.fromkeys(row.site for row in rows):
            mine = [row for row in rows if row.site == site]
            word = "can start" if all(row.present or row.stays_out for row in mine) else "cannot start yet"
            click.echo(f"{site}: {word}")
            for row in mine:
                click.echo(row.text())
    sys.exit(0 if all(row.present or row.stays_out for row in rows) else EXIT_CANNOT)


class Row(NamedTuple):
    """What a twin needs, and whether it is there; `stays_out` are the engines that it runs without otherwise."""

    site: str
    need: str
    present: bool
    missing: str
    command: str
    stays_out: tuple[str, ...]

    @classmethod
    def of(cls, site: str, need: Need) -> Row:
        """Ask whether it is there."""
        out = need.serves if not need.present() and need.obstacle() else ()
        return cls(site, need.title, need.present(), need.missing(), need.command, out)

    def text(self) -> str:
        """For a person."""
        if self.present:
            return f"  ok      {self.need}"
        if self.stays_out:
            return f"  out     {self.need}: {self.missing}; {' and '.join(self.stays_out)} stay out, the rest works"
        return f"  missing {self.need}: {self.missing}\n          to install it: {self.command}"


@twin.command()
@click.argument("sites", nargs=-1)
def install(sites: Sequence[str]) -> None:
    """Install what twins need, into your cache folder; what is there stays.

    Without SITES: for all twins that can be had on this machine; what cannot is named, and passed over.
    """
    from afspec.twins import known  # noqa: PLC0415

    done = set()
    for site in sites or known():
        for need in _needs(site):
            if need.title in done:
                continue
            done.add(need.title)
            if need.present():
                click.echo(f"{need.title}: is there")
                continue
            if (reason := need.obstacle()) and (need.serves or not sites):
                click.echo(f"{need.title}: stays out: {reason}")
                continue
            click.echo(f"{need.title}: installing")
            try:
                need.install(lambda line: click.echo(f"  {line}"))
            except Exception as error:  # noqa: BLE001 - whatever an installer meets, the others are not tried after it
                _fail(f"{need.title}: {error}", need.command)


def _needs(site: str) -> list[Need]:
    return _find(site).needs


def _twin_name(site: str) -> str:
    """The twin that a user means: by its name, or by the spec that it is made of."""
    from afspec.twin.state import names  # noqa: PLC0415

    return site if site in names() or "/" not in site else _find(site).facility.name
