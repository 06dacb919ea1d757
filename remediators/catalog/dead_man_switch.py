"""Takes away a dead man's switch that a run left armed on a host; ``guard:`` on a task is what arms one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict, Field

from remediators.model import ABSENT, Address, Query, Remediator, Snapshot, Value
from remediators.resources import scheduled_tasks


class DeadManSwitchOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        pattern=r"^[A-Za-z0-9-]{1,60}$",
        description="The name of the switch, as the plan or `remediate recover` tells it.",
    )


class DeadManSwitch(Remediator):
    """
    A dead man's switch that is still on a host, armed or fired, is taken away with its file; `guard` arms one.

    ```yaml
    - name: The switch of the last run
      dead_man_switch: {name: remediate-0123456789}
    ```
    """

    name = "dead_man_switch"
    platform = "windows"
    Options = DeadManSwitchOptions

    def queries(self, options: DeadManSwitchOptions, known: Snapshot) -> Iterable[Query]:
        return scheduled_tasks.TaskKind().queries([scheduled_tasks.address(options.name)], known, {})

    def desired(self, options: DeadManSwitchOptions, snapshot: Snapshot) -> Mapping[Address, Value]:
        return {scheduled_tasks.address(options.name): ABSENT}
