"""What the options of all remediators have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Options(BaseModel):
    """Options of a remediator: nothing unknown is accepted, and nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)
