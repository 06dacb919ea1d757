"""Mistakes that people make, one by one: what stands in the files. What is said of each stands in docs/errors.md."""

from __future__ import annotations

from dataclasses import dataclass, field
from textwrap import indent

HOSTS = "all: {hosts: {exch01: {ansible_connection: local}, exch02: {ansible_connection: local}}}\n"


@dataclass(frozen=True)
class Mistake:
    """``files`` beside ``site.yml`` and ``hosts.yml``; ``flags`` as on the command line."""

    title: str
    site: str
    hosts: str = HOSTS
    files: dict[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    host_file: str = "hosts.yml"

    def texts(self) -> dict[str, str]:
        return {"site.yml": self.site, self.host_file: self.hosts, **self.files}


def play(body: str) -> str:
    return f"- name: Banner\n  hosts: all\n{indent(body, '  ')}"


def tasks(body: str) -> str:
    return play(f"tasks:\n{indent(body, '  ')}")


def task(body: str) -> str:
    return tasks(f"- name: Greet\n{indent(body, '  ')}")


FINE = task("smtp_banner: {text: hello}\n")
IN_YAML = [
    Mistake("A colon in a text that is not quoted", task("smtp_banner:\n  text: Contoso: ESMTP\n")),
    Mistake("A template that is not quoted", task("smtp_banner:\n  text: {{ banner }}\n")),
    Mistake("A quotation mark that is not closed", task('smtp_banner: {text: "hello}\n')),
    Mistake("A tab for indentation", "- hosts: all\n  tasks:\n\t- smtp_banner: {text: hello}\n"),
    Mistake("A line that is indented too far", "- hosts: all\n   tasks: []\n"),
    Mistake("A list where the dash has no blank behind it", "- hosts: all\n  tasks:\n    -smtp_banner: {text: a}\n"),
    Mistake("The same key twice", task("smtp_banner: {text: a, text: b}\n")),
    Mistake("An alias that nobody defined", task("smtp_banner: *missing\n")),
    Mistake("An unknown tag", task("smtp_banner: {text: !secrt x}\n")),
    Mistake("yes for true", task("smtp_banner: {text: a}\nignore_errors: yes\n")),
    Mistake("A text that begins with an at sign", task("smtp_banner: {text: @hello}\n")),
    Mistake("A key without a colon", task("smtp_banner:\n  text\n")),
]
IN_PLAYS = [
    Mistake("An empty playbook", ""),
    Mistake("A playbook that is a mapping", "hosts: all\ntasks: []\n"),
    Mistake("A play without hosts", "- tasks:\n    - smtp_banner: {text: a}\n"),
    Mistake("A misspelt key of a play", "- hosts: all\n  taks:\n    - smtp_banner: {text: a}\n"),
    Mistake(
        "A group that does not exist", FINE.replace("hosts: all", "hosts: exchnge"), "exchange: {hosts: {exch01: {}}}\n"
    ),
    Mistake("A pattern that leaves nobody", FINE.replace("hosts: all", "hosts: all:!all")),
    Mistake("A limit that names nobody", FINE, flags=("--limit", "exch03")),
    Mistake(
        "A tag that no task has",
        FINE.replace("smtp_banner", "tags: banner\n      smtp_banner"),
        flags=("--tags", "baner"),
    ),
    Mistake("A task to start at that does not exist", FINE, flags=("--start-at-task", "Great")),
    Mistake("Tasks that are no list", play("tasks: {smtp_banner: {text: a}}\n")),
    Mistake("A file of variables that is not there", play("vars_files: [secret.yml]\ntasks: []\n")),
    Mistake(
        "A file of tasks that is not there",
        tasks("- include_tasks: baner.yml\n"),
        files={"banner.yml": "- smtp_banner: {text: a}\n"},
    ),
    Mistake(
        "Files of tasks that include each other",
        tasks("- include_tasks: a.yml\n"),
        files={"a.yml": "- include_tasks: b.yml\n", "b.yml": "- include_tasks: a.yml\n"},
    ),
    Mistake("A playbook that is not there", "- import_playbook: other.yml\n"),
    Mistake("Variables that are a list of words", play("vars: [banner]\ntasks: []\n")),
    Mistake("A variable whose name is none", play("vars: {my-banner: x}\ntasks: []\n")),
    Mistake("A play with something of Ansible's that does not exist here", play("gather_facts: true\nroles: [mail]\n")),
]
IN_TASKS = [
    Mistake("A remediator that does not exist", task("smtp_baner: {text: a}\n")),
    Mistake("Two remediators in a task", task("smtp_banner: {text: a}\nservice: {name: SMTPSVC, state: started}\n")),
    Mistake("A task without a remediator", tasks("- name: Greet\n")),
    Mistake("A misspelt option", task("smtp_banner: {txt: hello}\n")),
    Mistake("An option that is missing", task("service: {state: started}\n")),
    Mistake("An option with a value that it cannot have", task("service: {name: SMTPSVC, state: startd}\n")),
    Mistake("An option of the wrong type", task("smtp_banner: {virtual_server: first, text: a}\n")),
    Mistake("Options that are a text", task("smtp_banner: hello\n")),
    Mistake(
        "A registry value without its type", task("registry:\n  key: HKLM\\SOFTWARE\\X\n  values: {A: {data: 1}}\n")
    ),
    Mistake(
        "A number that is no number",
        task("registry:\n  key: HKLM\\SOFTWARE\\X\n  values: {A: {type: dword, data: ten}}\n"),
    ),
    Mistake("A hive of a user", task("registry: {key: HKCU\\Software\\X, state: present}\n")),
    Mistake("A banner that begins with 220", task("smtp_banner: {text: 220 hello}\n")),
    Mistake("A restart in a task", task("service: {name: SMTPSVC, state: restarted}\n")),
    Mistake("A handler that does not exist", task("smtp_banner: {text: a}\nnotify: Restart SMTP\n")),
    Mistake(
        "A handler with a slightly different name",
        play(
            "tasks:\n  - smtp_banner: {text: a}\n    notify: Restart SNTP\n"
            "handlers:\n  - name: Restart SMTP\n    service: {name: SMTPSVC, state: restarted}\n"
        ),
    ),
    Mistake("A misspelt keyword of a task", task("smtp_banner: {text: a}\nwen: true\n")),
    Mistake("A keyword of Ansible's that does not exist here", task("smtp_banner: {text: a}\nregister: result\n")),
    Mistake("A module of Ansible's", task("ansible.windows.win_regedit: {path: HKLM\\X}\n")),
    Mistake("with_items", task("smtp_banner: {text: '{{ item }}'}\nwith_items: [a, b]\n")),
    Mistake("A check that does not exist", task("smtp_banner: {text: a}\nverify: {smtp_greting: {port: 25}}\n")),
    Mistake("A misspelt option of a check", task("smtp_banner: {text: a}\nverify: {smtp_greeting: {prot: 25}}\n")),
    Mistake("A cause that does not exist", task("smtp_banner: {text: a}\ncause: 7\n")),
    Mistake("A loop over a text", task("smtp_banner: {text: '{{ item }}'}\nloop: hello\n")),
    Mistake("A block with a loop", tasks("- block:\n    - smtp_banner: {text: a}\n  loop: [1, 2]\n")),
    Mistake("A block with a rescue", tasks("- block:\n    - smtp_banner: {text: a}\n  rescue: []\n")),
]
IN_TEMPLATES = [
    Mistake("A variable that nobody set", task("smtp_banner: {text: '{{ banner }}'}\n")),
    Mistake(
        "A variable that is misspelt", play("vars: {banner: hello}\ntasks:\n  - smtp_banner: {text: '{{ baner }}'}\n")
    ),
    Mistake(
        "A variable of a variable that nobody set",
        play("vars:\n  banner: 'hello from {{ site }}'\ntasks:\n  - smtp_banner: {text: '{{ banner }}'}\n"),
    ),
    Mistake(
        "A key that a mapping does not have",
        play("vars: {mail: {banner: hello}}\ntasks:\n  - smtp_banner: {text: '{{ mail.baner }}'}\n"),
    ),
    Mistake("Braces that are not closed", task("smtp_banner: {text: '{{ banner }'}\n")),
    Mistake("A filter that does not exist", task("smtp_banner: {text: \"{{ 'a' | uper }}\"}\n")),
    Mistake("A filter that fails", task("smtp_banner: {text: \"{{ 'a' | from_json }}\"}\n")),
    Mistake("Braces around a condition", task("smtp_banner: {text: a}\nwhen: '{{ 1 == 1 }}'\n")),
    Mistake(
        "A condition that is a text", play("vars: {on: 'yes'}\ntasks:\n  - smtp_banner: {text: a}\n    when: on\n")
    ),
    Mistake(
        "A condition with one equals sign",
        play("vars: {role: hub}\ntasks:\n  - smtp_banner: {text: a}\n    when: role = 'hub'\n"),
    ),
    Mistake("A fact that does not exist", task("smtp_banner: {text: a}\nwhen: facts.os.versoin == '5.2'\n")),
    Mistake("A test that does not exist", task("smtp_banner: {text: a}\nwhen: \"'6.5' is verzion('6', '>')\"\n")),
    Mistake(
        "Variables in a circle",
        play("vars: {a: '{{ b }}', b: '{{ a }}'}\ntasks:\n  - smtp_banner: {text: '{{ a }}'}\n"),
    ),
    Mistake("A template that reaches for Python", task("smtp_banner: {text: \"{{ ''.__class__.__mro__ }}\"}\n")),
    Mistake("An item outside a loop", task("smtp_banner: {text: '{{ item }}'}\n")),
    Mistake(
        "An option that comes out wrong",
        play(
            "vars: {port: smtp}\n"
            "tasks:\n  - smtp_banner: {text: a}\n    verify: {smtp_greeting: {port: '{{ port }}'}}\n"
        ),
    ),
]
IN_INVENTORIES = [
    Mistake("A misspelt key of a group", FINE, "exchange: {hsts: {exch01: {}}}\n"),
    Mistake("A list of hosts in a YAML inventory", FINE, "exchange:\n  hosts:\n    - exch01\n    - exch02\n"),
    Mistake(
        "A group that is its own member", FINE, "a: {children: {b: {}}, hosts: {exch01: {}}}\nb: {children: {a: {}}}\n"
    ),
    Mistake("A range that ends before it begins", FINE, "all: {hosts: {'exch[05:01]': {}}}\n"),
    Mistake(
        "A line of INI that cannot be read", FINE, '[exchange]\nexch01 ansible_user="admin\n', host_file="hosts.ini"
    ),
    Mistake("A section of INI that is not closed", FINE, "[exchange\nexch01\n", host_file="hosts.ini"),
    Mistake("A kind of section that does not exist", FINE, "[exchange:vras]\nsite=berlin\n", host_file="hosts.ini"),
    Mistake("A variable without a value in INI", FINE, "[exchange]\nexch01 admin\n", host_file="hosts.ini"),
    Mistake("An inventory that is not there", FINE, host_file="other.yml"),
    Mistake(
        "Two groups that disagree",
        FINE,
        "a: {hosts: {exch01: {}}, vars: {site: berlin}}\nb: {hosts: {exch01: {}}, vars: {site: bonn}}\n",
    ),
    Mistake("Variables of a group that are no mapping", FINE, "all: {hosts: {exch01: {}}, vars: [a]}\n"),
    Mistake(
        "A damaged vault value",
        FINE,
        "all:\n  hosts: {exch01: {}}\n  vars:\n    x: !vault |\n      $ANSIBLE_VAULT;1.9;AES256\n      3132\n",
    ),
]
GROUPS = {
    "In YAML": IN_YAML,
    "In plays": IN_PLAYS,
    "In tasks": IN_TASKS,
    "In templates": IN_TEMPLATES,
    "In inventories": IN_INVENTORIES,
}
