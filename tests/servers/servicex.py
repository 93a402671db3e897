"""A ServiceX instance: the REST interface of servicex_app, and the object store that it delivers to.

Source: ssl-hep/ServiceX, servicex_app/servicex_app/{routes,decorators,models}.py and resources/; ssl-hep/
ServiceX_frontend, servicex/{servicex_adapter,models,minio_adapter}.py. Of its code generators one is played: func_adl
over flat ntuples (uproot), for selections that give named columns, as Parquet; the columns' values are made up, their
names are the request's.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from servers.parquet import parquet
from servers.s3 import ObjectStore
from servers.serving import Answer, Asked, Refusal, Served, as_json
from servers.web_tokens import Issuer, RefusedToken

if TYPE_CHECKING:
    from collections.abc import Sequence

CAPABILITIES = ("poll_local_transformation_results", "long_sample_titles_10240")
# How the columns of a func_adl query are written in Qastle: (dict (list 'a' 'b') (list ...)).
_COLUMNS = re.compile(r"^\(Select .*\(dict\s+\(list((?:\s+'[^']*')+)\)", re.DOTALL)
_DESTINATIONS, _FORMATS = ("object-store", "volume"), ("arrow", "parquet", "root-file")
_SCHEMES = ("rucio", "cernopendata", "xrootd")
_ACCESS_SECONDS = 6 * 3600
_ENDS = {"Complete", "Fatal", "Canceled", "Bad Dataset"}


def _now() -> dt.datetime:
    return dt.datetime.now(tz=dt.UTC)


def _stamp(when: dt.datetime | None) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if when else "None"


@dataclass
class Transformation:
    """One request of a user; it leaves a state when somebody has looked at it, so that each is seen."""

    id: str
    number: int
    asked: dict[str, Any]
    columns: tuple[str, ...]
    image: str
    submitted: dt.datetime = field(default_factory=_now)
    status: str = "Submitted"
    files: int = 0
    completed: int = 0
    failure: str | None = None
    finished: dt.datetime | None = None
    objects: dict[str, bytes] = field(default_factory=dict)

    def end(self, status: str, failure: str | None = None) -> None:
        self.status, self.failure, self.finished = status, failure, _now()

    def as_json(self) -> dict[str, Any]:
        paths = self.asked.get("file-list") or []
        return {
            "request_id": self.id,
            "title": self.asked.get("title"),
            "did": self.asked.get("did") or f"File list: {len(paths)} files",
            "did_id": self.number,
            "selection": self.asked["selection"],
            "tree-name": self.asked.get("tree-name"),
            "image": self.image,
            "workers": self.asked.get("workers", 1),
            "result-destination": self.asked["result-destination"],
            "result-format": self.asked.get("result-format", "arrow"),
            "generated-code-cm": f"{self.id}-generated-source",
            "status": self.status,
            "failure-info": self.failure,
            "app-version": "1.5.7",
            "code-gen-image": "sslhep/servicex_code_gen_func_adl_uproot:v1.5.7",
            "files": self.files,
            "files-completed": self.completed,
            "files-failed": 0,
            "files-remaining": self.files - self.completed if self.files else None,
            "submit-time": _stamp(self.submitted),
            "finish-time": _stamp(self.finished),
        }


class ServiceX(Served):
    """An instance with one user, and a refresh token for them.

    Faults: `open_to_all` (started without authentication), `no_refresh` (refresh tokens are not taken any more),
    `waits` (no transformation is started), `stuck` (never leaves Running), `fatal` (the transformer fails),
    `wrong_object` (other columns than were asked).
    """

    def __init__(
        self,
        *,
        code_generators: Sequence[str] = ("uproot", "xaod"),
        open_to_all: bool = False,
        no_refresh: bool = False,
        waits: bool = False,
        stuck: bool = False,
        fatal: bool = False,
        wrong_object: bool = False,
    ) -> None:
        super().__init__()
        self.code_generators = {name: f"sslhep/servicex_code_gen_{name}:v1.5.7" for name in code_generators}
        self.open_to_all, self.no_refresh = open_to_all, no_refresh
        self.waits = waits
        self.stuck, self.fatal, self.wrong_object = stuck, fatal, wrong_object
        self.transformations: dict[str, Transformation] = {}
        self.store = ObjectStore(uuid4().hex)
        self._issuer = Issuer()
        self.refresh_token = self._issuer.issue("alice", "refresh", None)

    def started(self) -> None:
        self.store.__enter__()

    def stopped(self) -> None:
        self.store.__exit__()

    def configuration(self) -> dict[str, Any]:
        """What a user's servicex.yaml has, as the web page gives it out."""
        entry = {"endpoint": self.url, "token": self.refresh_token}
        return {"api_endpoints": [{"name": name, **entry} for name in self.code_generators]}

    def answer(self, asked: Asked) -> Answer:
        try:
            match (asked.method, *asked.parts):
                case "POST", "token", "refresh":
                    return self._refresh(asked)
                case "GET", "servicex":
                    return as_json(self._info())
                case _, "servicex", "transformation", *rest:
                    self._authorize(asked)
                    return self._transformations(asked, *rest)
        except RefusedToken as refused:
            # auth_required words a missing token itself; the library says all else.
            return as_json({"message" if refused.status == 401 else "msg": refused.message}, refused.status)
        except Refusal as refusal:
            return as_json({"message": refusal.message}, refusal.status)
        return as_json({"message": "The requested URL was not found on the server."}, 404)

    def _info(self) -> dict[str, Any]:
        return {"app-version": "1.5.7", "code-gen-image": self.code_generators, "capabilities": list(CAPABILITIES)}

    def _refresh(self, asked: Asked) -> Answer:
        claims = self._issuer.claims(asked, "refresh")
        if self.no_refresh:
            raise Refusal("Invalid or outdated refresh token", 401)
        return as_json({"access_token": self._issuer.issue(claims["sub"], "access", _ACCESS_SECONDS)})

    def _authorize(self, asked: Asked) -> None:
        if not self.open_to_all:
            self._issuer.claims(asked, "access")

    def _transformations(self, asked: Asked, *rest: str) -> Answer:
        if not rest:
            if asked.method == "POST":
                return self._submit(asked.json())
            return as_json({"requests": [item.as_json() for item in self.transformations.values()]})
        found = self.transformations.get(rest[0])
        if not found:
            raise Refusal(f"Transformation request not found with id: {rest[0]}", 404)
        match (asked.method, *rest[1:]):
            case ["GET"]:
                return self._status(found)
            case "GET", "results":
                return as_json({"results": self._results(found)})
            case "GET", "cancel":
                if found.status in _ENDS:
                    raise Refusal(f"Transform request with id {found.id} is not in progress.", 400)
                found.end("Canceled")
                return as_json({"message": f"Canceled transformation request {found.id}"})
            case ["DELETE"]:
                del self.transformations[found.id]
                self.store.buckets.pop(found.id, None)
                return as_json({"message": f"Deleted transformation request {found.id}"})
        raise Refusal("The method is not allowed for the requested URL.", 405)

    def _submit(self, given: Any) -> Answer:
        if wrong := _malformed(given):
            raise Refusal(f"The json request was malformed: 400 Bad Request: {wrong}", 400)
        if given.get("codegen") not in self.code_generators:
            raise Refusal(f"Invalid Codegen Image Passed in Request: {given.get('codegen')}", 500)
        did, files = given.get("did"), given.get("file-list")
        if bool(did) == bool(files):
            raise Refusal("400 Bad Request: Must provide did or file-list but not both", 400)
        scheme = did.partition("://")[0] if did and "://" in did else "rucio"
        if scheme not in _SCHEMES:
            raise Refusal(f"400 Bad Request: DID scheme is not supported: {scheme}", 400)
        columns = _COLUMNS.match(given.get("selection") or "")
        if given["codegen"] != "uproot" or not columns:
            raise Refusal("Something went wrong (Failed to generate translation code)", 500)
        names = tuple(re.findall(r"'([^']*)'", columns[1]))
        image = given.get("image") or "sslhep/servicex_func_adl_uproot_transformer:uproot5"
        made = Transformation(str(uuid4()), len(self.transformations) + 1, given, names, image)
        self.transformations[made.id] = made
        if given["result-destination"] == "object-store":
            self.store.buckets[made.id] = {}
        return as_json({"request_id": made.id})

    def _status(self, found: Transformation) -> Answer:
        shown = found.as_json()
        if shown["result-destination"] == "object-store":
            shown |= {
                "minio-endpoint": self.store.address,
                "minio-secured": False,
                "minio-access-key": self.store.access_key,
                "minio-secret-key": self.store.secret_key,
            }
        self._go_on(found)
        return as_json({**shown, "log-url": f"{self.url}/logs"})

    def _go_on(self, found: Transformation) -> None:
        if self.waits:
            return
        if found.status == "Submitted":
            found.status = "Lookup" if found.asked.get("did") else "Running"
        elif found.status == "Lookup":
            if "nonexistent" in found.asked["did"]:
                found.end("Bad Dataset", "Dataset does not exist")
            else:
                found.status = "Running"
        elif found.status == "Running" and not self.stuck:
            found.files = len(found.asked.get("file-list") or ["one"])
            if self.fatal or found.asked.get("result-format") != "parquet":
                found.end("Fatal", "Transformer exited with code 1")
            else:
                self._deliver(found)
                found.completed = found.files
                found.end("Complete")

    def _deliver(self, found: Transformation) -> None:
        """One object for each file, under the file's path with the slashes taken out, as the sidecar names it."""
        column = "MET_pt" if self.wrong_object else found.columns[0]
        for path in found.asked.get("file-list") or [found.asked["did"]]:
            name = f"{re.sub(r'[/:]', '_', path)}.parquet"
            found.objects[name] = parquet(column, [12.5, 40.0, 7.25])
        self.store.buckets.setdefault(found.id, {}).update(found.objects)

    def _results(self, found: Transformation) -> list[dict[str, Any]]:
        return [
            {
                "id": number,
                "request-id": found.id,
                "file-path": path,
                "s3-object-name": name,
                "transform_status": "success",
                "total-events": 3,
                "total-bytes": len(found.objects[name]),
                "created_at": _now().isoformat(),
            }
            for number, (path, name) in enumerate(
                zip(found.asked.get("file-list") or [found.asked["did"]], found.objects, strict=False), start=1
            )
        ]


def _malformed(given: Any) -> str:
    """What is wrong with a request's form, as its parser says it; "" if nothing is."""
    if not isinstance(given, dict):
        return "The browser (or proxy) sent a request that this server could not understand."
    if "result-destination" not in given:
        return "{'result-destination': 'Missing required parameter in the JSON body'}"
    for key, choices in (("result-destination", _DESTINATIONS), ("result-format", _FORMATS)):
        if given.get(key, choices[0]) not in choices:
            return f"{{'{key}': '{given[key]} is not a valid choice'}}"
    return ""
