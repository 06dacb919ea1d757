"""Sessions on ASA and PIX, as far as they differ from IOS."""

from __future__ import annotations
