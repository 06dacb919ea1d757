"""Playbooks: what is accepted, and the message of everything that is not."""

# ruff: noqa: E501, ISC004  messages stand on one line, as users see them

from __future__ import annotations

from textwrap import dedent

import pytest

from remediators.language import Problems, load_playbooks


def task(text: str, handlers: str = "") -> str:
    """A playbook whose only task begins in line 5."""
    body = "".join(f"      {line}\n" for line in dedent(text).strip().splitlines())
    return f"- name: P\n  hosts: all\n  vars: {{n: 1}}\n  tasks:\n    - name: T\n{body}{handlers}"


def test_a_playbook_is_read_with_all_its_keys(loaded):
    found = loaded(
        """
        - name: Banner
          hosts: all
          vars: {banner: hello}
          tags: [mail]
          tasks:
            - name: SMTP banner
              smtp_banner: {text: "{{ banner }}"}
              when: banner == 'hello'
              tags: a, b
              notify: [Restart SMTP]
              vars: {x: 1}
              ignore_errors: true
              verify: {smtp_greeting: {contains: "{{ banner }}"}}
              cause: 4
              sensitive: true
              allow_unverified: true
          handlers:
            - name: Restart SMTP
              service: {name: SMTPSVC, state: restarted}
        """
    )
    play = found.playbooks[0].plays[0]
    assert play.tasks[0].tags == {"mail", "a", "b", "cause4"}
    assert found.warnings == ()
    banner, restart = found.bound.tasks["exch01"]
    assert (banner.play, banner.name, banner.remediator, banner.where) == (
        "Banner",
        "SMTP banner",
        "smtp_banner",
        "site.yml:6:7",
    )
    assert (banner.notify, banner.ignore_errors, banner.cause, banner.allow_unverified) == (
        ("Restart SMTP",),
        True,
        4,
        True,
    )
    (turn,) = banner.render({})
    assert turn.options.text == "hello"
    assert turn.verify == {"smtp_greeting": {"contains": "hello"}}
    assert turn.sensitive
    assert restart.handler


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "site.yml:1:1: a playbook is a list of plays, and it is empty"),
        (
            "hosts: all\n",
            "site.yml:1:1: a playbook is a list of plays, and this is a mapping (begin each play with '- name:')\n"
            "    hosts: all\n    ^^^^^",
        ),
        ("- x\n", "site.yml:1:3: a play is a mapping, not text\n    - x\n      ^"),
        (
            "- name: P\n  tasks: []\n",
            "site.yml:1:3: play 'P': 'hosts' is missing (name the hosts, groups, or 'all')\n    - name: P\n      ^^^^",
        ),
        (
            "- hosts: 3\n",
            "site.yml:1:10: play '3': hosts must be a pattern or a list of patterns\n    - hosts: 3\n             ^",
        ),
        (
            "- hosts: all\n  save: never\n",
            "site.yml:2:3: play 'all': 'save' is not supported yet\n      save: never\n      ^^^^",
        ),
        (
            "- hosts: all\n  roles: [x]\n",
            "site.yml:2:3: play 'all': 'roles' is not supported (write the tasks into the play)\n      roles: [x]\n      ^^^^^",
        ),
        (
            "- hosts: all\n  task: []\n",
            "site.yml:2:3: play 'all': unknown key 'task' (did you mean 'tasks'?)\n      task: []\n      ^^^^",
        ),
        (
            "- hosts: all\n  registry: {key: x}\n",
            "site.yml:2:3: play 'all': 'registry' belongs into a task (write it under tasks, in an item of its own)\n"
            "      registry: {key: x}\n      ^^^^^^^^",
        ),
        (
            "- hosts: all\n  tasks: {a: 1}\n",
            "site.yml:2:10: play 'all': tasks must be a list, not a mapping\n      tasks: {a: 1}\n             ^^^^^^",
        ),
        (
            "- hosts: all\n  vars: [a]\n",
            "site.yml:2:9: play 'all': vars must be a mapping, not a list\n      vars: [a]\n            ^^^",
        ),
        (
            "- hosts: all\n  vars: {facts: 1, a-b: 2}\n",
            "site.yml:2:10: play 'all': 'facts' cannot be set: it is a name of the language\n"
            "      vars: {facts: 1, a-b: 2}\n             ^^^^^\n"
            "site.yml:2:20: play 'all': 'a-b' is no name of a variable (use letters, digits and underscores)\n"
            "      vars: {facts: 1, a-b: 2}\n                       ^^^",
        ),
        (
            "- hosts: all\n  vars_files: [a.yml, '{{ x }}.yml']\n",
            "site.yml:2:16: play 'all': there is no file 'a.yml'\n"
            "      vars_files: [a.yml, '{{ x }}.yml']\n                   ^^^^^\n"
            "site.yml:2:23: play 'all': a template in vars_files is not supported (use --extra-vars @file)\n"
            "      vars_files: [a.yml, '{{ x }}.yml']\n                          ^^^^^^^^^^^^^",
        ),
    ],
)
def test_what_is_wrong_with_a_play_is_said(playbook_errors, text, message):
    assert playbook_errors(text) == message


ONE_LINE = [
    (
        "smtp_baner: {}",
        "6:7: task 'T': unknown key 'smtp_baner': neither a remediator nor a keyword of a task (did you mean 'smtp_banner'?)",
    ),
    ("win_regedit: {}", "6:7: task 'T': 'win_regedit' is a module of Ansible and is not supported (use registry)"),
    (
        "ansible.windows.win_service: {}",
        "6:7: task 'T': 'ansible.windows.win_service' is a module of Ansible and is not supported (use service)",
    ),
    ("win_ping: {}", "6:7: task 'T': 'win_ping' is a module of Ansible and is not supported"),
    ("block: []", "6:14: block 'T': the block is empty (write tasks under it)"),
    ("include_tasks: x.yml", "6:22: include_tasks: there is no file 'x.yml'"),
    ("with_fileglob: x", "6:7: task 'T': 'with_fileglob' is not supported (use loop)"),
    ("tags: x", "5:7: task 'T': names no remediator (one of registry, service, smtp_banner, av_email_scanner)"),
    ("registry: text", "6:7: task 'T', registry: options must be a mapping, not text (options are key, values)"),
    ("registry:", "6:7: task 'T', registry: 'key' is missing"),
    (
        "registry: {kye: x}",
        "6:18: task 'T', registry: unknown option 'kye' (did you mean 'key'?)\n6:7: task 'T', registry: 'key' is missing",
    ),
    ("registry: {key: 1}", "6:23: task 'T', registry.key: must be text (got 1)"),
    (
        "registry: {key: x, values: {A: gone}}",
        "6:38: task 'T', registry.values.A: must be a mapping (got 'gone'), or must be 'absent' (got 'gone')",
    ),
    (
        "registry: {key: x, values: {A: {type: dwrd, data: 1}}}",
        "6:45: task 'T', registry.values.A.type: must be 'dword' or 'sz' (got 'dwrd') (did you mean 'dword'?)",
    ),
    (
        "registry: {key: x, values: {A: {type: sz, dat: 1}}}",
        "6:38: task 'T', registry.values.A: 'data' is missing\n6:49: task 'T', registry.values.A: unknown option 'dat' (did you mean 'data'?)",
    ),
    (
        "smtp_banner: {port: many, text: '{{ n }}'}",
        "6:27: task 'T', smtp_banner.port: must be a whole number (got 'many')",
    ),
    (
        "service: {name: X, state: restarted}",
        "6:33: task 'T': state: restarted in a task (only handlers restart services: name this as a handler, and notify it)",
    ),
]


@pytest.mark.parametrize(("text", "message"), ONE_LINE)
def test_what_is_wrong_with_the_remediator_of_a_task_is_said(playbook_errors, text, message):
    said = playbook_errors(task(text))
    lines = [line for line in said.splitlines() if not line.startswith("    ")]
    assert sorted(lines) == sorted(f"site.yml:{line}" for line in message.splitlines())


KEYS = [
    (
        "register: out",
        "7:7: task 'T': 'register' is not supported (use facts in templates, and verify for what must be true afterwards)",
    ),
    ("no_log: true", "7:7: task 'T': 'no_log' is not supported (use sensitive: true)"),
    ("with_items: [1]", "7:7: task 'T': 'with_items' is not supported (use loop)"),
    ("delegate_to: x", "7:7: task 'T': 'delegate_to' is not supported (write a play for the other hosts)"),
    ("whn: x", "7:7: task 'T': unknown key 'whn': neither a remediator nor a keyword of a task (did you mean 'when'?)"),
    (
        "service: {name: X}",
        "7:7: task 'T': a task has exactly one remediator, and this is the second: 'smtp_banner' and 'service' (make two tasks of it)",
    ),
    ("when: '{{ n }}'", "7:14: task 'T': when is an expression, without {{ }} around it"),
    ("when: {a: 1}", "7:13: task 'T': when must be an expression, not a mapping"),
    ("when:", "7:12: task 'T': when must be an expression, not nothing"),
    ("when: n ==", "7:13: task 'T': the template is misspelt: the expression ends too early"),
    ("when: n is versoin('1')", "7:18: task 'T': there is no test 'versoin' (did you mean 'version'?)"),
    ("when: n | boool", "7:17: task 'T': there is no filter 'boool' (did you mean 'bool'?)"),
    (
        "when: facts.exchange.versio == '6'",
        "7:28: task 'T': there is no fact 'exchange.versio' (did you mean 'exchange.version'?)",
    ),
    (
        "when: facts[n] == '6'",
        "7:13: task 'T': facts are read by name, and this names none (write facts.NAME, such as facts.os.version)",
    ),
    (
        "loop: text",
        "7:13: task 'T': loop must be a list or a mapping, not text (write a list or a mapping, "
        "or a template that gives one)",
    ),
    ("loop_control: {label: x}", "7:7: task 'T': 'loop_control' without 'loop' (write the loop beside it)"),
    ("loop: [1]\nloop_control: x", "8:21: task 'T': loop_control must be a mapping, not text"),
    (
        "loop: [1]\nloop_control: {lable: x}",
        "8:22: task 'T', loop_control: unknown key 'lable' (did you mean 'label'?)",
    ),
    (
        "loop: [1]\nloop_control: {pause: 3}",
        "8:22: task 'T', loop_control: 'pause' is not supported (keys are loop_var, index_var, label)",
    ),
    (
        "loop: [1]\nloop_control: {loop_var: facts}",
        "8:32: task 'T': 'facts' cannot be set: it is a name of the language",
    ),
    ("run_once: 1", "7:17: task 'T': run_once must be true or false"),
    ("tags: {a: 1}", "7:13: task 'T': tags takes names, not a mapping"),
    ("notify: Restart", "7:15: task 'T': there is no handler 'Restart' (the play has none)"),
    ("ignore_errors: yes", "7:22: task 'T': ignore_errors must be true or false (YAML 1.2 has no other booleans)"),
    ("sensitive: 1", "7:18: task 'T': sensitive must be true or false"),
    ("cause: 7", "7:14: task 'T': cause must be a number from 1 to 6 (see KB 919091)"),
    ("cause: true", "7:14: task 'T': cause must be a number from 1 to 6 (see KB 919091)"),
    (
        "verify: smtp",
        "7:15: task 'T': verify must be a mapping of checks to their options, not text (checks are smtp_greeting)",
    ),
    ("verify: {smtp_greting: {}}", "7:16: task 'T': there is no check 'smtp_greting' (did you mean 'smtp_greeting'?)"),
    (
        "verify: {smtp_greeting: {prt: 25}}",
        "7:32: task 'T', smtp_greeting: unknown option 'prt' (did you mean 'port'?)",
    ),
    (
        "vars: {x: '{{ y'}",
        "7:17: task 'T': the template is misspelt: unexpected end of template, expected 'end of print statement'",
    ),
]


@pytest.mark.parametrize(("text", "message"), KEYS)
def test_what_is_wrong_with_a_keyword_of_a_task_is_said(playbook_errors, text, message):
    said = playbook_errors(task(f"smtp_banner: {{}}\n{text}"))
    assert said.splitlines()[0] == f"site.yml:{message}"
    assert len([line for line in said.splitlines() if not line.startswith("    ")]) == 1


@pytest.mark.parametrize(
    ("handlers", "message"),
    [
        ("    - service: {name: X}\n", "8:7: handler: 'name' is missing (tasks notify a handler by its name)"),
        (
            "    - name: R\n      service: {name: X}\n    - name: R\n      service: {name: Y}\n",
            "10:13: handler 'R': a second handler is named 'R'; the first is at site.yml:8:7",
        ),
        (
            "    - name: R\n      service: {name: X}\n      notify: R\n",
            "10:7: handler 'R': 'notify' is not supported in a handler (a handler cannot notify another)",
        ),
        (
            "    - name: R {{ n }}\n      service: {name: X}\n",
            "8:13: handler 'R {{ n }}': a template in a handler's name is not supported",
        ),
    ],
)
def test_what_is_wrong_with_a_handler_is_said(playbook_errors, handlers, message):
    said = playbook_errors(task("smtp_banner: {}", f"  handlers:\n{handlers}"))
    assert said.splitlines()[0] == f"site.yml:{message}"


def test_the_nearest_handler_is_named(playbook_errors):
    text = task("smtp_banner: {}\nnotify: [Restrt]", "  handlers:\n    - {name: Restart, service: {name: X}}\n")
    assert playbook_errors(text) == (
        "site.yml:7:16: task 'T': there is no handler 'Restrt' (did you mean 'Restart'?)\n"
        "          notify: [Restrt]\n"
        "                   ^^^^^^"
    )


def test_a_handler_that_nobody_notifies_is_warned_of(loaded):
    found = loaded(task("smtp_banner: {}", "  handlers:\n    - name: R\n      service: {name: X}\n"))
    assert [str(warning).splitlines()[0] for warning in found.warnings] == [
        "site.yml:8:7: handler 'R': no task notifies this handler"
    ]


def test_all_mistakes_of_all_files_come_at_once_sorted_by_place(errors, write):
    write.put("group_vars/all.yml", "a: 1\na: 2\n")
    said = errors(task("smtp_baner: {}\nregister: x"), "all: {hots: {}}\n", extra_vars=["novalue"])
    assert [line.split(": ")[0] for line in said.splitlines() if not line.startswith("    ")] == [
        "--extra-vars:1:1",
        "group_vars/all.yml:2:1",
        "hosts.yml:1:7",
        "site.yml:6:7",
        "site.yml:7:7",
    ]


def test_a_template_postpones_only_what_depends_on_it(playbook_errors):
    said = playbook_errors(task('registry: {key: "{{ n }}", values: {A: {type: x, data: "{{ n }}"}}, view: 1}'))
    assert [line for line in said.splitlines() if not line.startswith("    ")] == [
        "site.yml:6:53: task 'T', registry.values.A.type: must be 'dword' or 'sz' (got 'x')",
        "site.yml:6:75: task 'T', registry: unknown option 'view' (options are key, values)",
    ]


def test_files_of_variables_are_beside_the_playbook_and_the_last_wins(write, vocabulary, loaded):
    write.put("vars/a.yml", "x: a\ny: a\n")
    write.put("vars/b.yml", "y: b\n")
    text = task('smtp_banner: {text: "{{ x }}{{ y }}{{ n }}"}').replace(
        "  tasks:", "  vars_files: [vars/a.yml, vars/b.yml]\n  tasks:"
    )
    found = loaded(text)
    assert found.bound.tasks["exch01"][0].render({})[0].options.text == "ab1"
    assert [path for path, _ in found.files] == ["site.yml", "vars/a.yml", "vars/b.yml"]
    assert len(found.files[0][1]) == 64


def test_an_unreadable_playbook_is_named(vocabulary, write):
    problems = Problems()
    load_playbooks(["gone.yml"], vocabulary, problems=problems)
    assert [str(problem) for problem in problems] == ["gone.yml: there is no such file"]
