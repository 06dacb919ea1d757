"""
Forty random schedules of faults, over the real protocols, by the command line as a process.

What a schedule is and what must be so after it stands in `schedule.py`. A seed draws the same fleet, playbook and
faults each time; which of two hosts is at its seventh program first is not in its hands. `make faults` draws five
hundred fresh ones; `python -m tests.faults SEED` runs one again.
"""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.schedule import run

SEEDS = range(919091, 919131)


@pytest.fixture(scope="module")
def told():
    """What became of each seed: all are begun at once, two at a time, so that nobody waits for the slowest."""
    with tempfile.TemporaryDirectory() as base, ThreadPoolExecutor(2) as pool:
        folders = {seed: Path(base) / str(seed) for seed in SEEDS}
        for folder in folders.values():
            folder.mkdir()
        yield {seed: pool.submit(run, seed, folder) for seed, folder in folders.items()}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_strikes_the_journal_tells_the_truth_and_every_host_gets_back(told, seed):
    assert told[seed].result(600).hosts >= 1
