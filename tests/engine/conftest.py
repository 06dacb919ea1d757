import pytest

from remediators.engine.fleet import Fleet, plan_fleet
from remediators.engine.recorder import Recorder
from remediators.engine.rollback import back_tasks, guarded, standing
from remediators.engine.rollout import apply_fleet
from remediators.journal import Journal
from remediators.language.vault import encrypt
from remediators.model import Plan, Redactor
from remediators.model.documents import Seal
from remediators.runners.threads import side_by_side
from tests.engine.fake import connector, fleet, house


class Bench:
    """Plans, applies and rolls back over fake hosts, with a real journal on disk."""

    def __init__(self, folder, hosts, unreachable=(), secrets=()):
        self.folder = folder
        self.hosts = hosts
        self.house = house(hosts)
        self.fleet = Fleet(self.house, connector(hosts, unreachable), side_by_side)
        self.seal = Seal(b"key", lambda raw: encrypt(raw, b"password", "test"))
        self.redactor = Redactor(secrets)
        self.runs = 0
        self.watch = None

    def plan(self, tasks):
        return plan_fleet(self.fleet, dict.fromkeys(self.hosts, tasks), fleet(self.hosts))

    def apply(self, hostplans, kind="apply"):
        self.runs += 1
        run = f"run{self.runs}"
        folder = self.folder / run
        (folder / "manual").mkdir(parents=True)
        plan = Plan("p", "", "0", (), (), tuple(hostplans))
        with Journal(self.folder / "journal.db") as journal:
            recorder = Recorder(run, journal, folder, seal=self.seal, redactor=self.redactor, watch=self.watch)
            result = apply_fleet(self.fleet, plan, fleet(self.hosts), recorder, kind)
        return {host.name: host for host in result.hosts}

    def events(self):
        with Journal(self.folder / "journal.db") as journal:
            return journal.events(f"run{self.runs}")

    def rollback(self, hostplans, overwrite=False):
        stands = standing(self.events())
        tasks = {
            plan.name: back_tasks(plan.name, plan, stands[plan.name].begun, stands[plan.name].unfinished, self.house)
            for plan in hostplans
        }
        plans = plan_fleet(self.fleet, tasks, fleet(self.hosts))
        plans = [guarded(plan, stands[plan.name].begun, overwrite=overwrite) for plan in plans]
        return self.apply(plans, "rollback")


@pytest.fixture
def bench(tmp_path):
    def make(hosts, **more):
        return Bench(tmp_path, hosts, **more)

    return make
