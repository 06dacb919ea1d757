"""The command line: puts the rooms together. Commands import what they need when they run, so that --help is fast."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``remediate`` and end the process with the exit code of the spec."""
    from remediators.cli.main import run

    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))
