"""``python -m tests.errors`` writes docs/errors.md anew, to be read before it is committed."""

import tempfile
from pathlib import Path

from tests.errors.telling import PAGE, everything, ours, page, slug, theirs

with tempfile.TemporaryDirectory() as root:
    said = {mistake.title: ours(mistake, Path(root) / "ours" / slug(mistake)) for mistake in everything()}
    version, told = theirs(Path(root) / "theirs")
    PAGE.write_text(page(said, version, told), encoding="utf-8")
