"""
Many schedules with fresh seeds: ``python -m tests.faults --schedules 500``; or those of given seeds.

Ends with the numbers, and with exit code 1 where anything was lost.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults import great
from tests.faults.schedule import run


def main():
    asked = argparse.ArgumentParser(prog="python -m tests.faults")
    asked.add_argument("--schedules", type=int, default=500)
    asked.add_argument("--seed", type=int, help="the first seed; the others follow (default: a fresh one)")
    asked.add_argument("--hosts", type=int, default=0, help="also one run over so many hosts that is killed ten times")
    asked.add_argument("--jobs", type=int, default=2)
    asked.add_argument("--reports", type=Path, help="a folder for what was said in schedules that lost something")
    asked.add_argument("seeds", nargs="*", type=int, help="only these seeds")
    given = asked.parse_args()
    first = given.seed if given.seed is not None else random.SystemRandom().randrange(10**9)
    seeds = given.seeds or range(first, first + given.schedules)
    print(f"{len(seeds)} schedules, seeds {first if not given.seeds else given.seeds} and on", flush=True)
    began, numbers, lost = time.monotonic(), Counter(), []
    with ThreadPoolExecutor(given.jobs) as pool:
        for seed, told, error in pool.map(_one, seeds):
            if error:
                lost.append(seed)
                _tell(seed, error, given.reports)
            else:
                numbers.update(schedules=1, faults=len(told.struck), hosts=told.hosts, changes=told.changes)
    if given.hosts:
        lost += _great(first, given.hosts)
    told = ", ".join(f"{number} {name}" for name, number in numbers.items())
    print(f"{told}; lost: {len(lost)} {lost}; {time.monotonic() - began:.0f} s")
    return 1 if lost else 0


def _tell(seed, error, folder):
    if folder is None:
        print(f"LOST seed {seed}\n{error}", flush=True)
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{seed}.txt").write_text(error, encoding="utf-8")
    print(f"LOST seed {seed}: {error.splitlines()[0][:300]}", flush=True)


def _great(seed, hosts):
    """One run over many hosts, killed ten times; gives its seed where something was lost."""
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        try:
            print(great.run(seed, Path(folder), hosts), flush=True)
        except AssertionError as error:
            print(f"LOST {hosts} hosts, seed {seed}\n{error}", flush=True)
            return [seed]
    return []


def _one(seed):
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        try:
            return seed, run(seed, Path(folder)), ""
        except Exception as error:  # noqa: BLE001  # the other schedules go on, and this one is told
            return seed, None, f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    sys.exit(main())
