"""Blocks, files of tasks and playbooks within playbooks: what comes of them, and what is said where they are wrong."""

import pytest

from remediators.language import Problems, load, load_playbooks
from remediators.language.others import OtherHosts

INVENTORY = "all: {hosts: {exch01: {role: hub}, exch02: {role: edge}}}\n"


def read(write, vocabulary, playbook, **files):
    write.put("site.yml", playbook)
    for name, text in files.items():
        write.put(name.replace("__", "/") + ".yml", text)
    problems = Problems()
    (found,) = load_playbooks(["site.yml"], vocabulary, problems=problems)
    return found, [str(problem).splitlines()[0] for problem in problems.errors]


def run(write, vocabulary, playbook, *, inventory=INVENTORY, **options):
    write.put("site.yml", playbook)
    write.put("hosts.yml", inventory)
    return load(["site.yml"], ["hosts.yml"], vocabulary, **options)


def turns(loaded, host="exch01"):
    """Each turn that is not skipped: the task's name, its label, and the banner's text."""
    return [
        (task.name, turn.label, turn.options.text)
        for task in loaded.bound.tasks[host]
        for turn in task.render({})
        if turn.skipped is None
    ]


BLOCK = """
- name: P
  hosts: all
  vars: {text: play, other: play}
  tags: [p]
  tasks:
    - name: Both
      when: role == 'hub'
      tags: [b]
      vars: {text: block, other: block}
      notify: Restart
      ignore_errors: true
      cause: 4
      block:
        - name: One
          smtp_banner: {text: "{{ text }}-{{ other }}"}
          vars: {text: task}
        - name: Inner
          when: other == 'block'
          block:
            - {name: Two, smtp_banner: {text: "{{ text }}"}, when: false, tags: two}
            - {name: Three, smtp_banner: {text: "{{ text }}"}}
    - {name: Four, smtp_banner: {text: "{{ text }}"}}
  handlers:
    - {name: Restart, service: {name: X, state: restarted}}
"""


def test_a_block_hands_its_keywords_down_and_the_task_wins(write, vocabulary):
    loaded = run(write, vocabulary, BLOCK)
    hub = [task for task in turns_of(loaded, "exch01") if task]
    assert hub == [("One", "task-block"), ("Three", "block"), ("Four", "play")]
    assert turns_of(loaded, "exch02") == [("Four", "play")]
    one = loaded.bound.tasks["exch01"][0]
    assert (one.notify, one.ignore_errors, one.cause) == (("Restart",), True, 4)


def turns_of(loaded, host):
    return [
        (task.name, turn.options.text)
        for task in loaded.bound.tasks[host]
        if not task.handler
        for turn in task.render({})
        if turn.skipped is None
    ]


def test_tags_of_a_block_and_of_what_is_in_it_add_up(write, vocabulary):
    (play,) = read(write, vocabulary, BLOCK)[0].plays
    assert [sorted(task.tags) for task in play.tasks] == [
        ["b", "cause4", "p"],
        ["b", "cause4", "p", "two"],
        ["b", "cause4", "p"],
        ["p"],
    ]


def test_handlers_may_stand_in_a_block(write, vocabulary):
    found, wrong = read(
        write,
        vocabulary,
        "- hosts: all\n  tasks: [{smtp_banner: {}, notify: R}]\n"
        "  handlers: [{block: [{name: R, service: {name: X, state: restarted}}], when: false}]\n",
    )
    assert wrong == []
    assert [(task.name, task.when[0][0]) for task in found.plays[0].handlers] == [("R", False)]


INCLUDING = """
- name: P
  hosts: all
  vars: {text: play}
  tasks:
    - include_tasks: tasks/banner.yml
      vars: {text: included}
      tags: i
    - import_tasks: {file: tasks/banner.yml}
      when: false
"""


def test_files_of_tasks_are_read_where_they_stand(write, vocabulary):
    write.put("tasks/banner.yml", "- {name: B, smtp_banner: {text: '{{ text }}'}}\n- include_tasks: more.yml\n")
    write.put("tasks/more.yml", "- {name: M, smtp_banner: {text: '{{ text }}!'}}\n")
    loaded = run(write, vocabulary, INCLUDING)
    assert turns_of(loaded, "exch01") == [("B", "included"), ("M", "included!")]
    assert [path for path, _ in loaded.files] == ["site.yml", *["tasks/banner.yml", "tasks/more.yml"]]
    assert loaded.bound.tasks["exch01"][0].where == "tasks/banner.yml:1:3"
    assert turns_of(run(write, vocabulary, INCLUDING, tags=["i"]), "exch01") == [("B", "included"), ("M", "included!")]


IMPORTING = """
- import_playbook: sub/other.yml
  vars: {text: import}
  tags: t
  when: role == 'hub'
- {name: Last, hosts: all, tasks: [{name: L, smtp_banner: {text: last}}]}
"""


def test_an_imported_playbook_is_read_in_its_place_and_given_variables_win(write, vocabulary):
    write.put(
        "sub/other.yml", "- hosts: all\n  vars: {text: own}\n  tasks: [{name: O, smtp_banner: {text: '{{ text }}'}}]\n"
    )
    loaded = run(write, vocabulary, IMPORTING)
    assert turns_of(loaded, "exch01") == [("O", "import"), ("L", "last")]
    assert turns_of(loaded, "exch02") == [("L", "last")]
    assert turns_of(run(write, vocabulary, IMPORTING, tags=["t"]), "exch01") == [("O", "import")]


def test_a_loop_over_a_mapping_gives_keys_and_values_with_labels_and_names_of_its_own(write, vocabulary):
    loaded = run(
        write,
        vocabulary,
        "- hosts: exch01\n  vars: {banners: {a: one, b: two}}\n  tasks:\n"
        "    - name: T\n      smtp_banner: {text: '{{ n }} {{ entry.value }}'}\n      loop: '{{ banners }}'\n"
        "      when: entry.key != 'c'\n"
        "      loop_control: {loop_var: entry, index_var: n, label: 'banner {{ entry.key }}'}\n"
        "    - {name: U, smtp_banner: {text: '{{ item.key }}'}, loop: {x: 1}}\n",
    )
    assert turns(loaded) == [("T", "banner a", "0 one"), ("T", "banner b", "1 two"), ("U", "x", "x")]


def test_a_label_with_a_secret_in_it_is_not_shown(write, vocabulary):
    loaded = run(
        write,
        vocabulary,
        "- hosts: exch01\n  vars: {db_password: hush}\n  tasks:\n"
        "    - {name: T, smtp_banner: {text: x}, loop: [1], loop_control: {label: '{{ db_password }}'}}\n",
    )
    assert turns(loaded) == [("T", "1", "x")]


def test_run_once_runs_on_the_first_host_of_the_play(write, vocabulary):
    playbook = (
        "- hosts: all\n  tasks:\n    - {name: A, smtp_banner: {text: a}, run_once: true}\n"
        "    - {block: [{name: B, smtp_banner: {text: b}}], run_once: true}\n    - {name: C, smtp_banner: {text: c}}\n"
    )
    loaded = run(write, vocabulary, playbook)
    assert [name for name, _ in turns_of(loaded, "exch01")] == ["A", "B", "C"]
    assert [name for name, _ in turns_of(loaded, "exch02")] == ["C"]
    limited = run(write, vocabulary, playbook, limit="exch02")
    assert [name for name, _ in turns_of(limited, "exch02")] == ["A", "B", "C"]


THREE = """
- {name: P, hosts: all, tasks: [{name: One, smtp_banner: {text: a}}, {name: Two, smtp_banner: {text: b}}]}
- {name: Q, hosts: exch01, tasks: [{name: Three, smtp_banner: {text: c}}]}
"""


@pytest.mark.parametrize(("start", "left"), [("One", 3), ("Two", 2), ("T*", 2), ("Three", 1)])
def test_a_run_starts_at_the_task_that_is_named(write, vocabulary, start, left):
    assert len(turns_of(run(write, vocabulary, THREE, start_at=start), "exch01")) == left


def test_what_would_be_worked_on_can_be_told(write, vocabulary):
    told = run(write, vocabulary, THREE, limit="exch02,exch01").bound.plays
    assert [(play.name, play.pattern, play.hosts) for play in told] == [
        ("P", "all", ("exch01", "exch02")),
        ("Q", "exch01", ("exch01",)),
    ]
    assert [task.name for play in told for task in play.tasks] == ["One", "Two", "Three"]


def test_a_fact_of_another_host_is_asked_when_it_is_used(write, vocabulary):
    loaded = run(
        write,
        vocabulary,
        "- hosts: exch01\n  tasks:\n"
        "    - {name: T, smtp_banner: {text: \"{{ hostvars['exch02'].facts.os.version }}\"}}\n"
        "    - name: U\n      smtp_banner: {text: '{{ versions | join }}'}\n"
        "      vars: {versions: \"{{ groups.all | map('extract', hostvars, ['facts', 'exchange', 'version']) }}\"}\n",
    )
    asked = []

    def ask(host, name):
        asked.append((host, name))
        return f"{name} of {host}, "

    assert asked == []
    loaded.bound.others.ask = ask
    texts = [text for _, text in turns_of(loaded, "exch01")]
    assert texts[0] == "os.version of exch02, "
    assert "exchange.version of exch02" in texts[1]
    assert set(asked) == {("exch02", "os.version"), ("exch01", "exchange.version"), ("exch02", "exchange.version")}


def test_a_fact_of_another_host_that_nobody_can_read_is_an_error_before_anything_is_contacted(errors):
    said = errors(
        "- hosts: exch01\n  tasks:\n"
        "    - {name: T, smtp_banner: {text: \"{{ hostvars['exch01'].facts.os.versoin }}\"}}\n"
    )
    assert said.splitlines()[0] == (
        "site.yml:3:69: task 'T': on exch01: there is no fact 'os.versoin' (did you mean 'os.version'?)"
    )


def test_facts_of_others_say_which_there_are():
    from remediators.language.others import FactsOf

    facts = FactsOf(OtherHosts(("os.version", "os.build", "exchange.version")), "exch01")
    assert list(facts) == ["os", "exchange"]
    assert list(facts["os"]) == ["version", "build"]


WRONG = [
    ("- block: []\n", "3:14: block: the block is empty (write tasks under it)"),
    ("- block: x\n", "3:14: block: tasks must be a list, not text"),
    ("- name: B\n      block: [1]\n", "4:15: block 'B': a task is a mapping, not a number"),
    (
        "- block: [{smtp_banner: {}}]\n      whn: true\n",
        "4:7: block: unknown key 'whn' (did you mean 'when'?)",
    ),
    (
        "- block: [{smtp_banner: {}}]\n      rescue: []\n",
        (
            "4:7: block: 'rescue' is not supported (a failed change is put back with remediate rollback, "
            "or by on_verify_failure: rollback)"
        ),
    ),
    (
        "- block: [{smtp_banner: {}}]\n      loop: [1]\n",
        (
            "4:7: block: 'loop' does not belong here (write it into each task; keys are name, when, tags, notify, "
            "vars, ignore_errors, cause, sensitive, allow_unverified, run_once, block)"
        ),
    ),
    (
        "- block: [{smtp_banner: {}}, {smtp_banner: {}}]\n      notify: Restart\n",
        "4:15: task 'smtp_banner': there is no handler 'Restart' (the play has none)",
    ),
    ("- include_tasks: gone.yml\n", "3:22: include_tasks: there is no file 'gone.yml'"),
    ("- include_tasks: site_.yml\n", "3:22: include_tasks: there is no file 'site_.yml' (did you mean 'site.yml'?)"),
    ("- include_tasks: [a]\n", "3:22: include_tasks: a path is text, not a list"),
    (
        "- include_tasks: '{{ x }}.yml'\n",
        (
            "3:22: include_tasks: a template in the path is not supported (tasks are included before any host is "
            "known: write the path itself, with `when` for a choice)"
        ),
    ),
    ("- include_tasks: {fil: x}\n", "3:23: include_tasks: unknown option 'fil' (the option is file)"),
    ("- include_tasks: {}\n", "3:22: include_tasks: 'file' is missing (the option is file)"),
    (
        "- include_tasks: circle.yml\n",
        "circle.yml:1:18: include_tasks: files of tasks include each other in a circle: circle.yml → circle.yml",
    ),
    ("- include_tasks: text.yml\n", "text.yml:1:1: include_tasks text.yml: tasks must be a list, not text"),
    (
        "- include_tasks: wrong.yml\n",
        "wrong.yml:1:17: task 'smtp_banner', smtp_banner: unknown option 'txt' (did you mean 'text'?)",
    ),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_what_is_wrong_with_a_block_or_a_file_of_tasks_is_said_once(write, vocabulary, text, message):
    write.put("circle.yml", "- include_tasks: circle.yml\n")
    write.put("text.yml", "text\n")
    write.put("wrong.yml", "- smtp_banner: {txt: x}\n")
    _, wrong = read(write, vocabulary, f"- hosts: all\n  tasks:\n    {text}")
    assert wrong == [message if ".yml:" in message.split(": ")[0] else f"site.yml:{message}"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- import_playbook: gone.yml\n", "1:20: import_playbook: there is no file 'gone.yml'"),
        (
            "- import_playbook: site.yml\n",
            "1:20: import_playbook: playbooks import each other in a circle: site.yml → site.yml",
        ),
        ("- import_playbook: [a]\n", "1:20: import_playbook: a path is text, not a list"),
        (
            "- import_playbook: a.yml\n  hosts: all\n",
            "2:3: import_playbook: unknown key 'hosts' (keys are name, when, tags, vars, import_playbook)",
        ),
    ],
)
def test_what_is_wrong_with_an_imported_playbook_is_said_once(write, vocabulary, text, message):
    write.put("a.yml", "- {hosts: all, tasks: [{smtp_banner: {}}]}\n")
    _, wrong = read(write, vocabulary, text)
    assert wrong == [f"site.yml:{message}"]


def test_a_task_to_start_at_that_nobody_has_is_an_error_with_the_nearest_name(errors):
    said = errors(THREE, start_at="Tow")
    assert said.splitlines()[0] == "--start-at-task: no task is named 'Tow' (did you mean 'Two'?)"
