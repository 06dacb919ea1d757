"""Whether a port answers from here."""

from __future__ import annotations

import socket
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from remediators.model import Host


class TcpPortOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    port: Annotated[int, Field(ge=1, le=65535, strict=True)] = Field(description="The port to look at.")
    host: str | None = Field(default=None, description="Where; the host's ansible_host, or its name, if none is given.")
    wanted: StrictBool = Field(default=True, alias="open", description="Whether a connection must come about.")
    timeout: float = Field(default=10.0, gt=0, le=300, description="Seconds to wait for the connection.")


class TcpPort:
    """
    A port answers, or does not.

    ```yaml
    verify:
      tcp_port: {port: 25, open: true}
    ```
    """

    name = "tcp_port"
    Options = TcpPortOptions

    def run(self, host: Host, options: TcpPortOptions, deadline: float) -> str | None:
        """``None`` where the port is as wanted, else what was seen. ``deadline`` in seconds from now."""
        where = options.host or str(host.variables.get("ansible_host", host.name))
        seconds = min(options.timeout, deadline)
        try:
            with socket.create_connection((where, options.port), timeout=seconds):
                return None if options.wanted else f"{where} port {options.port} is open"
        except socket.gaierror as error:
            return f"{where} is no host that is known here ({error.strerror})"
        except TimeoutError:
            seen = f"no answer within {seconds:g} seconds"
        except OSError as error:
            seen = error.strerror or str(error)
        return f"{where} port {options.port}: {seen}" if options.wanted else None
