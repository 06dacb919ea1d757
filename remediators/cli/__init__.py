"""The command line: puts the rooms together. Commands import what they need when they run, so that --help is fast."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``remediate`` and end the process with the exit code of the spec."""
    import gc
    import os

    # pydantic would search everything that is installed for plug-ins; we use none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from remediators.cli.main import run

    gc.set_threshold(50_000)  # a short-lived process: a fifth of its CPU went into looking for cycles there are none of
    code = run(list(sys.argv[1:] if arguments is None else arguments))
    gc.freeze()  # nothing is left to be looked through when the process ends
    sys.exit(code)
