"""The corpus: what is alike, and below what differs on purpose."""

# ruff: noqa: E501  inventories are compact

from __future__ import annotations

from tests.language.corpus import Case


def ini(text: str, **more) -> Case:
    return Case({"hosts": text}, **more)


def yml(text: str, **more) -> Case:
    return Case({"hosts.yml": text}, sources=("hosts.yml",), **more)


def script(body: str, **more) -> Case:
    return Case(
        {"inv.py": "#!/usr/bin/env python3\nimport json, sys\n" + body}, sources=("inv.py",), run=("inv.py",), **more
    )


ALIKE: dict[str, Case] = {
    # ---- INI
    "ini-plain": ini("h1\nh2\n"),
    "ini-groups": ini("lone\n[web]\nw1\nw2\n[db]\nd1\nw1\n"),
    "ini-host-vars": ini("h1 a=1 b=two c=3.5 d=True e=None f=[1,2] g={'x':1}\n"),
    "ini-quoted": ini("""h1 a="b c" b='d e' c="it's" d='say "x"' e="1" f='"2"' g="'3'" h=x\\ y\n"""),
    "ini-typed-odd": ini("h1 a=0123 b=1_000 c=1e3 d=-5 e=+7 f=0x1F g=0o17 h=.5 i=1,2 j=(1,2) k={1} l=b'x' m=1j n=... o=true p=yes q=''\n"),
    "ini-comments": ini("; one\n# two\nh1 a=1 # three\nh2 b=x#y\n[web] # four\nh3   \n"),
    "ini-group-vars": ini("[web]\nw1\n[web:vars]\na=1\nb = spaced \nc=\"quoted\"\nd='it'\ne=x=y\nf=\ng=[1, 'a']\nh=a # kept\n"),
    "ini-vars-before-group": ini("[web:vars]\na=1\n[web]\nw1\n"),
    "ini-children": ini("[web]\nw1\n[db]\nd1\n[site:children]\nweb\ndb\n[site:vars]\na=1\n"),
    "ini-children-first": ini("[top:children]\nmid\n[mid:children]\nlow\n[low]\nh1\n[top:vars]\na=1\nb=1\nc=1\n[mid:vars]\nb=2\nc=2\n[low:vars]\nc=3\n"),
    "ini-all-vars": ini("h1\n[all:vars]\na=1\n[web]\nh2 a=2\n"),
    "ini-all-hosts": ini("[all]\nh1\nh2\n[web]\nh2\n"),
    "ini-ungrouped-vars": ini("h1\n[ungrouped]\nh2\n[ungrouped:vars]\na=1\n[web]\nh2\nh3\n"),
    "ini-ungrouped-explicit": ini("[ungrouped]\nh1\nh2\n[web]\nh1\n"),
    "ini-ranges": ini("web[1:3]\nweb[08:11].x\ndb-[a:c]\nn[1:9:4]\nz[01:05:2]\nr[1:2]u[01:02]\n"),
    "ini-range-letters-step": ini("h-[a:i:3] x=1\nH[X:Z]\n"),
    "ini-range-open": ini("h[:3]\n"),
    "ini-ports": ini("h1:2222\nh2:22 ansible_port=23\n[::1]:2200\n10.0.0.1:99\nw[1:2]:8022\n"),
    "ini-port-on-second": ini("h1\n[web]\nh1:22\n"),
    "ini-ipv6": ini("fe80::1\n::1\n2001:db8::5 a=1\n"),
    "ini-same-host-twice": ini("[a]\nh1 x=1 y=1\n[b]\nh1 x=2\n"),
    "ini-same-var-twice": ini("h1 x=1 x=2\n[g]\nh1\n[g:vars]\ny=1\ny=2\n"),
    "ini-priority": ini("[a]\nh1\n[b]\nh1\n[a:vars]\nx=a\nansible_group_priority=10\n[b:vars]\nx=b\n"),
    "ini-crlf": ini("[web]\r\nw1 a=1\r\n[web:vars]\r\nb=2\r\n"),
    "ini-indented": ini("  [web]\n\tw1 a=1\n   w2\n"),
    "ini-latin-1-comment": Case({"hosts": b"# caf\xe9\n[web]\nw1\n"}),
    "ini-unicode": ini("[büro]\nhöst1 name='Größe'\n"),
    "ini-dashes-in-groups": ini("[web-servers]\nh1\n[1st]\nh2\n[a.b]\nh3\n"),
    "ini-ending": Case({"prod.ini": "[web]\nw1\n"}, sources=("prod.ini",)),
    "ini-other-ending": Case({"hosts.production": "[web]\nw1 a=1\n"}, sources=("hosts.production",)),
    "ini-templates": ini("h1 url='http://{{ inventory_hostname }}/' p={{x}}\n"),
    "ini-windows-path": ini("h1 path='C:\\Temp\\x'\n[g]\nh1\n[g:vars]\nq=C:\\Temp\n"),
    "ini-localhost": ini("localhost ansible_connection=local\n"),
    "ini-empty-group": ini("[web]\n[db]\nd1\n"),
    "ini-empty": ini(""),
    # ---- YAML
    "yml-plain": yml("all: {hosts: {h1: , h2: {a: 1}}}\n"),
    "yml-children": yml("all:\n  children:\n    web:\n      hosts: {w1: , w2: }\n      vars: {a: 1}\n    db: {hosts: {d1: {b: [1, 2]}}}\n  vars: {c: x}\n"),
    "yml-nested": yml("a: {children: {b: {children: {c: {hosts: {h1: }, vars: {v: c}}}, vars: {v: b, w: b}}}, vars: {v: a, w: a, x: a}}\n"),
    "yml-without-all": yml("web: {hosts: {w1: }}\ndb: {hosts: {d1: }}\n"),
    "yml-text-sections": yml("web: {hosts: w1, children: db}\ndb: {hosts: d1}\n"),
    "yml-ranges": yml("web: {hosts: {'w[01:03]': {a: 1}, 'x[a:c:2]': , 'y:22': , '[fe80::1]:23': }}\n"),
    "yml-types": yml("all: {hosts: {h: {a: 1, b: 1.5, c: true, d: null, e: 'x', f: [1, {g: 2}], h: {i: {j: k}}, k: '0123', l: 0x1f, m: .5, n: ~, o: -3}}}\n"),
    "yml-multiline": yml("all:\n  hosts:\n    h:\n      a: |\n        one\n        two\n      b: >\n        one\n        two\n      c: plain\n        goes on\n"),
    "yml-anchors": yml("x: &x {vars: {a: 1}, hosts: {h1: &v {b: 2}, h2: {<<: *v, c: 3}, h3: *v}}\n"),
    "yml-merge-list": yml("all: {hosts: {h: {v: {<<: [{a: 1, b: 1}, {b: 2, c: 2}], c: 3}}}}\n"),
    "yml-empty-groups": yml("web:\ndb: {}\ncache: {hosts: }\nall: {hosts: {h1: }}\n"),
    "yml-same-host-in-two": yml("a: {hosts: {h: {x: 1, y: 1}}}\nb: {hosts: {h: {x: 2}}}\n"),
    "yml-dict-replaced": yml("a: {hosts: {h: {d: {p: 1}}}, vars: {e: {p: 1}}}\nb: {children: {c: {hosts: {h: {d: {q: 2}}}, vars: {e: {q: 2}}}}}\n"),
    "yml-priority": yml("a: {hosts: {h: }, vars: {x: a, ansible_group_priority: 5}}\nb: {hosts: {h: }, vars: {x: b}}\nc: {hosts: {h: }, vars: {ansible_group_priority: 2, x: c}}\n"),
    "yml-depth-beats-priority": yml("a: {vars: {x: a, ansible_group_priority: 99}, children: {b: {hosts: {h: }, vars: {x: b}}}}\n"),
    "yml-names-settle": yml("b: {hosts: {h: }, vars: {x: 1}}\na: {hosts: {h: }, vars: {x: 1, y: 2}}\n"),
    "yml-diamond": yml("l: {children: {x: {hosts: {h: }}}, vars: {a: l}}\nr: {children: {x: }, vars: {b: r}}\nx: {vars: {c: x}}\n"),
    "yml-longest-way-counts": yml("a: {children: {b: {children: {c: {vars: {v: c}}}}, d: {hosts: {h: }, vars: {v: d}}}}\nc: {hosts: {h: }}\n"),
    "yml-ungrouped": yml("ungrouped: {hosts: {h1: , h2: }, vars: {u: 1}}\nweb: {hosts: {h2: }}\n"),
    "yml-all-in-child": yml("all: {children: {ungrouped: {hosts: {h1: }}, web: {hosts: {h2: }}}}\n"),
    "yml-group-in-two": yml("all: {children: {prod: {children: {web: }}, web: {hosts: {h: }}}}\n"),
    "yml-json-text": yml('{"all": {"hosts": {"h": {"a": "x\\u00e9y", "b": "\\ud83d\\ude00"}}}}\n'),
    "yml-json-ending": Case({"hosts.json": '{"web": {"hosts": {"h": {"a": 1}}}}'}, sources=("hosts.json",)),
    "yml-without-ending": Case({"hosts": "web: {hosts: {h: {a: 1}}}\n"}),
    "yml-without-ending-marked": Case({"hosts": "---\nall:\n  hosts:\n    h:\n"}),
    "yml-without-ending-comment": Case({"hosts": "# of today\nall: # everything\n  hosts:\n    h:\n"}),
    "yml-bom": Case({"hosts.yml": b"\xef\xbb\xbfall: {hosts: {h: }}\n"}, sources=("hosts.yml",)),
    "yml-crlf": yml("all:\r\n  hosts:\r\n    h:\r\n      a: 1\r\n"),
    "yml-templates": yml("all: {vars: {a: '{{ b }}', c: 'x {{ inventory_hostname }}'}, hosts: {h: }}\n"),
    "yml-unsafe": yml("all: {hosts: {h: {a: !unsafe 'a {{ b }}', c: [!unsafe '{% x %}']}}}\n"),
    "yml-quoted-words": yml("all: {hosts: {h: {a: 'yes', b: 'no', c: '12:30', d: '1e3'}}}\n"),
    "yml-var-names": yml("all: {hosts: {h: {a-b: 1, 'c d': 2}}}\n"),
    # ---- variables beside the inventory
    "vars-files": Case({"hosts": "[web]\nw1\nw2\n", "group_vars/all.yml": "a: all\nb: all\n", "group_vars/web": "b: web\n", "host_vars/w1.json": '{"c": [1, 2]}', "host_vars/w2.yaml": "c: 3\n"}),
    "vars-folders": Case({"hosts": "[web]\nw1\n", "group_vars/web/10-a.yml": "a: 1\nb: 1\n", "group_vars/web/20-b": "b: 2\n", "group_vars/web/sub/c.json": '{"c": 3}', "group_vars/web/sub/.hidden": "c: 4\n", "group_vars/web/x.txt": "c: 5\n", "group_vars/web/y~": "c: 6\n", "group_vars/web/s.d/z.yml": "c: 7\n", "host_vars/w1/one": "d: 1\n"}),
    "vars-first-ending-wins": Case({"hosts": "h\n", "group_vars/all.yml": "a: yml\n", "group_vars/all.yaml": "a: yaml\n", "group_vars/all.json": '{"a": "json"}'}),
    "vars-folder-hides-file": Case({"hosts": "h\n", "group_vars/all/x.yml": "a: folder\n", "group_vars/all.yml": "a: file\n"}),
    "vars-beat-inventory": Case({"hosts": "[web]\nw1 a=inv\n[web:vars]\nb=inv\n[all:vars]\nc=inv\n", "host_vars/w1": "a: hv\n", "group_vars/web.yml": "b: gv\n", "group_vars/all.yml": "c: gv\n"}),
    "vars-of-nested-groups": Case({"hosts": "[low]\nh\n[mid:children]\nlow\n[top:children]\nmid\n", "group_vars/low.yml": "a: low\n", "group_vars/mid.yml": "a: mid\nb: mid\n", "group_vars/top.yml": "a: top\nb: top\nc: top\n"}),
    "vars-empty-file": Case({"hosts": "h\n", "group_vars/all.yml": "", "host_vars/h.yml": "---\n# nothing\n"}),
    "vars-of-ungrouped": Case({"hosts": "h\n[web]\nw\n", "group_vars/ungrouped.yml": "a: 1\n"}),
    "vars-nobody": Case({"hosts": "h\n", "group_vars/ghosts.yml": "a: 1\n", "host_vars/ghost.yml": "b: 1\n"}),
    "vars-dotted-host": Case({"hosts": "web.example.com\nweb\n", "host_vars/web.example.com.yml": "a: 1\n", "host_vars/web": "a: 2\n"}),
    "vars-beside-another-folder": Case({"inv/hosts": "[web]\nw1\n", "inv/group_vars/web.yml": "a: inv\nb: inv\n", "group_vars/web.yml": "a: play\n", "host_vars/w1.yml": "c: play\n", "inv/host_vars/w1.yml": "c: inv\nd: inv\n"}, sources=("inv/hosts",)),
    "vars-priority-in-file": Case({"hosts": "[a]\nh\n[b]\nh\n", "group_vars/a.yml": "ansible_group_priority: 5\n"}),
    "vars-group-vars-is-a-file": Case({"hosts": "h\n", "group_vars": "a: 1\n"}),
    # ---- several sources, directories, lists
    "many-sources": Case({"one": "[web]\nw1 a=1 b=1\n[web:vars]\nc=1\n", "two.yml": "web: {hosts: {w1: {a: 2}, w2: }, vars: {c: 2}}\n"}, sources=("one", "two.yml")),
    "many-with-list": Case({"one": "[web]\nw1\n"}, sources=("one", "x1,x2,")),
    "many-group-vars": Case({"a/hosts": "[web]\nw1\n", "b/hosts": "[web]\nw1\n", "a/group_vars/web.yml": "v: a\nw: a\n", "b/group_vars/web.yml": "v: b\n"}, sources=("a/hosts", "b/hosts")),
    "many-group-vars-turned": Case({"a/hosts": "[web]\nw1\n", "b/hosts": "[web]\nw1\n", "a/group_vars/web.yml": "v: a\n", "b/group_vars/web.yml": "v: b\n"}, sources=("b/hosts", "a/hosts")),
    "many-three-back-again": Case({"a/x": "[web]\nw1\n", "b/y": "[web]\nw1\n", "a/z": "[web]\nw1\n", "a/group_vars/web.yml": "v: a\n", "b/group_vars/web.yml": "v: b\n"}, sources=("a/x", "b/y", "a/z")),
    "many-vars-across": Case({"one": "[web]\nw1\n", "two": "[web:vars]\na=1\n"}, sources=("one", "two")),
    "folder": Case({"inv/01-a": "[web]\nw1 v=1\n", "inv/02-b.yml": "web: {hosts: {w1: {v: 2}}}\ndb: {hosts: {d1: }}\n", "inv/group_vars/web.yml": "g: 1\n", "inv/x.bak": "[[[", "inv/readme.md": "[[[", "inv/a.cfg": "[[[", "inv/b.retry": "[[[", "inv/.hidden": "[[[", "inv/c~": "[[["}, sources=("inv",)),
    "folder-nested": Case({"inv/a/hosts": "[web]\nw1\n", "inv/b/hosts.yml": "db: {hosts: {d1: }}\n", "inv/a/group_vars/web.yml": "ignored: 1\n"}, sources=("inv",)),
    "folder-order": Case({"inv/b": "h v=b\n", "inv/a": "h v=a\n", "inv/C": "h v=C\n"}, sources=("inv",)),
    "list-hosts": Case({}, sources=("a,b,c",)),
    "list-one": Case({}, sources=("a,",)),
    "list-ports": Case({}, sources=("a:22, b ,10.0.0.1:23,[::1]:24",)),
    "list-with-group-vars": Case({"group_vars/all.yml": "a: 1\n", "host_vars/b.yml": "b: 1\n"}, sources=("a,b,",)),
    "toml": Case({"hosts.toml": '[all.vars]\na = 1\n[web]\nchildren = ["db"]\n[web.hosts]\nw1 = {}\n"w[2:3]" = { b = "x", c = [1, 2] }\n[db.hosts.d1]\nd = 1.5\n[db.vars]\ne = true\n'}, sources=("hosts.toml",)),
    # ---- scripts
    "script-meta": script("print(json.dumps({'web': {'hosts': ['w1', 'w2'], 'vars': {'a': 1}, 'children': ['db']}, 'db': {'hosts': ['d1']}, '_meta': {'hostvars': {'w1': {'b': [1, {'c': 2}]}, 'ghost': {'z': 1}}}}))"),
    "script-host": script("print(json.dumps({'web': {'hosts': ['w1', 'w2']}} if sys.argv[1] == '--list' else {'me': sys.argv[2]} if sys.argv[2] == 'w1' else {}))"),
    "script-lists": script("print(json.dumps({'web': ['w1', 'w2'], 'all': {'vars': {'a': 1}}, '_meta': {'hostvars': {}}}))"),
    "script-empty": script("print(json.dumps({'_meta': {'hostvars': {}}}))"),
    "script-no-ranges": script("print(json.dumps({'web': {'hosts': ['w[1:2]', 'h:22']}, '_meta': {'hostvars': {}}}))"),
    "script-priority": script("print(json.dumps({'a': {'hosts': ['h'], 'vars': {'x': 'a', 'ansible_group_priority': 9}}, 'b': {'hosts': ['h'], 'vars': {'x': 'b'}}, '_meta': {'hostvars': {}}}))"),
    "script-shell": Case({"inv.sh": "#!/bin/sh\nif [ \"$1\" = --list ]; then echo '{\"web\": {\"hosts\": [\"w1\"]}, \"_meta\": {\"hostvars\": {\"w1\": {\"a\": \"b\"}}}}'; fi\n"}, sources=("inv.sh",), run=("inv.sh",)),
    "script-in-folder": Case({"inv/10-hosts": "[web]\nw1 a=1\n", "inv/20-more.py": "#!/usr/bin/env python3\nprint('{\"web\": {\"hosts\": [\"w2\"]}, \"_meta\": {\"hostvars\": {\"w1\": {\"a\": 2}, \"w2\": {\"b\": 1}}}}')\n", "inv/group_vars/web.yml": "g: 1\n"}, sources=("inv",), run=("inv/20-more.py",)),
    "script-unsafe": script("print(json.dumps({'web': {'hosts': ['h']}, '_meta': {'hostvars': {'h': {'a': {'__ansible_unsafe': '{{ x }}'}}}}}))"),
    "script-lone-host": script("print(json.dumps({'box': {'x': 1, 'y': 2}, '_meta': {'hostvars': {}}}))"),
    "executable-data": Case({"hosts": "[web]\nw1\n", "more.yml": "db: {hosts: {d1: }}\n"}, sources=("hosts", "more.yml"), run=("hosts", "more.yml")),
}  # fmt: skip

APART: dict[str, Case] = {
    "two-groups": yml("a: {hosts: {h: }, vars: {x: 1}}\nb: {hosts: {h: }, vars: {x: 2}}\n", differs="Two groups of one level that disagree", error="set 'x' differently for host 'h'"),
    "group-vars-all": Case({"hosts": "[web]\nw1\n[web:vars]\na=web\n", "group_vars/all.yml": "a: all\n"}, differs="The nearer group wins", ours={"w1": {"a": "web"}}, warning="Ansible takes group_vars/all.yml:1:1"),
    "group-vars-parent": Case({"hosts": "[web]\nw1\n[web:vars]\na=web\n[top:children]\nweb\n", "group_vars/top.yml": "a: top\n"}, differs="The nearer group wins", ours={"w1": {"a": "web"}}, warning="Ansible takes group_vars/top.yml:1:1"),
    "playbook-all": Case({"inv/hosts": "[web]\nw1\n", "inv/group_vars/web.yml": "a: web\n", "group_vars/top.yml": "a: top\n", "inv/more": "[top:children]\nweb\n[web]\n"}, sources=("inv/hosts", "inv/more"), differs="The nearer group wins", ours={"w1": {"a": "web"}}, warning="Ansible takes"),
    "yes-and-no": yml("all: {hosts: {h: {a: yes, b: off, c: true}}}\n", differs="YAML 1.2's words", ours={"h": {"a": "yes", "b": "off", "c": True}}, warning="'yes' is text here, and Ansible reads it otherwise (and 1 more such words)"),
    "old-numbers": yml("all: {hosts: {h: {a: 0123, b: 1_000, c: 12:30, d: 1e3, e: 0o17}}}\n", differs="YAML 1.2's words", ours={"h": {"a": "0123", "b": "1_000", "c": "12:30", "d": 1000.0, "e": 15}}, warning="'0123' is text here"),
    "duplicate-key": yml("all: {hosts: {h: {a: 1, a: 2}}}\n", differs="A key twice", error="the key 'a' is here a second time"),
    "unknown-section": yml("web: {hosts: {h: }, var: {a: 1}}\n", differs="Unknown keys", error="unknown key 'var' (did you mean 'vars'?)"),
    "group-of-text": yml("web: text\nall: {hosts: {h: }}\n", differs="Unknown keys", error="must be a mapping of hosts, children, vars, not text"),
    "range-backwards": ini("h[5:1]\nother\n", differs="Names that are none", error="[5:1] begins behind its end"),
    "colon-in-name": ini("h1:x\n", differs="Names that are none", error="'h1:x' is no host name"),
    "list-with-range": Case({}, sources=("w[1:2],x",), differs="Ranges in host lists", ours={"w1": {}, "w2": {}, "x": {}}),
    "host-named-as-group": ini("[web]\nweb a=1\nother\n[web:vars]\nb=2\n", differs="A host and a group of one name", ours={"web": {"a": 1, "b": 2}, "other": {"b": 2}}, warning="'web' is both a host and a group"),
    "yml-that-is-ini": Case({"hosts.yml": "[web]\nw1\n"}, sources=("hosts.yml",), differs="The name of a file tells its format", error="hosts.yml:2:1"),
    "yml-numbers-as-hosts": yml("all: {hosts: {1: , 2: }}\n", differs="Numbers as names", ours={"1": {}, "2": {}}),
    "yml-all-as-child": yml("a: {children: {all: {hosts: {h: }}}}\n", differs="Circles", error="'all' cannot be a child"),
    "circle": ini("[a:children]\nb\n[b:children]\na\n", differs="Circles", error="groups cannot contain themselves: a → b → a"),
    "ini-bom": Case({"hosts": b"\xef\xbb\xbf[web]\nw1\n"}, differs="Byte order marks", ours={"w1": {}}),
    "plugin": yml("plugin: ansible.builtin.constructed\ncompose: {a: 1}\n", differs="Inventory plugins", error="inventory plugins are not supported"),
    "script-fails": script("print('oh no', file=sys.stderr); sys.exit(3)", differs="A script that fails", error="inv.py --list: ended with 3: oh no"),
    "ini-data-in-script": Case({"hosts": "#!/bin/false\n[web]\nw1\n"}, run=("hosts",), differs="A script that fails", error="hosts --list: ended with 1, and said nothing"),
    "secrets": ini("h1 ansible_password=hunter2 other=hunter2 api_token=abc\n", differs="Secrets", ours={"h1": {"ansible_password": "********", "other": "********", "api_token": "********"}}),
    "unsafe-plain": yml("all: {hosts: {h: {a: !unsafe 'plain'}}}\n", differs="Unsafe texts", ours={"h": {"a": "plain"}}),
    "multi-document": yml("web: {hosts: {h: }}\n---\ndb: {hosts: {d: }}\n", differs="A second document", error="a second YAML document begins here"),
}  # fmt: skip

# Patterns over this inventory; a case in APART_PATTERNS differs on purpose: (heading in docs/inventory.md, our hosts or error).
PATTERN_FILES = {
    "hosts.yml": """
all:
  hosts: {lone: , alone.example.com: }
  children:
    web: {hosts: {"web[01:04].x": }}
    web2: {hosts: {web05.x: , web01.x: }}
    db: {hosts: {db-a: , db-b: , shared: }}
    berlin: {hosts: {web03.x: , web01.x: , db-b: , shared: }}
    site:
      hosts: {edge: }
      children: {db: , web2: }
    v6: {hosts: {"fe80::1": , "[::1]:22": }}
    a.b: {hosts: {dotted: }}
    empty: {}
""",
    "list.txt": "web01.x\ndb-b\n",
    "groups.txt": "berlin\n\n!db-b\n",
}
PATTERNS = (
    "all", "*", "web", "web:db", "web,db", "db:web", "web:&berlin", "berlin:&web", "web:!berlin", "!berlin:web", "web:db:&berlin:!shared",
    "&berlin:web", "web01.x", "web01.x:db-a", "db-a,web01.x", "web*", "we?2", "*.x", "db-[ab]", "db-[!a]", "*b*", "we*:!web2", "~web0[12].*", "~.*b$",
    "~(web|db)", "web[0]", "web[-1]", "web[1:2]", "web[2:]", "web[1:9]", "site", "site[0]", "site[1:3]", "site[-2]", "berlin[0]", "web*[0]",
    "ungrouped", "lone", "alone.example.com", "*.example.com", "a.b", "a*", "al*", "fe80::1", "fe80::1,lone", "all:!web*", "all:!site:!v6", "all:&~.*0[1-3]",
    "web:web2", "web2:web", "web:web", " web , db ", "~^w", "[wd]*", "*[0]", "site:!db[0]", "all[3:5]", "v6[1]", "::1", "db:&site:&berlin", "web[0:1],db[1:]", "web[0]:db[0]",
    "web:!empty", "web0[12].x",
)  # fmt: skip
LIMITS = (
    ("all", "web"), ("web", "berlin"), ("web:db", "db:web"), ("all", "@list.txt"), ("web", "@list.txt"), ("all", "@groups.txt"), ("all", "web*,!web2"),
    ("site", "all:!berlin"), ("db", "db-b,db-a"), ("web", "web[0:1]"), ("all", "~.*-b"), ("berlin", "@list.txt,shared"),
)  # fmt: skip
APART_PATTERNS: dict[str, tuple[str, list[str] | str]] = {
    "nowhere": ("A part that matches nothing", "no host and no group is named 'nowhere'"),
    "web:nowhere": ("A part that matches nothing", "no host and no group is named 'nowhere'"),
    "web:!nowhere": ("A part that matches nothing", "no host and no group is named 'nowhere'"),
    "web[7:9]": ("A part that matches nothing", "'web[7:9]' matches nothing (4 hosts there)"),
    "empty": ("A part that matches nothing", "the group 'empty' has no hosts"),
    "empty:web": ("A part that matches nothing", "the group 'empty' has no hosts"),
    "db-[12]": ("Digits in brackets", "no host and no group is named 'db-'"),
    "web:&lone": ("A part that matches nothing", "the pattern 'web:&lone' leaves no host"),
    "!web": ("No implicit all", "the pattern '!web' only takes away (write 'all:!web')"),
    "&web": ("No implicit all", "the pattern '&web' only takes away (write 'all:&web')"),
    "localhost": ("No implicit localhost", "no host and no group is named 'localhost'"),
    "web:db,lone": (
        "Colons beside commas",
        ["web01.x", "web02.x", "web03.x", "web04.x", "db-a", "db-b", "shared", "lone"],
    ),
    "web*[5]": ("Indexes count each host once", "'web*[5]' matches nothing (5 hosts there)"),
    "web[:1]": ("Ranges of indexes", ["web01.x", "web02.x"]),
    "web[2:0]": ("Ranges of indexes", "'web[2:0]' matches nothing (4 hosts there)"),
}
