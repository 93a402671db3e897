"""The static pages made of reports: the matrix, a page a site, a page a requirement, and the twins' pages apart.

They need no JavaScript and nothing from elsewhere. `render` is pure; only `write_pages` touches the disk.
"""

from afspec.report.html.folder import MARKER, write_pages
from afspec.report.html.pages import Annotation, Pages, PagesError, PastRun, Promised, SitePages, past
from afspec.report.html.render import render

__all__ = [
    "MARKER",
    "Annotation",
    "Pages",
    "PagesError",
    "PastRun",
    "Promised",
    "SitePages",
    "past",
    "render",
    "write_pages",
]
