"""The e-mail scanner of an antivirus client, which gets between SMTP servers (cause 1 of KB 919091)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import Field

from remediators.catalog import products as product_data
from remediators.catalog.products import ProductOptions
from remediators.model import Address, Change, Query, Refused, Remediator, Snapshot, Unread, Value
from remediators.resources import products
from remediators.resources.products import Profile


class AvEmailScannerOptions(ProductOptions):
    product: str = Field(default="auto", min_length=1, description="A profile's name, or auto for whatever is found.")


class AvEmailScanner(Remediator):
    """
    The antivirus client does not scan e-mail on its way to and from the SMTP service.

    ```yaml
    - name: No e-mail scanner on mail servers
      av_email_scanner: {product: auto, state: disabled, allow_unverified: true}
    ```
    """

    name = "av_email_scanner"
    platform = "windows"
    Options = AvEmailScannerOptions

    def __init__(self, profiles: Mapping[str, Mapping[str, Any]]) -> None:
        self.profiles = {name: data for name, data in profiles.items() if self.name in products.purposes(data)}

    def queries(self, options: AvEmailScannerOptions, known: Snapshot) -> Iterable[Query]:
        candidates = self._candidates(options)
        yield from products.detection(candidates, known)
        for one in self._found(options, candidates, known):
            yield from product_data.ask(one, known)

    def desired(self, options: AvEmailScannerOptions, snapshot: Snapshot) -> Mapping[Address, Value]:
        candidates = self._candidates(options)
        found = [one for one in candidates if products.installed(one, snapshot)]
        if options.state == "enabled" and not found:
            raise Refused("no antivirus product that a profile knows is installed on this host")
        return {
            address: value for one in found for address, value in product_data.wanted(options, one, snapshot).items()
        }

    def notes(self, options: AvEmailScannerOptions, snapshot: Snapshot, changes: Sequence[Change]) -> Iterable[str]:
        named = options.product != "auto" or options.data is not None
        for one in self._candidates(options):
            if named or products.installed(one, snapshot):
                yield from product_data.notes(one, changes, snapshot)

    def _candidates(self, options: AvEmailScannerOptions) -> list[Profile]:
        if options.product == "auto" and options.data is None:
            return [products.profile(name, data) for name, data in self.profiles.items()]
        return [product_data.profile(options, self.profiles)]

    def _found(
        self, options: AvEmailScannerOptions, candidates: Sequence[Profile], known: Snapshot
    ) -> Iterable[Profile]:
        """What is to be looked at closely: what was named at once, what must be detected once that is known."""
        if len(candidates) == 1:
            return candidates
        return [one for one in candidates if _detected(one, known)]


def _detected(one: Profile, known: Snapshot) -> bool:
    try:
        return all(known.knows(datum.address) for datum in one.detect) and products.installed(one, known)
    except Unread:
        return False
