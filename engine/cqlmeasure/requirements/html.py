"""A page of HTML, whole and by itself, for requirements and for what was found of them in data."""

from __future__ import annotations

from html import escape

_STYLE = (
    "body{font-family:sans-serif;margin:2em;line-height:1.4}h1{font-size:1.5em}"
    "h2{font-size:1.1em;margin:1.6em 0 .3em;overflow-wrap:anywhere}table{border-collapse:collapse}"
    "td,th{padding:.1em .8em .1em 0;text-align:left;vertical-align:top;overflow-wrap:break-word}"
    "thead th{border-bottom:1px solid;overflow-wrap:normal}tbody th{font-weight:normal;width:24em}"
    ".number{text-align:right}.never,.never th{color:#b00020;font-weight:bold}.partly{color:#8a6100}.met{color:#1b6e2e}"
)


def html_page(title: str, body: str) -> str:
    """``title`` is text; ``body`` is markup, with its headings below the first level."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><main>\n<h1>{escape(title)}</h1>\n{body}\n</main></body></html>"
    )
