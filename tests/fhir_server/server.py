"""The process: FHIR searches over HTTP on loopback, with a log of what was asked and faults on order.

``python -m fhir_server.server`` prints its port.  ``PUT /control`` with ``{"resources": ..., "options": ...,
"faults": ...}`` sets it up anew; ``GET /control`` gives the log: method, path, parameters and token of each request.

Options: ``capability`` (false: none), ``types`` (what it has; default all), ``refused`` (``Type.parameter`` that are
400), ``unlisted`` (not in its statement), ``ignored`` (passed over), ``in`` (true: searches by value set), ``post``
(false: none), ``token`` (else 401), ``links`` (``relative`` next links), ``outcome`` (text of an outcome entry).
Faults: ``{"match": text of path and parameters, "kind": ..., "times": n}``; kinds are the methods of ``Faults``.
"""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from fhir_server.matching import Json, Refused, codings, elements, matches
from fhir_server.parameters import PARAMETERS

Parameters = list[tuple[str, str]]
_SHAPING = ("_count", "_include", "_elements", "_offset", "_search")


class State:
    """What the server holds; replaced as a whole by ``PUT /control``."""

    def __init__(self, setup: Json) -> None:
        self.resources: dict[str, list[Json]] = {}
        for one in setup.get("resources", ()):
            assert "id" in one
            self.resources.setdefault(one["resourceType"], []).append(one)
        self.options: Json = setup.get("options", {})
        self.faults: list[Json] = [{"times": 1_000_000, **one} for one in setup.get("faults", ())]
        self.searches: list[Parameters] = []
        self.log: list[Json] = []
        self.lock = threading.Lock()

    def fault(self, text: str) -> str | None:
        """The kind of the next fault that is ordered for a request."""
        with self.lock:
            for one in self.faults:
                if one["times"] > 0 and one["match"] in text:
                    one["times"] -= 1
                    return str(one["kind"])
        return None

    def value_set(self, canonical: str) -> set[tuple[str, str]] | None:
        """The codes of a value set that the server has."""
        url, _, version = canonical.partition("|")
        for one in self.resources.get("ValueSet", ()):
            if one["url"] == url and version in ("", one.get("version")):
                return {pair for item in elements(one, "expansion.contains") for pair in codings(item)}
        return None

    def search(self, kind: str, parameters: Parameters) -> list[Json]:
        """All matches, in the order of the data."""
        options = self.options
        filters = []
        for name, value in parameters:
            bare = name.partition(":")[0]
            path = f"{kind}.{bare}"
            if name in _SHAPING or path in options.get("ignored", ()):
                continue
            if path in options.get("refused", ()) or (bare != "_id" and bare not in PARAMETERS[kind]):
                raise Refused(f"the parameter {name} is not known")
            if name.endswith(":in") and not options.get("in"):
                raise Refused("the modifier :in is not known")
            filters.append((name, value))
        found = self.resources.get(kind, [])
        return [one for one in found if all(matches(one, *each, self.value_set) for each in filters)]

    def included(self, found: list[Json], parameters: Parameters) -> list[Json]:
        """What ``_include`` adds to matches."""
        names: dict[str, None] = {}
        for name, value in parameters:
            if name == "_include":
                kind, _, parameter = value.partition(":")
                if parameter not in PARAMETERS[kind] or value in self.options.get("refused", ()):
                    raise Refused(f"there is no include {value}")
                paths = PARAMETERS[kind][parameter].paths
                items = (item for one in found for path in paths for item in elements(one, path))
                names.update(dict.fromkeys(item.get("reference", "") for item in items))
        everything = {f"{kind}/{one['id']}": one for kind, listed in self.resources.items() for one in listed}
        return [everything[name] for name in names if name in everything]

    def statement(self) -> Json:
        """The CapabilityStatement."""
        unlisted = self.options.get("unlisted", ())
        listed = [
            {
                "type": kind,
                "searchParam": [
                    {"name": name, "type": one.kind, "definition": f"http://example.org/SearchParameter/{kind}-{name}"}
                    for name, one in known.items()
                    if f"{kind}.{name}" not in unlisted
                ],
            }
            for kind, known in PARAMETERS.items()
            if kind in self.options.get("types", PARAMETERS)
        ]
        rest = [{"mode": "server", "resource": listed}]
        return {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": rest}


class Faults:
    """Ways to answer wrongly; each gets the handler and the Bundle that would have been right."""

    @staticmethod
    def unavailable(handler: Handler, bundle: Json) -> None:
        handler.answer(503, outcome("too busy"))

    @staticmethod
    def bad_gateway(handler: Handler, bundle: Json) -> None:
        handler.answer(502, b"<html>bad gateway</html>", "text/html")

    @staticmethod
    def busy(handler: Handler, bundle: Json) -> None:
        handler.answer(429, outcome("slow down"), headers={"Retry-After": "0"})

    @staticmethod
    def busy_for_long(handler: Handler, bundle: Json) -> None:
        handler.answer(429, outcome("slow down"), headers={"Retry-After": "86400"})

    @staticmethod
    def busy_until(handler: Handler, bundle: Json) -> None:
        handler.answer(503, outcome("slow down"), headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})

    @staticmethod
    def broken(handler: Handler, bundle: Json) -> None:
        handler.answer(500, outcome("the index is broken"))

    @staticmethod
    def forbidden(handler: Handler, bundle: Json) -> None:
        handler.answer(403, outcome("not for you"))

    @staticmethod
    def moved(handler: Handler, bundle: Json) -> None:
        handler.answer(302, b"", headers={"Location": "http://elsewhere.example.org/fhir"})

    @staticmethod
    def malformed(handler: Handler, bundle: Json) -> None:
        handler.answer(200, b'{"resourceType": "Bundle", "entry": [')

    @staticmethod
    def no_resource(handler: Handler, bundle: Json) -> None:
        handler.answer(200, {"resourceType": "Bundle", "type": "searchset", "entry": [{"fullUrl": "x"}]})

    @staticmethod
    def no_bundle(handler: Handler, bundle: Json) -> None:
        handler.answer(200, {"resourceType": "Patient", "id": "p"})

    @staticmethod
    def no_fhir(handler: Handler, bundle: Json) -> None:
        handler.answer(200, {"hello": 1})

    @staticmethod
    def only_outcome(handler: Handler, bundle: Json) -> None:
        handler.answer(200, outcome("no licence"))

    @staticmethod
    def html(handler: Handler, bundle: Json) -> None:
        handler.answer(200, b"<html>please log in</html>", "text/html")

    @staticmethod
    def truncated(handler: Handler, bundle: Json) -> None:
        body = json.dumps(bundle).encode()
        handler.answer(200, body[: len(body) // 2], headers={"Content-Length": str(len(body))})
        handler.close_connection = True

    @staticmethod
    def hangs(handler: Handler, bundle: Json) -> None:
        time.sleep(0.6)
        handler.close_connection = True

    @staticmethod
    def drips(handler: Handler, bundle: Json) -> None:
        body = json.dumps(bundle).encode()
        handler.answer(200, b"", headers={"Content-Length": str(len(body) + 1000)})
        for number in range(20):
            handler.wfile.write(body[number : number + 1] or b" ")
            handler.wfile.flush()
            time.sleep(0.05)
        handler.close_connection = True

    @staticmethod
    def huge(handler: Handler, bundle: Json) -> None:
        handler.answer(200, json.dumps({**bundle, "padding": "x" * 200_000}).encode())

    @staticmethod
    def loop(handler: Handler, bundle: Json) -> None:
        handler.answer(200, {**bundle, "link": [{"relation": "next", "url": handler.path}]})

    @staticmethod
    def endless(handler: Handler, bundle: Json) -> None:
        path = f"{handler.path}&_offset={time.monotonic_ns()}"
        handler.answer(200, {**bundle, "link": [{"relation": "next", "url": path}]})

    @staticmethod
    def foreign_next(handler: Handler, bundle: Json) -> None:
        link = {"relation": "next", "url": "http://elsewhere.example.org/fhir/Patient?page=2"}
        handler.answer(200, {**bundle, "link": [link]})

    @staticmethod
    def other_port(handler: Handler, bundle: Json) -> None:
        handler.answer(200, {**bundle, "link": [{"relation": "next", "url": "http://127.0.0.1:1/fhir/Patient"}]})

    @staticmethod
    def broken_link(handler: Handler, bundle: Json) -> None:
        handler.answer(200, {**bundle, "link": [{"relation": "next", "url": "http://[127.0.0.1:x/\u001b[31m"}]})

    @staticmethod
    def odd_outcome(handler: Handler, bundle: Json) -> None:
        handler.answer(403, {"resourceType": "OperationOutcome", "issue": 5})

    @staticmethod
    def odd_outcomes(handler: Handler, bundle: Json) -> None:
        issues = [7, {"details": 3}, {"details": {"text": "told in\u001b[31m red"}}, {"diagnostics": "x" * 5000}]
        handler.answer(403, {"resourceType": "OperationOutcome", "issue": issues})

    @staticmethod
    def odd_entries(handler: Handler, bundle: Json) -> None:
        handler.answer(200, {"resourceType": "Bundle", "entry": {"resource": 1}})

    @staticmethod
    def odd_resource(handler: Handler, bundle: Json) -> None:
        handler.answer(200, {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": ["Patient"]}}]})

    @staticmethod
    def a_list(handler: Handler, bundle: Json) -> None:
        handler.answer(200, b"[1, 2]")

    @staticmethod
    def odd_parts(handler: Handler, bundle: Json) -> None:
        entries = [{**one, "search": 5} for one in bundle["entry"]]
        odd = {"resource": {"resourceType": bundle["entry"][0]["resource"]["resourceType"], "id": ["x"]}}
        links = [3, {"relation": "next", "url": 5}, {"relation": "self"}]
        handler.answer(200, {**bundle, "entry": [*entries, odd], "link": links, "total": "many"})

    @staticmethod
    def fewer(handler: Handler, bundle: Json) -> None:
        handler.answer(200, {**bundle, "entry": bundle.get("entry", [])[:-1], "link": []})


def outcome(text: str) -> Json:
    """An OperationOutcome."""
    issue = [{"severity": "error", "code": "processing", "diagnostics": text}]
    return {"resourceType": "OperationOutcome", "issue": issue}


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    state = State({})

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing on standard error."""

    def do_PUT(self) -> None:
        Handler.state = State(json.loads(self.body()))
        self.answer(200, {"resourceType": "Basic"})

    def do_POST(self) -> None:
        form = self.body().decode()
        kind, _, last = urlsplit(self.path).path.removeprefix("/fhir/").partition("/")
        if last != "_search" or self.state.options.get("post") is False:
            self.noted(form)
            self.answer(405, outcome("no POST here"))
            return
        if self.headers.get("Content-Type") != "application/x-www-form-urlencoded":
            self.answer(415, outcome("this is no form"))
            return
        self.found(kind, form)

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/control":
            self.answer(200, json.dumps(self.state.log).encode())
            return
        kind, _, identity = url.path.removeprefix("/fhir/").partition("/")
        if identity or kind == "metadata":
            self.noted(url.query)
            self.one(kind, identity)
        else:
            self.found(kind, url.query)

    def one(self, kind: str, identity: str) -> None:
        """The answer to a read."""
        if self.unknown():
            return
        if kind == "metadata":
            stated = self.state.options.get("capability", True)
            self.answer(200 if stated else 404, self.state.statement() if stated else outcome("none"))
            return
        found = [one for one in self.state.resources.get(kind, ()) if one["id"] == identity]
        self.answer(200 if found else 404, found[0] if found else outcome("not there"))

    def found(self, kind: str, query: str) -> None:
        """The answer to a search."""
        parameters = self.noted(query)
        if self.unknown():
            return
        try:
            bundle = self.bundle(kind, parameters)
        except Refused as refused:
            self.answer(400, outcome(str(refused)))
            return
        fault = self.state.fault(unquote(f"{self.path} {query}"))
        if fault is not None:
            getattr(Faults, fault)(self, bundle)
        else:
            self.answer(200, bundle)

    def bundle(self, kind: str, parameters: Parameters) -> Json:
        """A page of results.  A next link is a number: what was searched is kept here, as real servers do."""
        state = self.state
        given = dict(parameters)
        offset = int(given.get("_offset", 0))
        if "_search" in given:
            parameters = state.searches[int(given["_search"])]
        if kind not in state.options.get("types", PARAMETERS) or kind not in PARAMETERS:
            raise Refused(f"the type {kind} is not known")
        found = state.search(kind, parameters)
        size = int(dict(parameters).get("_count", 50))
        size = min(size, state.options.get("page", size))
        page = found[offset : offset + size]
        entries: list[Json] = [{"resource": one, "search": {"mode": "match"}} for one in page]
        added = state.included(page, parameters)
        entries += [{"resource": one, "search": {"mode": "include"}} for one in added]
        if text := state.options.get("outcome"):
            entries.append({"resource": outcome(text), "search": {"mode": "outcome"}})
        links = []
        if offset + size < len(found):
            with state.lock:
                state.searches.append(parameters)
                number = len(state.searches) - 1
            path = f"/fhir/{quote(kind)}?_search={number}&_offset={offset + size}"
            base = "" if state.options.get("links") == "relative" else f"http://{self.headers['Host']}"
            links.append({"relation": "next", "url": f"{base}{path}"})
        return {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(found),
            "link": links,
            "entry": entries,
        }

    def noted(self, query: str) -> Parameters:
        """The parameters of a request, logged."""
        parameters = parse_qsl(query, keep_blank_values=True)
        token = self.headers.get("Authorization")
        with self.state.lock:
            self.state.log.append(
                {
                    "method": self.command,
                    "path": urlsplit(self.path).path.removeprefix("/fhir/"),
                    "parameters": parameters,
                    "length": len(self.path),
                    "token": token,
                    "headers": dict(self.headers),
                }
            )
        return parameters

    def unknown(self) -> bool:
        """Whether the asker has not the token; it is then told so."""
        token = self.state.options.get("token")
        refused = token is not None and self.headers.get("Authorization") != f"Bearer {token}"
        if refused:
            self.answer(401, outcome("who are you?"))
        return refused

    def body(self) -> bytes:
        """The body of the request."""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(
        self,
        status: int,
        body: Json | bytes,
        kind: str = "application/fhir+json; charset=utf-8",
        headers: dict[str, str] | None = None,
    ) -> None:
        """Sends an answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()


def main() -> None:
    """Serve until the process is ended."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
