"""The command `doctor`."""

import dataclasses
import json

import click

from yt360_tools.errors import EXIT_ENVIRONMENT


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def doctor(as_json: bool) -> None:
    """Say what is missing on this machine, and how to get it.

    \b
    Example:
      yt360 doctor
    """
    from yt360_tools.report.doctor import examine_machine

    findings = examine_machine()
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            mark = "ok" if finding.is_there else ("MISSING" if finding.is_needed else "absent")
            click.echo(f"{mark:<8} {finding.name:<24} {finding.detail}")
    if any(finding.is_needed and not finding.is_there for finding in findings):
        click.get_current_context().exit(EXIT_ENVIRONMENT)
