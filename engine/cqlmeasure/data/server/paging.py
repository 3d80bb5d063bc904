"""Searches that come in pages: Bundles of type searchset, followed by their ``next`` links.

Always holds: every page is a Bundle with resources, or the search is a fault; pages come to an end (loops are found,
their number is bounded); what a server says beside the results is a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from cqlmeasure.data.server.answers import Json, Request, ServerError, outcome_text
from cqlmeasure.data.server.client import Client
from cqlmeasure.errors import Diagnostic, Severity

#: Whether a resource is one that the search asks for.
Belongs = Callable[[Json], bool]


class LinkIgnored(Exception):
    """The results are not limited to the patients that were asked for: the server passes the parameter over."""


class Page(msgspec.Struct, frozen=True):
    """The resources of a page: those that were searched, and those that came with them."""

    matches: tuple[Json, ...]
    included: tuple[Json, ...]
    warnings: tuple[Diagnostic, ...]
    total: int | None


class Found(msgspec.Struct, frozen=True):
    """All resources of a search, in the order of the server."""

    resources: tuple[Json, ...]
    warnings: tuple[Diagnostic, ...] = ()


def search(client: Client, request: Request, belongs: Belongs | None = None) -> Found:
    """All pages of a search as one.  ``LinkIgnored`` if it finds what does not belong to it."""
    resources: list[Json] = []
    warnings: list[Diagnostic] = []
    matched, total = 0, None
    for page in pages(client, request):
        if belongs is not None and not all(map(belongs, page.matches)):
            raise LinkIgnored
        resources += (*page.matches, *page.included)
        warnings += page.warnings
        matched += len(page.matches)
        total = page.total if total is None else total
    if total is not None and matched < total:
        text = f"the server counts {total} results and gives {matched}"
        warnings.append(warning("server-outcome", text, request))
    return Found(tuple(resources), tuple(warnings))


def pages(client: Client, request: Request) -> Iterator[Page]:
    """The pages of a search, one after the other."""
    seen: set[str] = set()
    following: Request | None = request
    while following is not None:
        if following.form is None:
            if following.url in seen:
                raise _endless(following, "the pages of the search go round in a circle")
            seen.add(following.url)
        if len(seen) > client.limits.pages:
            raise _endless(request, f"the search has more than {client.limits.pages} pages")
        bundle = client.ask(following)
        yield _page(bundle, following)
        link = _next(bundle)
        following = client.linked(following, link) if link is not None else None


def warning(code: str, text: str, request: Request) -> Diagnostic:
    """A warning about a search."""
    return Diagnostic(code=code, message=text, severity=Severity.WARNING, file=request.shown)


def _page(bundle: Json, request: Request) -> Page:
    entries = bundle.get("entry")
    if bundle["resourceType"] != "Bundle" or not isinstance(entries, list | None):
        raise ServerError(
            f"the answer is no Bundle of results, but a {bundle['resourceType']}"
            if bundle["resourceType"] != "Bundle"
            else "the answer is no FHIR: Bundle.entry is no list",
            code="server-answer",
            request=request,
        )
    matches: list[Json] = []
    included: list[Json] = []
    warnings: list[Diagnostic] = []
    for number, entry in enumerate(entries or ()):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            raise ServerError(
                f"the answer is no FHIR: entry {number} has no resource", code="server-answer", request=request
            )
        about = entry.get("search")
        mode = about.get("mode") if isinstance(about, dict) else None
        if mode == "outcome" or resource["resourceType"] == "OperationOutcome":
            warnings.append(warning("server-outcome", f"the server says: {outcome_text(resource)}", request))
        elif mode == "include":
            included.append(resource)
        else:
            matches.append(resource)
    total = bundle.get("total")
    counted = total if isinstance(total, int) else None
    return Page(tuple(matches), tuple(included), tuple(warnings), counted)


def _next(bundle: Json) -> str | None:
    links: Any = bundle.get("link")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("relation") == "next" and isinstance(link.get("url"), str):
            return str(link["url"])
    return None


def _endless(request: Request, text: str) -> ServerError:
    return ServerError(text, code="server-paging", request=request)
