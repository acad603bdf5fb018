"""`cyberflow docs`: the project as one page."""

from __future__ import annotations

from pathlib import Path

import click

from cyberflow.cli.console import say
from cyberflow.cli.options import common_options, project_root, target_option


@click.command("docs")
@common_options()
@target_option
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("site.html"),
    show_default=True,
    metavar="FILE",
    help="Where the page is written.",
)
@click.option("--no-tests", is_flag=True, help="Name the tests without running them: no verdicts, no coverage.")
def command(*, project: Path | None, target: str | None, out: Path, no_tests: bool, quiet: bool) -> int:
    """Write the project as one page, to read and to print.

    One file of HTML, without scripts and without anything from elsewhere: chains and pipelines with their graphs and
    steps, workflows with their prompts and images, inputs, secrets by name, outputs and types, who uses what, the tests
    with their verdicts and what they went through, and the last receipt of the target. The tests are run for it,
    offline. The same project gives the same bytes.

    \b
    Example:
      cyberflow docs
      cyberflow docs --target prod --out public/index.html
    """
    from cyberflow.cli.site.page import write_page
    from cyberflow.cli.site.sections import SiteFacts
    from cyberflow.sdk.evidence import receipts_of
    from cyberflow.sdk.flow_tests.suite import FlowSuite
    from cyberflow.storage import write_text

    suite = FlowSuite.load(project_root(project), target)
    name, settings = suite.default, suite.sourced.settings
    verdicts = None if no_tests else tuple(suite.run(suite.jobs(suite.cases)))
    receipts = receipts_of(suite.sourced.root, settings.project, name)
    receipt = receipts[0] if receipts else None
    page = write_page(SiteFacts(suite.graphs[name], suite.compiled[name], suite.cases, verdicts, receipt))
    write_text(out, page, private=False)
    if not quiet:
        say(f"wrote {out}")
    return 0
