"""
Values are plain JSON in canonical form, compared with ``==``; ``None`` is *absent*, which is a value like any other.

The canonical form of each kind of value is the business of its resource kind (see the spec, "Files").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Value = Any  # JSON: None, str, int, bool, list, dict. What it may be depends on the kind of the address.
ABSENT: Final = None

Variables = Mapping[str, Any]
