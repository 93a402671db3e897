"""Errors that may pass are told from those that last."""

from __future__ import annotations

import errno

import aiohttp
import pytest
from fsspec.exceptions import FSTimeoutError
from yarl import URL

from afspec.agc.events.trouble import is_remote, is_transient, missing, told

ROOT = "root://door.example.org//store/a.root"
WEB = "https://door.example.org/a.root"


def response(status: int) -> aiohttp.ClientResponseError:
    info = aiohttp.RequestInfo(URL(WEB), "GET", {}, URL(WEB))  # type: ignore[arg-type]
    return aiohttp.ClientResponseError(info, (), status=status)


@pytest.mark.parametrize(
    ("error", "file", "transient"),
    [
        (FileNotFoundError(errno.ENOENT, "no such file"), "a.root", False),
        (PermissionError(errno.EACCES, "denied"), "a.root", False),
        (OSError(errno.EIO, "input/output error"), "a.root", True),
        (OSError(errno.ESTALE, "stale file handle"), "a.root", True),
        (OSError(errno.EINVAL, "invalid"), "a.root", False),
        (OSError("no number"), "a.root", False),
        (OSError("Failed to open file: [FATAL] Connection error"), ROOT, True),
        (OSError("Failed to open file: [ERROR] Operation expired"), ROOT, True),
        (OSError("Failed to open file: [ERROR] Server responded with an error: [3011] No such file"), ROOT, False),
        (OSError("Failed to open file: [ERROR] Server responded with an error: [3010] not allowed"), ROOT, False),
        (OSError("Failed to open file: [ERROR] Server responded with an error: [3007] I/O error"), ROOT, True),
        (ConnectionRefusedError(), WEB, True),
        (ConnectionResetError(), WEB, True),
        (FSTimeoutError(), WEB, True),
        (TimeoutError(), ROOT, True),
        (aiohttp.ClientPayloadError("too short"), WEB, True),
        (aiohttp.ServerDisconnectedError(), WEB, True),
        (aiohttp.InvalidURL("https://"), WEB, False),
        (response(503), WEB, True),
        (response(429), WEB, True),
        (response(403), WEB, False),
        (response(404), WEB, False),
        (ValueError("not a ROOT file"), WEB, False),
    ],
    ids=lambda each: repr(each)[:60] if isinstance(each, Exception) else None,
)
def test_what_may_pass_is_told_from_what_lasts(error: Exception, file: str, *, transient: bool) -> None:
    assert is_transient(error, file) is transient
    assert told(error, file).transient is transient


def test_only_the_first_line_of_a_long_message_is_kept() -> None:
    text = str(told(ValueError("it is broken:\n\na page\nof help"), "a.root", branch="Jet_pt", entry=7))
    assert text == "a.root, branch Jet_pt, entry 7: it cannot be read: it is broken"


def test_a_missing_file_on_a_server_is_said_in_the_same_words() -> None:
    error = told(OSError("Server responded with an error: [3011] No such file or directory"), ROOT)
    assert str(error) == f"{ROOT}: there is no such file. Check the file list"


def test_one_missing_branch_is_the_errors_branch() -> None:
    assert missing(["Jet_pt"], ["Jet_eta"], "a.root", "Events").branch == "Jet_pt"
    assert missing(["Jet_pt", "Jet_mass"], [], "a.root", "Events").branch == ""


@pytest.mark.parametrize(
    ("file", "remote"),
    [("a.root", False), ("/data/a.root", False), ("file:///data/a.root", False), (ROOT, True), (WEB, True)],
)
def test_addresses_are_told_from_paths(file: str, *, remote: bool) -> None:
    assert is_remote(file) is remote
