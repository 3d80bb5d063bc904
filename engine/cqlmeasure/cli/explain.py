"""``cqlmeasure explain``."""

from __future__ import annotations

import click

from cqlmeasure.errors import catalogue


@click.command()
@click.argument("code", required=False)
def explain(code: str | None) -> None:
    """Explain a diagnostic code: what it means, an example, and how to mend it.

    CODE is what stands in brackets in a message, such as unknown-identifier. Without it all codes are listed.
    """
    # Rich is loaded by those commands only that print with it.
    from rich.console import Console
    from rich.markdown import Markdown

    if code is not None:
        page = catalogue.page(code.strip().removeprefix("error[").removeprefix("warning[").strip("[]"))
        Console(width=None).print(Markdown(f"# {page.code}\n\n{page.text}"))
        return
    console = Console(highlight=False, soft_wrap=True)
    family = ""
    for page in catalogue.pages().values():
        if page.family != family:
            family = page.family
            console.print(f"\n{family}", style="bold", markup=False)
        console.print(f"  {page.code:<24} {page.summary}", markup=False)
