"""A user's browser, as far as a JupyterHub needs one: run inside a room by the Python of the hub's environment.

    hub_client.py URL USER [--idp ENTITY_ID] [--any-idp] COMMAND ...

Every command but `api` signs in first, with cookies and forms; the password is in AF_PASSWORD. `api` asks with the
token in AF_TOKEN instead. What came of it is one line of JSON on standard output.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
import uuid
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import requests
import websocket

SECONDS = 10
PATIENCE = 100


class Form(HTMLParser):
    """The forms of a page: action, and the values of their fields."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((values.get("action", ""), {}))
        elif self.forms:
            fields = self.forms[-1][1]
            if tag == "input":
                fields[values.get("name", "")] = values.get("value", "")
            elif tag == "select":
                self._select = values.get("name", "")
            elif tag == "option":
                fields.setdefault(self._select, values.get("value", ""))


class RefusedError(Exception):
    """The hub or its issuer does not let the user in."""

    def __init__(self, response: requests.Response) -> None:
        text = re.sub(r"\s+", " ", re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", response.text, flags=re.DOTALL))
        super().__init__(f"{response.status_code} {text[:1500]}")
        self.status = response.status_code


class Browser:
    """A session with a hub."""

    def __init__(self, hub: str, user: str) -> None:
        self.hub = hub.rstrip("/")
        self.user = self.owner = user
        self.web = requests.Session()
        self.web.trust_env = False
        self.web.verify = os.environ.get("SSL_CERT_FILE") or True

    def sign_in(self, idp: str, *, any_idp: bool) -> None:
        """Follow the hub's button to its issuer, sign in there, and come back.

        With `any_idp` the user takes the list of accepted identity providers out of the address, as anybody can.
        """
        front = self._get(f"{self.hub}/hub/login")
        button = re.search(r"""href=['"]([^'"]*oauth_login[^'"]*)""", front.text)
        if button is None:
            raise RefusedError(front)
        leave = self.web.get(
            urljoin(front.url, button[1].replace("&amp;", "&")), allow_redirects=False, timeout=SECONDS
        )
        target = urlsplit(leave.headers["Location"])
        query = [(name, value) for name, value in parse_qsl(target.query) if not (any_idp and name == "selected_idp")]
        page = self._get(urlunsplit(target._replace(query=urlencode(query))))
        # The issuer of a room without walls asks for a subject only.
        name = next(name for name in ("user", "sub") if any(name in fields for _, fields in Form(page.text).forms))
        given = {name: self.user}
        if name == "user":
            given |= {"password": os.environ["AF_PASSWORD"]} | ({"idp": idp} if idp else {})
        back = self._submit(page, name, given)
        if not back.ok or not ("/hub/" in back.url or "/user/" in back.url):
            raise RefusedError(back)

    def start(self, profile: str) -> None:
        """Start the user's server, with a choice where the hub offers any, and wait until it is there."""
        page = self._get(f"{self.hub}/hub/spawn/{self.user}")
        forms = [fields for _, fields in Form(page.text).forms if "profile" in fields]
        if forms:
            page = self._submit(page, "profile", {"profile": profile} if profile else {})
            if not page.ok:
                raise RefusedError(page)
        self._await_ready()

    def _await_ready(self) -> None:
        """Read the events that the hub's page of progress shows."""
        address = f"{self.hub}/hub/api/users/{self.user}/server/progress"
        events = self.web.get(address, params={"_xsrf": self._xsrf("/hub/")}, stream=True, timeout=PATIENCE)
        if not events.ok:
            raise RefusedError(events)
        for line in events.iter_lines():
            event = json.loads(line[5:]) if line.startswith(b"data:") else {}
            if event.get("failed"):
                raise RuntimeError(f"the server did not start: {event}")
            if event.get("ready"):
                return
        raise RuntimeError("the hub never said that the server is ready")

    def stop(self) -> None:
        """Stop the server, as the button on the hub's page does, and wait until it is gone."""
        self._get(f"{self.hub}/hub/home")
        address = f"{self.hub}/hub/api/users/{self.user}/server"
        deadline = time.monotonic() + PATIENCE
        while True:
            done = self.web.delete(address, headers=self._headers("/hub/"), timeout=SECONDS * 3)
            # 202: it is on its way; 204: it is gone, as it is for a hub that says 400 or 404.
            if done.status_code in {204, 400, 404}:
                return
            if done.status_code != 202 or time.monotonic() > deadline:
                raise RefusedError(done)
            time.sleep(0.5)

    def kernel(self) -> str:
        """Open the server's page, and start a kernel; the result is its id."""
        made = self.web.post(
            f"{self._server}/api/kernels",
            json={"name": "python3"},
            headers=self._headers(self._path),
            timeout=SECONDS * 3,
        )
        if not made.ok:
            raise RefusedError(made)
        return str(made.json()["id"])

    def open_server(self, owner: str) -> None:
        """Open the page of a user's server, which sends the browser to the hub and back."""
        self.owner = owner
        page = self._get(f"{self._server}/lab")
        if not page.ok or "/hub/" in urlsplit(page.url).path:
            raise RefusedError(page)

    def execute(self, kernel: str, code: str) -> str:
        """Run code in a kernel over its websocket; the result is what it printed (Jupyter messaging, 5.3)."""
        address = f"{self._server}/api/kernels/{kernel}/channels?_xsrf={self._xsrf(self._path)}"
        cookies = self.web.cookies.get_dict()
        jar = requests.cookies.get_cookie_header(self.web.cookies, requests.Request("GET", address).prepare())
        socket = websocket.create_connection(
            re.sub("^http", "ws", address),
            cookie=jar or "; ".join(f"{name}={value}" for name, value in cookies.items()),
            origin="{0.scheme}://{0.netloc}".format(urlsplit(self.hub)),
            timeout=PATIENCE,
            sslopt={"ca_certs": os.environ["SSL_CERT_FILE"]} if address.startswith("https") else {},
        )
        try:
            return self._converse(socket, code)
        finally:
            socket.close()

    def _converse(self, socket: Any, code: str) -> str:
        request = uuid.uuid4().hex
        header = {"msg_id": request, "msg_type": "execute_request", "session": uuid.uuid4().hex}
        header |= {"username": self.user, "version": "5.3", "date": ""}
        content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        socket.send(json.dumps(message | {"buffers": []}))
        printed = ""
        while True:
            answer = json.loads(socket.recv())
            if answer.get("parent_header", {}).get("msg_id") != request:
                continue
            if answer["msg_type"] == "stream":
                printed += answer["content"]["text"]
            elif answer["msg_type"] == "error":
                raise RuntimeError("\n".join(answer["content"]["traceback"]))
            elif answer["msg_type"] == "status" and answer["content"]["execution_state"] == "idle":
                return printed

    @property
    def _path(self) -> str:
        return f"{urlsplit(self.hub).path}/user/{self.owner}/"

    @property
    def _server(self) -> str:
        return f"{self.hub}/user/{self.owner}"

    def _get(self, address: str) -> requests.Response:
        return self.web.get(address, timeout=SECONDS * 3)

    def _submit(self, page: requests.Response, field: str, given: dict[str, str]) -> requests.Response:
        """Send the first form of a page that has a field."""
        action, fields = next(form for form in Form(page.text).forms if field in form[1])
        data = {name: value for name, value in (fields | given).items() if name}
        return self.web.post(urljoin(page.url, action.replace("&amp;", "&")), data=data, timeout=SECONDS * 3)

    def _xsrf(self, path: str) -> str:
        """The token that a page below a path would send along."""
        found = [cookie for cookie in self.web.cookies if cookie.name == "_xsrf" and cookie.path.endswith(path)]
        return str(found[-1].value) if found else ""

    def _headers(self, path: str) -> dict[str, str]:
        return {"X-XSRFToken": self._xsrf(path), "Referer": f"{self.hub}/"}


def ask(hub: str, method: str, path: str, body: str) -> dict[str, Any]:
    """What the hub's REST API says to a token."""
    headers = {"Authorization": f"token {os.environ['AF_TOKEN']}"}
    verify = os.environ.get("SSL_CERT_FILE") or True
    address = f"{hub.rstrip('/')}/hub/api{path}"
    said = requests.request(method, address, headers=headers, data=body or None, timeout=SECONDS * 3, verify=verify)
    return {"status": said.status_code, "body": said.text[:2000]}


def act(browser: Browser, args: argparse.Namespace) -> dict[str, Any]:
    """Do what is asked, once signed in."""
    if args.command == "enter":
        home = browser._get(f"{browser.hub}/hub/home")
        return {"home": home.url, "ok": home.ok}
    if args.command == "start":
        browser.start(args.profile)
        return {"started": True}
    if args.command == "stop":
        browser.stop()
        return {"stopped": True}
    browser.open_server(args.owner or browser.user)
    kernel = args.kernel or browser.kernel()
    return {"kernel": kernel, "printed": browser.execute(kernel, args.code)}


def main() -> None:
    """Sign in, do one thing, and say what came of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("hub")
    parser.add_argument("user")
    parser.add_argument("--idp", default="")
    parser.add_argument("--any-idp", action="store_true")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("enter")
    commands.add_parser("start").add_argument("--profile", default="")
    run = commands.add_parser("run")
    run.add_argument("code")
    run.add_argument("--kernel", default="")
    run.add_argument("--owner", default="")
    commands.add_parser("stop")
    api = commands.add_parser("api")
    api.add_argument("method")
    api.add_argument("path")
    api.add_argument("--body", default="")
    args = parser.parse_args()
    if args.command == "api":
        sys.stdout.write(json.dumps(ask(args.hub, args.method, args.path, args.body)))
        return
    browser = Browser(args.hub, args.user)
    try:
        browser.sign_in(args.idp, any_idp=args.any_idp)
        said = act(browser, args)
    except RefusedError as refused:
        said = {"refused": refused.status, "why": str(refused)}
    except requests.ConnectionError as error:
        said = {"unreachable": str(error)}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
