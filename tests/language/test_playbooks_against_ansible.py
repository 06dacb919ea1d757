"""One playbook, filled in by ansible-playbook and by us: what each host is told by each task, and what is skipped."""

# ruff: noqa: E501  tasks stand on one line

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from remediators.language import Vocabulary, load


class Said(BaseModel):
    """A remediator's options that take anything, as ``debug`` does."""

    text: Any


VOCABULARY = Vocabulary(remediators={"smtp_banner": Said}, checks={}, facts=(), variables=("ansible_connection",))

FILES = {
    "hosts.yml": """
all:
  vars: {site: all, deep: {a: 1, b: [x, y]}, via_var: "{{ site }}!", port: 25}
  children:
    mail:
      vars: {site: mail, role: hub, ansible_connection: local}
      hosts:
        exch01: {rack: 7, site: own}
        exch02: {role: edge}
    db:
      vars: {ansible_connection: local}
      hosts: {db01: {site: "db {{ inventory_hostname }}"}}
""",
    "group_vars/mail.yml": "from_file: mail\nover: group_file\n",
    "host_vars/exch01.yml": "over: host_file\nnested: {one: {two: [1, {three: 3}]}}\n",
    "play_vars.yml": "from_vars_file: file\nboth: file\n",
    "tasks/more.yml": """
- {name: more 1, smtp_banner: {text: "{{ kind }} {{ site }}"}}
- {name: more 2, smtp_banner: {text: "{{ kind }}"}, vars: {kind: own}}
- name: more 3
  smtp_banner: {text: "{{ item }}{{ kind }}"}
  loop: [1, 2]
  when: item != 1
""",
    "tasks/deeper.yml": "- import_tasks: more.yml\n  vars: {kind: deeper}\n",
    "others.yml": """
- name: Others
  hosts: db
  gather_facts: false
  tags: [other]
  vars: {given: own}
  tasks:
    - {name: imported, smtp_banner: {text: "{{ given }} {{ site }}"}}
    - {name: imported never, smtp_banner: {text: x}, when: wanted | default(false)}
""",
    "site.yml": r"""
- name: Variables
  hosts: mail
  gather_facts: false
  vars: {site: play, play_only: "{{ site }}-{{ rack | default('none') }}", both: play}
  vars_files: [play_vars.yml]
  tasks:
    - {name: precedence, smtp_banner: {text: "{{ site }} {{ over }} {{ from_file | default('-') }} {{ both }}"}}
    - {name: task wins, vars: {site: task}, smtp_banner: {text: "{{ site }} {{ play_only }} {{ via_var }}"}}
    - {name: extra wins, vars: {extra: task}, smtp_banner: {text: "{{ extra }}"}}
    - {name: hostvars, smtp_banner: {text: "{{ hostvars['exch01'].rack }} {{ hostvars.db01.site }} {{ hostvars['exch02']['site'] }}"}}
    - {name: groups, smtp_banner: {text: "{{ groups.mail | join(',') }} {{ groups['all'] | length }} {{ group_names | join('+') }}"}}
    - {name: names, smtp_banner: {text: "{{ inventory_hostname_short }} {{ inventory_hostname in groups['mail'] }}"}}
    - {name: nested, smtp_banner: {text: "{{ (nested | default({'one': {'two': [0, {'three': 0}]}})).one.two[1].three }}"}}
    - {name: deep, smtp_banner: {text: "{{ deep.b[0] ~ deep['a'] }} {{ deep.b | length }}"}}
    - {name: default, smtp_banner: {text: "{{ nothing.at.all | default('d') }} {{ nothing | default(site) }}"}}
    - {name: loop.index, smtp_banner: {text: "{% for h in groups.mail %}{{ loop.index }}{{ h }}{{ ', ' if not loop.last }}{% endfor %}"}}
    - {name: whitespace, smtp_banner: {text: "{% if rack is defined -%} a {%- else -%} b {%- endif %} c"}}
    - {name: filters 1, smtp_banner: {text: "{{ [3, 1, 2] | sort | map('string') | join('-') }} {{ 'a,b' | split(',') | last }}"}}
    - {name: filters 2, smtp_banner: {text: "{{ {'a': 1} | combine({'b': 2}) | dict2items | map(attribute='key') | join }}"}}
    - {name: filters 3, smtp_banner: {text: "{{ 'Exchange 6.5.7638' | regex_search('\\d+\\.\\d+') }} {{ 'x-y' | regex_replace('(\\w)-(\\w)', '\\2+\\1') }}"}}
    - {name: filters 4, smtp_banner: {text: "{{ (rack is defined) | ternary('yes', 'no') }} {{ '6.5.7638' is version('6.5', '>=') }}"}}
    - {name: filters 5, smtp_banner: {text: "{{ [1, [2, [3]]] | flatten | sum }} {{ [1, 1, 2] | unique | list | length }} {{ 'yes' | bool }}"}}
    - {name: filters 6, smtp_banner: {text: "{{ {'a': [1, 2]} | to_json }} {{ '[1, 2]' | from_json | last }} {{ 'x' | b64encode }}"}}
    - {name: filters 7, smtp_banner: {text: "{{ ['a', 'b'] | zip([1, 2]) | map('join') | join(' ') }} {{ [{'n': 1}, {'n': 2}] | selectattr('n', 'gt', 1) | map(attribute='n') | first }}"}}
    - {name: filters 8, smtp_banner: {text: "{{ 'C:\\\\x\\\\y.txt' | win_basename }} {{ '/a/b.c' | basename }} {{ 10 | string }}{{ '7' | int + 1 }}"}}
    - {name: filters 9, smtp_banner: {text: "{{ [1, 2, 3] | difference([2]) | join(',') }} {{ [1, 2] | union([3]) | max }} {{ [[1, 2], [3]] | sum(start=[]) | length }}"}}
    - {name: filters 10, smtp_banner: {text: "{{ [1, 2] | product(['a', 'b']) | map('join') | join(' ') }} {{ 1048576 | human_readable }} {{ '1 MB' | human_to_bytes }}"}}
    - {name: filters 11, smtp_banner: {text: "{{ [{'n': 'a', 'l': [1, 2]}] | subelements('l') | map('last') | join(',') }} {{ ['a', 'b'] | path_join }}"}}
    - {name: filters 12, smtp_banner: {text: "{{ [1, 2, 3] | combinations(2) | list | length }} {{ [1, 2] | permutations | list | length }} {{ 5 | log(5) }} {{ 3 | pow(2) }}"}}
    - {name: filters 13, smtp_banner: {text: "{{ [{'n': 'a', 'v': 1}] | rekey_on_member('n') }} {{ 'http://u@h:8/p?q' | urlsplit('port') }} {{ 'a%20b' | urldecode }}"}}
    - {name: filters 14, smtp_banner: {text: "{{ 'x' | to_uuid }} {{ 'x' | md5 }} {{ 'x' | sha1 }} {{ 'x' | checksum }} {{ '/a/../b' | normpath }} {{ 9 | root }}"}}
    - {name: filters 15, smtp_banner: {text: "{{ 1500 | human_readable(isbits=true) }} {{ 5000000 | human_readable(unit='K') }} {{ '1.5G' | human_to_bytes }} {{ 8 | human_to_bytes('K') }}"}}
    - {name: filters 16, smtp_banner: {text: "{{ 'abc' | hash('sha256') }} {{ 'it s' | quote }} {{ ['a', 'b'] | join }} {{ 'x' | indent(2, true) }} {{ 3.7 | round | int }}"}}
    - {name: filters 17, smtp_banner: {text: "{{ {'b': 1, 'a': [1, {'x': none}]} | to_nice_json }}"}}
    - {name: filters 18, smtp_banner: {text: "{{ {'b': 1, 'a': [1, {'x': none}], 't': 'yes', 'l': 'a: b'} | to_nice_yaml }}"}}
    - {name: filters 19, smtp_banner: {text: "{{ {'b': 1, 'a': [1, 2]} | to_yaml }}{{ 'a: [1, 2]' | from_yaml }}"}}
    - {name: number as a key, vars: {ports: {80: http, 443: https}}, smtp_banner: {text: "{{ ports[80] }} {{ ports[400 + 43] }}"}}
    - {name: whole number, smtp_banner: {text: "{{ port + 1 }}"}}
    - {name: text with number, smtp_banner: {text: "{{ port }}/{{ port }}"}}
    - {name: literal braces, smtp_banner: {text: "{{ '{{' }} x {{ '}}' }}"}}
    - {name: raw, smtp_banner: {text: "{% raw %}{{ x }}{% endraw %}"}}
    - {name: comment, smtp_banner: {text: "a{# gone #}b"}}
    - {name: inline if, smtp_banner: {text: "{{ 'hub' if role == 'hub' else 'edge' }}"}}
    - {name: set and macro, smtp_banner: {text: "{% set x = 2 %}{% macro m(n) %}<{{ n * x }}>{% endmacro %}{{ m(3) }}"}}
- name: Conditions
  hosts: all
  gather_facts: false
  tasks:
    - {name: when true, smtp_banner: {text: x}, when: true}
    - {name: when list, smtp_banner: {text: x}, when: ["'mail' in group_names", rack is defined]}
    - {name: when or, smtp_banner: {text: x}, when: rack is defined or role | default('') == 'edge'}
    - {name: when in, smtp_banner: {text: x}, when: "inventory_hostname in ['exch02', 'db01']"}
    - {name: when not, smtp_banner: {text: x}, when: not (role is defined and role == 'hub')}
    - {name: when search, smtp_banner: {text: x}, when: "inventory_hostname is search('^exch0[12]$')"}
    - {name: when variable, smtp_banner: {text: x}, vars: {cond: "{{ role | default('') == 'hub' }}"}, when: cond}
    - {name: when compare, smtp_banner: {text: x}, when: (rack | default(0)) > 5 and site != 'x'}
- name: Loops
  hosts: exch01
  gather_facts: false
  vars: {users: {ann: {id: 1}, bob: {id: 2}}, words: [one, two]}
  tasks:
    - {name: loop list, smtp_banner: {text: "{{ item }}"}, loop: [a, 1, true]}
    - {name: loop variable, smtp_banner: {text: "{{ item | upper }}"}, loop: "{{ words }}"}
    - {name: loop mapping, smtp_banner: {text: "{{ item.key }}{{ item.value.id }}"}, loop: "{{ users | dict2items }}"}
    - {name: loop range, smtp_banner: {text: "{{ item }}"}, loop: "{{ range(1, 4) | list }}"}
    - {name: loop hosts, smtp_banner: {text: "{{ item }} {{ hostvars[item].role }}"}, loop: "{{ groups['mail'] }}"}
    - {name: loop when, smtp_banner: {text: "{{ item }}"}, loop: [1, 2, 3], when: item is odd}
    - {name: loop empty, smtp_banner: {text: "{{ item }}"}, loop: []}
    - name: loop names
      smtp_banner: {text: "{{ i }} {{ word }}"}
      loop: "{{ words }}"
      loop_control: {loop_var: word, index_var: i, label: "{{ word }}"}
    - name: loop vars
      smtp_banner: {text: "{{ twice }}"}
      loop: [1, 2]
      vars: {twice: "{{ item * 2 }}"}
    - {name: loop nested, smtp_banner: {text: "{{ item.0 }}{{ item.1 }}"}, loop: "{{ words | zip([1, 2]) | list }}"}
- name: Blocks and files
  hosts: mail
  gather_facts: false
  vars: {kind: play}
  tasks:
    - name: outer
      when: role == 'hub'
      vars: {kind: outer, x: 1}
      block:
        - {name: in block, smtp_banner: {text: "{{ kind }}{{ x }}"}}
        - {name: in block own, smtp_banner: {text: "{{ kind }}{{ x }}"}, vars: {kind: own}}
        - name: inner
          vars: {kind: inner}
          when: x == 1
          block:
            - {name: in inner, smtp_banner: {text: "{{ kind }}{{ x }}"}}
            - {name: in inner not, smtp_banner: {text: "{{ kind }}{{ x }}"}, when: x == 2}
    - {name: once, run_once: true, smtp_banner: {text: "{{ inventory_hostname }}"}}
    - import_tasks: tasks/more.yml
      vars: {kind: given}
      when: role == 'hub'
    - {name: files deeper, import_tasks: tasks/deeper.yml}
    - {name: included, include_tasks: tasks/more.yml, vars: {kind: included}, when: role != 'hub'}
- name: brought in
  import_playbook: others.yml
  vars: {given: importing}
""",
}
CALLBACK = """
import json, sys
from ansible.plugins.callback import CallbackBase

class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, 'stdout', 'told'
    found = []

    def _add(self, result, what):
        self.found.append([result._host.name, result._task.get_name(), what])

    def v2_runner_on_ok(self, result):
        if 'results' not in result._result and 'msg' in result._result:
            self._add(result, str(result._result.get('msg')))

    def v2_runner_on_skipped(self, result):
        pass

    def v2_runner_item_on_ok(self, result):
        self._add(result, str(result._result.get('msg')))

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._add(result, 'FAILED ' + str(result._result.get('msg')))

    v2_runner_item_on_failed = v2_runner_on_failed

    def v2_playbook_on_stats(self, stats):
        print('TOLD ' + json.dumps(self.found))
"""
EXTRA = ("-e", '{"extra": "extra"}')


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("theirs")
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("smtp_banner: {text:", "debug: {msg:"))
    (folder / "told.py").write_text(CALLBACK)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_STDOUT_CALLBACK": "told",
        "ANSIBLE_CALLBACK_PLUGINS": str(folder),
        "ANSIBLE_NOCOLOR": "1",
    }
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    done = subprocess.run(
        [program, "-i", "hosts.yml", *EXTRA, "site.yml"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    told = [line for line in done.stdout.splitlines() if line.startswith("TOLD ")]
    assert told, done.stdout[-2000:] + done.stderr[-2000:]
    found: dict[tuple[str, str], list[str]] = {}
    for host, task, text in json.loads(told[0].removeprefix("TOLD ")):
        found.setdefault((task, host), []).append(text)
    return found


@pytest.fixture
def ours(write):
    for name, text in FILES.items():
        write.put(name, text.replace("  gather_facts: false\n", ""))
    loaded = load(["site.yml"], ["hosts.yml"], VOCABULARY, extra_vars=(EXTRA[1],))
    found: dict[tuple[str, str], list[str]] = {}
    for host, tasks in loaded.bound.tasks.items():
        for task in tasks:
            for turn in task.render({}):
                if turn.skipped is None:
                    found.setdefault((task.name, host), []).append(str(turn.options.text))
    return found


def test_every_task_tells_every_host_what_it_tells_it_in_ansible(theirs, ours):
    different = [
        f"{task} on {host}: ours {ours.get((task, host))}, theirs {theirs.get((task, host))}"
        for task, host in sorted({*theirs, *ours})
        if ours.get((task, host)) != theirs.get((task, host))
    ]
    assert not different, "\n".join(different)
