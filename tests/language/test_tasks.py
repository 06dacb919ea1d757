"""Plays bound to hosts: everything is checked before any host is contacted."""

# ruff: noqa: E501  messages stand on one line, as users see them

from __future__ import annotations

import pytest

from remediators.language import LanguageError
from remediators.language.tags import selected

FLEET = "all: {hosts: {'exch[01:03]': , odd: {site: munich}}, vars: {site: berlin}}\n"


def play(task: str, more: str = "") -> str:
    return f"- name: P\n  hosts: all\n{more}  tasks:\n    - name: T\n      {task}\n"


def turns(loaded, host: str = "exch01", facts=None):
    return loaded.bound.tasks[host][0].render(facts or {})


def test_a_condition_that_does_not_hold_skips_with_its_text(loaded):
    found = loaded(
        play("{smtp_banner: {}, when: [true, site == 'munich']}").replace("- name: T\n      {", "- {name: T, "), FLEET
    )
    assert [turn.skipped for turn in turns(found)] == ["when: site == 'munich'"]
    assert [turn.skipped for turn in turns(found, "odd")] == [None]


def test_conditions_are_asked_in_order_and_the_first_false_one_ends_it(loaded):
    text = play("smtp_banner: {text: '{{ nothing }}'}\n      when: [nothing is defined, nothing.deep == 1]")
    assert turns(loaded(text))[0].skipped == "when: nothing is defined"


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (
            "text",
            "8:13: task 'T': on exch01: when must come out true or false, and this is text ('yes') (write `| bool` behind it)",
        ),
        (
            "one",
            "8:13: task 'T': on exch01: when must come out true or false, and this is a number (1) (compare it with something)",
        ),
        (
            "my_password",
            "8:13: task 'T': on exch01: when must come out true or false, and this is text (write `| bool` behind it)",
        ),
        ("txt == 'yes'", "8:13: task 'T': on exch01: 'txt' is undefined (did you mean 'text'?)"),
    ],
)
def test_a_condition_must_come_out_a_boolean(errors, condition, said):
    more = "  vars: {text: 'yes', one: 1}\n  vars_files: p.yml\n".replace("  vars_files: p.yml\n", "")
    text = play(
        f"smtp_banner: {{}}\n      when: {condition}",
        more.replace("one: 1", "one: 1, my_password: 'on'") + "  tags: x\n",
    )
    assert errors(text).splitlines()[0] == f"site.yml:{said}"


def test_a_loop_makes_a_turn_of_each_item(loaded):
    text = play(
        "registry: {key: 'HKLM\\{{ item.name }}', values: {A: {type: sz, data: '{{ item.v }}'}}}\n"
        "      when: item.v != 'skip'\n"
        "      loop: [{name: a, v: x}, {name: b, v: skip}, {name: c, v: '{{ site }}'}]"
    )
    found = turns(loaded(text, FLEET))
    assert [(turn.label, turn.skipped) for turn in found] == [("a", None), ("b", "when: item.v != 'skip'"), ("c", None)]
    assert found[2].options.values["A"].data == "berlin"
    assert found[2].options.key == "HKLM\\c"


def test_a_loop_may_be_a_template_that_gives_a_list(loaded):
    found = loaded(play("smtp_banner: {port: '{{ item }}'}\n      loop: '{{ range(3) }}'"))
    assert [turn.options.port for turn in turns(found)] == [0, 1, 2]


def test_a_false_condition_saves_a_loop_that_is_undefined(loaded):
    found = loaded(play("smtp_banner: {port: '{{ item }}'}\n      loop: '{{ ports }}'\n      when: ports is defined"))
    assert [turn.skipped for turn in turns(found)] == ["when: ports is defined"]


def test_a_loop_that_is_no_list_is_an_error(errors):
    said = errors(play("smtp_banner: {}\n      loop: '{{ d }}'", "  vars: {d: text}\n"))
    assert said.splitlines()[0] == (
        "site.yml:7:13: task 'T': on exch01: loop must come out a list or a mapping, and this is text"
    )


def test_the_same_mistake_on_many_hosts_is_told_once_with_the_hosts(errors):
    text = play("smtp_banner: {text: '{{ baner }}'}")
    assert errors(text, "all: {vars: {banner: x}, hosts: {'exch[01:03]': , odd: {baner: y}}}\n") == (
        "site.yml:5:31: task 'T': on 3 hosts (exch01, exch02, exch03): 'baner' is undefined (did you mean 'banner'?)\n"
        "          smtp_banner: {text: '{{ baner }}'}\n"
        "                                  ^^^^^"
    )


def test_a_mistake_inside_a_variable_is_told_where_the_variable_stands(errors):
    said = errors(
        play("smtp_banner: {text: '{{ banner }}'}"), "all: {vars: {banner: 'x {{ sute }}'}, hosts: {a: {site: b}}}\n"
    )
    assert said.splitlines()[0] == (
        "hosts.yml:1:28: task 'T' (site.yml:5:27): on a: 'sute' is undefined (did you mean 'site'?)"
    )


def test_options_are_checked_again_once_they_are_filled_in(errors):
    said = errors(
        play("service: {name: X, state: '{{ s }}'}"),
        "all: {hosts: {a: {s: startd}, b: {s: started}, c: {s: restarted}}}\n",
    )
    assert sorted(line for line in said.splitlines() if line.startswith("site")) == [
        "site.yml:5:33: task 'T', service.state: on a: must be 'started', 'stopped' or 'restarted' (got 'startd') (did you mean 'started'?)",
        "site.yml:5:33: task 'T': on c: state: restarted in a task (only handlers restart services: name this as a handler, and notify it)",
    ]


def test_options_of_checks_are_checked_once_they_are_filled_in(errors):
    said = errors(play("smtp_banner: {}\n      verify: {smtp_greeting: {port: '{{ site }}'}}"), FLEET)
    assert said.splitlines()[0].startswith(
        "site.yml:6:38: task 'T', smtp_greeting.port: on 3 hosts (exch01, exch02, exch03): must be a whole number"
    )


def test_facts_are_named_before_any_host_is_asked_also_by_way_of_variables(loaded):
    found = loaded(
        play(
            "smtp_banner: {text: 'v{{ major }}'}\n      when: is_new",
            "  vars: {is_new: \"{{ facts['exchange'].version is version('6.5', '>=') }}\", major: \"{{ facts.os.version.split('.')[0] }}\"}\n",
        )
    )
    task = found.bound.tasks["exch01"][0]
    assert task.facts == {"exchange.version", "os.version"}
    assert task.preview() == ()
    assert task.render({"exchange.version": "6.0", "os.version": "5.2"})[0].skipped == "when: is_new"
    assert task.render({"exchange.version": "6.5", "os.version": "5.2"})[0].options.text == "v5"


def test_a_preview_tells_what_needs_no_fact(loaded):
    task = loaded(
        play("smtp_banner: {port: 26}\n      when: [facts.os.version == '5.2', site == 'berlin']"), FLEET
    ).bound.tasks
    assert [turn.options.port for turn in task["exch01"][0].preview()] == [26]
    assert [turn.skipped for turn in task["odd"][0].preview()] == ["when: site == 'berlin'"]


def test_what_a_host_says_is_never_a_template(loaded):
    task = loaded(play("smtp_banner: {text: '{{ facts.os.version }}'}")).bound.tasks["exch01"][0]
    assert task.render({"os.version": "{{ inventory_hostname }}"})[0].options.text == "{{ inventory_hostname }}"


def test_a_mistake_that_only_a_fact_shows_is_a_usage_error_with_its_place(loaded):
    task = loaded(play("smtp_banner: {port: '{{ facts.os.version }}'}")).bound.tasks["exch01"][0]
    with pytest.raises(LanguageError) as caught:
        task.render({"os.version": "new"})
    assert caught.value.message.splitlines()[0] == (
        "site.yml:5:27: task 'T', smtp_banner.port: must be a whole number (got 'new')"
    )


def test_a_password_makes_a_turn_sensitive_and_is_never_quoted(loaded, errors):
    inventory = "all: {hosts: {a: {ansible_password: hunter2, via: '{{ ansible_password }}'}}}\n"
    for name in ("ansible_password", "via"):
        (turn,) = loaded(play(f"smtp_banner: {{text: '{{{{ {name} }}}}'}}"), inventory).bound.tasks["a"][0].render({})
        assert turn.sensitive
    assert not turns(loaded(play("smtp_banner: {text: x}"), inventory), "a")[0].sensitive
    said = errors(play("smtp_banner: {port: '{{ ansible_password }}'}"), inventory)
    assert "hunter2" not in said
    assert "must be a whole number\n" in said
    said = errors(play("smtp_banner: {text: '{{ ansible_password | bool }}'}"), inventory)
    assert said.splitlines()[0] == "site.yml:5:27: task 'T': on a: '********' is neither true nor false"


def test_allow_unverified_reaches_the_task_and_the_options(loaded):
    task = loaded(play("av_email_scanner: {product: x}\n      allow_unverified: true")).bound.tasks["exch01"][0]
    assert task.allow_unverified
    assert task.render({})[0].options.allow_unverified


def test_precedence_is_host_play_file_task_and_command_line(loaded, write):
    write.put("f.yml", "b: file\nc: file\nd: file\n")
    text = play(
        "smtp_banner: {text: '{{ a }} {{ b }} {{ c }} {{ d }}'}\n      vars: {c: task, d: task}",
        "  vars: {a: play, b: play}\n  vars_files: [f.yml]\n",
    )
    found = loaded(text, "all: {hosts: {exch01: {a: host}}}\n", extra_vars=["d=extra"])
    assert turns(found)[0].options.text == "play file task extra"


def test_special_names(loaded):
    text = play(
        'smtp_banner: {text: "{{ inventory_hostname }} {{ inventory_hostname_short }} {{ group_names }} {{ groups.mail }} '
        "{{ hostvars['b.x'].site }} {{ hostvars | length }}\"}"
    )
    found = loaded(text, "mail: {hosts: {a.x: , b.x: {site: s}}}\n")
    assert turns(found, "a.x")[0].options.text == "a.x a ['mail'] ['a.x', 'b.x'] s 2"


def test_names_of_tasks_may_be_templates(loaded):
    text = play("smtp_banner: {}").replace("name: T", "name: T on {{ inventory_hostname }}")
    assert [tasks[0].name for tasks in loaded(text, FLEET).bound.tasks.values()][:2] == ["T on exch01", "T on exch02"]


def test_plays_of_one_name_are_told_apart(loaded):
    text = play("smtp_banner: {}") + play("service: {name: X}")
    assert [task.play for task in loaded(text).bound.tasks["exch01"]] == ["P", "P (2)"]


def test_hosts_may_be_a_template_of_extra_variables(loaded, errors):
    text = play("smtp_banner: {}").replace("hosts: all", "hosts: '{{ target }}'")
    assert list(loaded(text, FLEET, extra_vars=["target=odd"]).bound.hosts) == ["odd"]
    assert errors(text, FLEET).splitlines()[0] == (
        "site.yml:2:14: play 'P': 'target' is undefined; defined here:  (hosts takes variables from --extra-vars only)"
    )


def test_a_limit_that_leaves_nothing_is_an_error(errors):
    said = errors(play("smtp_banner: {}").replace("hosts: all", "hosts: odd"), FLEET, limit="exch01")
    assert said == "--limit: 'exch01' leaves no host of any play"


def test_hosts_carry_their_variables_and_what_plays_say_of_the_connection(loaded):
    text = play("smtp_banner: {}", "  vars: {ansible_user: admin, other: 1}\n")
    host = loaded(text, "g: {hosts: {a: {ansible_host: '{{ ip }}', ip: 10.0.0.1}}}\n").bound.hosts["a"]
    assert host.variables == {"ansible_host": "10.0.0.1", "ip": "10.0.0.1", "ansible_user": "admin"}
    assert host.groups == ("g",)


@pytest.mark.parametrize(
    ("tags", "only", "skip", "runs"),
    [
        ((), (), (), True),
        (("a",), (), (), True),
        (("a",), ("a",), (), True),
        (("a",), ("b",), (), False),
        ((), ("a",), (), False),
        ((), ("untagged",), (), True),
        ((), ("tagged",), (), False),
        (("a",), ("tagged",), (), True),
        (("a",), ("all",), (), True),
        (("always",), ("b",), (), True),
        (("never",), (), (), False),
        (("never", "a"), ("a",), (), True),
        (("never", "a"), ("tagged",), (), False),
        (("never",), ("never",), (), True),
        (("a",), (), ("a",), False),
        (("a",), ("a",), ("a",), False),
        (("always",), (), ("always",), False),
        (("always", "a"), (), ("a",), False),
        (("a",), (), ("all",), False),
        (("always",), (), ("all",), True),
        (("a",), (), ("tagged",), False),
        ((), (), ("untagged",), False),
    ],
)
def test_tags_select_as_in_ansible(tags, only, skip, runs):
    assert selected(tags, only, skip) is runs


def test_tags_choose_tasks_and_leave_handlers(loaded):
    text = (
        "- name: P\n  hosts: all\n  tasks:\n    - {name: A, smtp_banner: {}, tags: a, notify: H}\n"
        "    - {name: B, smtp_banner: {}, cause: 4}\n  handlers:\n    - {name: H, service: {name: X, state: restarted}}\n"
    )
    assert [task.name for task in loaded(text, tags=["cause4"]).bound.tasks["exch01"]] == ["B", "H"]
    assert [task.name for task in loaded(text, skip_tags=["cause4"]).bound.tasks["exch01"]] == ["A", "H"]


def test_a_tag_that_no_task_has_is_an_error(errors):
    text = play("smtp_banner: {}\n      tags: [mail]")
    assert errors(text, tags=["mial"]) == "--tags: no task has the tag 'mial' (did you mean 'mail'?)"
    assert errors(text, skip_tags=["mial"]) == "--skip-tags: no task has the tag 'mial' (did you mean 'mail'?)"


def test_a_secret_in_the_name_of_a_task_is_an_error(loaded):
    with pytest.raises(LanguageError, match="the name of a task is shown everywhere, and 'db_password' is a secret"):
        loaded(
            play("smtp_banner: {text: x}", "  vars: {db_password: hush, who: '{{ db_password }}'}\n").replace(
                "name: T", "name: 'T {{ who }}'"
            )
        )


def test_an_item_in_the_name_of_a_task_is_said_to_be_needless(loaded):
    with pytest.raises(LanguageError, match="leave it out: each turn is shown with its item"):
        loaded(play("smtp_banner: {text: x}\n      loop: [1]").replace("name: T", "name: 'T {{ item }}'"))
