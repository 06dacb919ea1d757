"""Heuristic scanning that alters messages until their end is not found (cause 3 of KB 919091)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import Field

from remediators.catalog import products as product_data
from remediators.catalog.products import ProductOptions
from remediators.model import Address, Change, Query, Remediator, Snapshot, Value
from remediators.resources import products
from remediators.resources.products import Profile


class MailHeuristicsOptions(ProductOptions):
    product: str = Field(default="smsmse", min_length=1, description="A profile's name.")


class MailHeuristics(Remediator):
    """
    The mail scanner on the Exchange server does not use heuristics.

    Which registry values that takes is not public for any product: put what your vendor tells you into a profile.

    ```yaml
    - name: No heuristics in Symantec Mail Security
      mail_heuristics: {product: smsmse, state: disabled, data: "{{ smsmse_profile }}"}
    ```
    """

    name = "mail_heuristics"
    platform = "windows"
    Options = MailHeuristicsOptions

    def __init__(self, profiles: Mapping[str, Mapping[str, Any]]) -> None:
        self.profiles = {name: data for name, data in profiles.items() if self.name in products.purposes(data)}

    def queries(self, options: MailHeuristicsOptions, known: Snapshot) -> Iterable[Query]:
        return product_data.ask(self._profile(options), known)

    def desired(self, options: MailHeuristicsOptions, snapshot: Snapshot) -> Mapping[Address, Value]:
        return product_data.wanted(options, self._profile(options), snapshot)

    def notes(self, options: MailHeuristicsOptions, snapshot: Snapshot, changes: Sequence[Change]) -> Iterable[str]:
        return product_data.notes(self._profile(options), changes, snapshot)

    def _profile(self, options: MailHeuristicsOptions) -> Profile:
        return product_data.profile(options, self.profiles)
