"""Text to model: playbooks, inventories, templates and profiles, and everything that is wrong with them at once."""

from remediators.language.draft import Layer
from remediators.language.extra_vars import parse_extra_vars
from remediators.language.hosts import resolve_hosts
from remediators.language.inventory import Inventory
from remediators.language.inventory_sources import load_inventory
from remediators.language.loading import Loaded, load, select_hosts, select_names
from remediators.language.playbook import load_playbooks
from remediators.language.plays import Play, Playbook, PlayTask, Vocabulary
from remediators.language.problems import LanguageError, Problem, Problems, did_you_mean
from remediators.language.profiles import Profile, load_profiles
from remediators.language.routes import routes
from remediators.language.tasks import Bound, BoundTask, bind
from remediators.language.templating import needed_facts
from remediators.language.ways import with_ways

__all__ = [
    "Bound",
    "BoundTask",
    "Inventory",
    "LanguageError",
    "Layer",
    "Loaded",
    "Play",
    "PlayTask",
    "Playbook",
    "Problem",
    "Problems",
    "Profile",
    "Vocabulary",
    "bind",
    "did_you_mean",
    "load",
    "load_inventory",
    "load_playbooks",
    "load_profiles",
    "needed_facts",
    "parse_extra_vars",
    "resolve_hosts",
    "routes",
    "select_hosts",
    "select_names",
    "with_ways",
]
