"""Inventories as public repositories have them: clusters, clouds, offices, networks; several files and kinds at once."""

# ruff: noqa: E501  inventories are compact

from __future__ import annotations

from tests.language.corpus import Case

SCRIPT = "#!/usr/bin/env python3\nimport json, sys\n"

FLEETS: dict[str, Case] = {
    # ---- Kubernetes clusters
    "kube-ini": Case({
        "inventory.ini": """# This inventory describe a HA typology with stacked etcd
[kube_control_plane]
node1 ansible_host=95.54.0.12  ip=10.3.0.1 etcd_member_name=etcd1
node2 ansible_host=95.54.0.13 # ip=10.3.0.2 etcd_member_name=etcd2

[etcd:children]
kube_control_plane

[kube_node]
node[2:4] ansible_host="95.54.0.{{ 10 }}"

[calico_rr]

[k8s_cluster:children]
kube_control_plane
kube_node
calico_rr
[k8s_cluster:vars]
ansible_python_interpreter = /usr/bin/python3
""",
        "group_vars/all/all.yml": "---\nbin_dir: /usr/local/bin\nloadbalancer_apiserver_port: 6443\nno_proxy_exclude_workers: false\n",
        "group_vars/all/containerd.yml": "---\n# containerd_storage_dir: /var/lib/containerd\n",
        "group_vars/all/docker.yml": "docker_storage_options: -s overlay2\ndocker_container_storage_setup: false\n",
        "group_vars/k8s_cluster/k8s-cluster.yml": "kube_config_dir: /etc/kubernetes\nkube_users: {kube: {role: admin, groups: ['system:masters']}}\nkubeconfig_localhost: false\nkube_service_addresses: 10.233.0.0/18\n",
        "group_vars/k8s_cluster/addons.yml": "helm_enabled: false\nmetallb_config: {address_pools: {primary: {ip_range: [10.5.0.0/16], auto_assign: true}}}\n",
        "group_vars/etcd.yml": "etcd_data_dir: /var/lib/etcd\netcd_deployment_type: host\n",
        "host_vars/node1.yml": "node_labels: {role: 'a,b'}\n",
    }, sources=("inventory.ini",)),
    "kube-yaml": Case({
        "hosts.yaml": """all:
  hosts:
    node1: {ansible_host: 10.0.0.1, ip: 10.0.0.1, access_ip: 10.0.0.1}
    node2: {ansible_host: 10.0.0.2, ip: 10.0.0.2}
  children:
    kube_control_plane: {hosts: {node1: , node2: }}
    kube_node: {hosts: {node1: , node2: }}
    etcd: {hosts: {node1: }}
    k8s_cluster: {children: {kube_control_plane: , kube_node: }}
    calico_rr: {hosts: {}}
""",
        "group_vars/k8s_cluster.yml": "cluster_name: cluster.local\n",
    }, sources=("hosts.yaml",)),
    "kube-k3s": Case({"hosts.ini": "[master]\n192.16.35.12\n\n[node]\n192.16.35.[10:11]\n\n[k3s_cluster:children]\nmaster\nnode\n", "group_vars/all.yml": '---\nk3s_version: v1.26.9+k3s1\nansible_user: ansibleuser\nextra_server_args: ""\nextra_agent_args: >-\n  --flannel-iface={{ flannel_iface }}\n  --node-ip={{ k3s_node_ip }}\n'}, sources=("hosts.ini",)),
    "openshift": Case({"hosts": """[OSEv3:children]
masters
nodes
etcd

# Set variables common for all OSEv3 hosts
[OSEv3:vars]
ansible_ssh_user=root
openshift_deployment_type=origin
openshift_master_identity_providers=[{'name': 'htpasswd_auth', 'login': 'true', 'challenge': 'true', 'kind': 'HTPasswdPasswordIdentityProvider'}]
openshift_master_users={'user1': '<pre-hashed>', 'user2': 'x'}
os_sdn_network_plugin_name='redhat/openshift-ovs-multitenant'
openshift_node_groups=[{'name': 'node-config-master', 'labels': ['node-role.kubernetes.io/master=true']}, {'name': 'n', 'edits': [{ 'key': 'kubeletArguments.pods-per-core','value': ['20']}]}]
openshift_docker_options="-l warn --ipv6=false"

[masters]
ose3-master[1:3]-ansible.test.example.com

[etcd]
ose3-etcd[1:3]-ansible.test.example.com

[nodes]
ose3-master[1:3]-ansible.test.example.com openshift_node_group_name="node-config-master"
ose3-node[1:2]-ansible.test.example.com openshift_node_labels="{'region': 'primary', 'zone': 'default'}"
"""}),
    # ---- AWX and controllers
    "awx-installer": Case({"inventory": """localhost ansible_connection=local ansible_python_interpreter="/usr/bin/env python3"

[all:vars]
# Remove these lines if you want to run a local image build
dockerhub_base=ansible
# awx_version=15.0.1
pg_hostname=
pg_port=5432
host_port=80
# ssl_certificate=
docker_compose_dir="~/.awx/awxcompose"
#create_preload_data=True
project_data_dir = /var/lib/awx/projects
extra_nginx_include="/etc/nginx/extra.conf"
"""}, sources=("inventory",)),
    "tower-cluster": Case({"inventory": """[tower]
clusternode1.example.com
clusternode2.example.com

[instance_group_test]
clusternode1.example.com
[isolated_group_govcloud]
isolatedA.example.com
[isolated_group_govcloud:vars]
controller=tower

[database]

[all:vars]
pg_host=''
pg_port=''
rabbitmq_use_long_name=true
rabbitmq_port=5672
"""}, sources=("inventory",)),
    "awx-exported": Case({"awx.json": '{"all": {"children": {"aws": {"hosts": {"i-0a1": {"ec2_tags": {"Name": "w\\/1", "b": null}, "ec2_launch_index": 0, "x": 1.0, "y": 1.50}}}, "gcp": {}}, "vars": {"remote_tower_enabled": "true"}}}'}, sources=("awx.json",)),
    # ---- DebOps
    "debops": Case({
        "ansible/inventory/hosts": "[debops_all_hosts]\nserver1 ansible_host=server1.example.org\nserver2\n\n[debops_service_nginx:children]\nwebservers\n\n[webservers]\nserver2\n",
        "ansible/inventory/group_vars/all/dhparam.yml": "---\n\n# Number of DH parameters\ndhparam__bits: [ '2048', '1024' ]\n",
        "ansible/inventory/group_vars/all/keyring": "keyring__enabled: True\nkeyring__list:\n- id: A\n- {id: 'B', url: 'https://x/{{ ansible_domain }}'}\n",
        "ansible/inventory/group_vars/webservers/nginx.yml": "nginx__servers:\n  - name: [ 'a', 'b' ]\n    listen: [ '80', '[::]:80' ]\n    location:\n      '/': |\n        try_files $uri =404;\n\n        deny all;\n",
        "ansible/inventory/host_vars/server2/network.yml": "ifupdown__interfaces:\n  'eth0':\n    type: 'ether'\n    inet: 'dhcp'\n",
        "ansible/inventory/host_vars/server2/10.yml": "a: 1\n",
        "ansible/inventory/host_vars/server2/9.yml": "a: 2\n",
    }, sources=("ansible/inventory",)),
    # ---- Ceph, OpenStack
    "ceph": Case({"hosts": "mon[01:03] monitor_interface=eth1\n\n[mons]\nmon[01:03]\n\n[osds]\nosd-[a:c][1:2] devices=\"['/dev/sdb','/dev/sdc']\" dedicated_devices=['/dev/nvme0n1','/dev/nvme0n1']\n\n[mgrs:children]\nmons\n\n[clients]\nc1 key=\"{'a': \\\"b\\\"}\"\n", "group_vars/all.yml": "ceph_conf_overrides:\n  global:\n    osd_pool_default_pg_num: 8\n    mon_max_pg_per_osd: 1024\n  client.rgw.{{ hostvars[inventory_hostname]['ansible_hostname'] }}:\n    rgw: 1\n", "group_vars/osds.yml": "osd_scenario: lvm\nlvm_volumes: &v\n- {data: d1, data_vg: v1}\nother: *v\n"}),
    "kolla": Case({"multinode": """# These initial groups are the only groups required to be modified.
[control]
control01 neutron_external_interface=eth0 api_interface=em1
control[02:03]
[network:children]
control
[compute]
compute[01:12:4]
[deployment]
localhost       ansible_connection=local
[baremetal:children]
control
network
compute
[tls-backend:children]
control
[common:children]
control
network
compute

# Nova
[nova:children]
control
[nova-api:children]
nova
[nova-super-conductor:children]
nova
[nova-spicehtml5proxy:children]
nova
"""}, sources=("multinode",)),
    "openstack-ansible": Case({"inv.yml": "all:\n  vars:\n    container_networks: &nets\n      br-mgmt: {address: 172.29.236.11, bridge: br-mgmt, netmask: 255.255.252.0, type: veth}\n  children:\n    shared-infra_hosts:\n      hosts:\n        infra[1:3]:\n          container_networks:\n            <<: *nets\n            br-vxlan: {address: null}\n          properties: {}\n"}, sources=("inv.yml",)),
    # ---- Windows
    "windows-domain": Case({"hosts.yml": "windows:\n  children:\n    dcs:\n      hosts:\n        dc[01:02].corp.local:\n    exchange:\n      hosts:\n        EXCH01: {ansible_host: 10.1.1.5}\n        exch02:\n  vars:\n    ansible_connection: winrm\n    ansible_port: 5986\n    ansible_winrm_transport: [ntlm, kerberos]\n    ansible_user: 'CORP\\svc-ansible'\n    ansible_winrm_server_cert_validation: ignore\n    path: \"C:\\\\Program Files\\\\X\"\n    unc: '\\\\server\\share$'\n"}, sources=("hosts.yml",)),
    "windows-ini": Case({"win.ini": "[win]\nsrv1.corp.local ansible_user=CORP\\\\admin path=\"C:\\Program Files\\X\" unc='\\\\fs\\share'\nsrv2 ansible_user='admin@CORP.LOCAL' d=C:\\\\x\n[win:vars]\nansible_user=CORP\\admin\nansible_connection=winrm\nansible_winrm_read_timeout_sec=70\nansible_winrm_scheme = https\nd='C:\\temp'\n"}, sources=("win.ini",)),
    # ---- network devices
    "network-devices": Case({"hosts": "[routers]\nrtr[1:2].site-[a:b] ansible_network_os=cisco.ios.ios\n[switches]\nsw1:2222\n[fw]\n10.0.0.254 ansible_network_os=asa\n[network:children]\nrouters\nswitches\nfw\n[network:vars]\nansible_connection=ansible.netcommon.network_cli\nansible_become=yes\nansible_become_method=enable\nansible_command_timeout=60\nntp=['10.0.0.1', '10.0.0.2']\nbanner=^C Keep out ^C\nacl=permit ip any any # all\n", "group_vars/network/00-base.yml": "snmp: {location: 'x: y'}\nvlans: [{id: 10, name: A}, {id: 0020, name: B}]\n".replace("0020", "20")}),
    "network-netbox": Case({"inv.py": SCRIPT + "print(json.dumps({'all': {'children': ['sites_b', 'sites_a']}, 'sites_a': {'children': ['racks_1'], 'vars': {'tz': 'UTC'}}, 'racks_1': {'hosts': ['r1', 'r2']}, 'sites_b': {'hosts': ['r3']}, 'device_roles_leaf': {'hosts': ['r1', 'r3'], 'vars': {}}, '_meta': {'hostvars': {'r1': {'ansible_host': '10.0.0.1', 'interfaces': [{'name': 'et0', 'mtu': None, 'up': True}], 'custom_fields': {'ä': 1.0}}, 'r9': {'x': 1}}}}))"}, sources=("inv.py",), run=("inv.py",)),
    # ---- dynamic inventories
    "ec2-like": Case({"ec2.py": SCRIPT + "print(json.dumps({'_meta': {'hostvars': {'10.0.0.1': {'ec2_id': 'i-1', 'ec2_launch_time': '2015-01-01T00:00:00.000Z', 'ec2__in_monitoring_element': False}}}, 'ec2': ['10.0.0.1', '10.0.0.2'], 'us-east-1': ['10.0.0.1'], 'tag_Name_web 1': ['10.0.0.2'], 'type_t2_micro': {'hosts': ['10.0.0.1']}, 'security_group_default': {'hosts': [], 'children': ['us-east-1']}}, indent=2))", "hosts": "[web:children]\ntag_Name_db\n\n[tag_Name_db]\n[ec2]\n[web:vars]\na=1\n"}, sources=("ec2.py", "hosts"), run=("ec2.py",)),
    "vagrant-like": Case({".vagrant/inv/vagrant_ansible_inventory": "# Generated by Vagrant\n\ndefault ansible_host=127.0.0.1 ansible_port=2222 ansible_user='vagrant' ansible_ssh_private_key_file='/home/me/.vagrant/machines/default/virtualbox/private_key'\nm2 ansible_host=127.0.0.1 ansible_port=2200 ansible_ssh_common_args='-o StrictHostKeyChecking=no -o \"ProxyCommand ssh -W %h:%p x\"'\n\n[g]\ndefault\nm[2:2]\n\n[g:vars]\nv=[1, 2]\n"}, sources=(".vagrant/inv/vagrant_ansible_inventory",)),
    "script-by-host": Case({"inv": "#!/bin/sh\ncase $1 in\n--list) echo '{\"web\": [\"a\", \"b\"], \"db\": {\"hosts\": [\"c\"], \"vars\": {\"k\": [1]}}}';;\n--host) echo \"{\\\"name\\\": \\\"$2\\\"}\";;\nesac\n", "host_vars/b.json": '{"name": "file", "z": null}'}, sources=("inv",), run=("inv",)),
    "script-noisy": Case({"inv.sh": "#!/bin/sh\necho loading >&2\necho '{\"web\": {\"hosts\": [\"a\"]}, \"_meta\": {\"hostvars\": {\"a\": {}}}}'\n"}, sources=("inv.sh",), run=("inv.sh",)),
    "script-vars-only-group": Case({"inv.py": SCRIPT + "print(json.dumps({'all': {'vars': {'dc': 'x'}}, 'g': {'vars': {'a': 1}}, 'h': {'children': ['g']}, '_meta': {'hostvars': {}}}))"}, sources=("inv.py",), run=("inv.py",)),
    # ---- environments
    "environments": Case({
        "production/hosts": "[web]\nweb1.prod\n[db]\ndb1.prod\n[prod:children]\nweb\ndb\n",
        "production/group_vars/prod.yml": "env: prod\ndomain: example.com\n",
        "production/group_vars/web": "workers: 8\n",
        "staging/hosts": "[web]\nweb1.stage\n[stage:children]\nweb\n",
        "staging/group_vars/stage.yml": "env: stage\n",
        "staging/group_vars/web": "workers: 2\n",
        "group_vars/all/vars.yml": "ntp: pool\n",
    }, sources=("production", "staging"), differs="Two groups of one level that disagree", error="groups 'prod' and 'stage' are on one level and set 'env' differently for host 'web1.prod'"),
    "environments-files": Case({"inv/prod": "[web]\nw1\n[web:vars]\nenv=prod\n", "inv/stage": "[web]\nw2 env=x\n", "inv/group_vars/web.yml": "port: 80\n", "inv/host_vars/w2.yml": "env: y\n"}, sources=("inv/prod", "inv/stage")),
    "folder-of-kinds": Case({"inv/00-static.ini": "[dc1]\na[1:2]\n", "inv/10-more.yml": "dc1: {hosts: {a1: {r: 1}}, vars: {tz: Europe/Berlin}}\ndc2: {hosts: {b1: }}\n", "inv/20-dyn.py": SCRIPT + "print(json.dumps({'dc2': {'hosts': ['b2'], 'vars': {'tz': 'UTC'}}, '_meta': {'hostvars': {'b2': {'r': 2}, 'a1': {'r': 3}}}}))", "inv/99-groups": "[all_dcs:children]\ndc1\ndc2\n", "inv/README.md": "no", "inv/ansible.cfg": "[defaults]\n", "inv/x.bak": "zzz\n", "inv/group_vars/all_dcs.yaml": "x: 1\n"}, sources=("inv",), run=("inv/20-dyn.py",)),
    "folder-and-list": Case({"inv/hosts": "[g]\na\nb\n", "inv/group_vars/g.yml": "x: 1\n"}, sources=("inv", "c,d:2022,")),
    "folder-of-folders": Case({"inv/eu/berlin/hosts": "[berlin]\nb1\n", "inv/eu/hosts.yml": "eu: {children: {berlin: }}\n", "inv/us/hosts": "[us]\nu1\n", "inv/group_vars/eu/all.yml": "tz: CET\n", "inv/eu/berlin/group_vars/berlin.yml": "ignored: true\n"}, sources=("inv",)),
    "same-file-twice": Case({"hosts": "[a]\nh x=1\n[a:vars]\ny=1\n"}, sources=("hosts", "hosts")),
    "later-source-adds": Case({"a.yml": "web: {hosts: {w1: {x: 1, y: {p: 1}}}, vars: {v: 1, m: {a: 1}}}\n", "b.ini": "[web]\nw1 x=2\n[web:vars]\nm={'b': 2}\n[web:children]\nedge\n[edge]\ne1\n"}, sources=("a.yml", "b.ini")),
    "later-source-takes-group-below": Case({"a": "[web]\nw\n[db]\nd\n", "b": "[site:children]\nweb\n[region:children]\nsite\n[site:vars]\nx=1\n[region:vars]\nx=2\ny=2\n"}, sources=("a", "b")),
    # ---- quoting in INI
    "ini-docs": Case({"hosts": "# This is the default ansible 'hosts' file.\n## green.example.com\n## blue.example.com\nmail.example.com\n\n[webservers]\nalpha.example.org\nbeta.example.org ansible_port=5555 ansible_host=192.0.2.50\n192.168.1.100\nwww[001:006].example.com\n[dbservers]\ndb-[99:101]-node.example.com\none.example.com\ndb-[a:f].example.com\n[targets]\nlocalhost  ansible_connection=local\nother1.example.com     ansible_connection=ssh        ansible_user=myuser\n"}),
    "ini-quotes-within": Case({"hosts": "h1 a='x=1 y=2' b=\"it's\" c='{\"k\": \"v\"}' d=\"[1, 'two', {'three': 3}]\" e='a b'c f=\"\" g='\"quoted\"' i=\\'x\\' j=\"a\\\"b\" k='a\\b' l=\"a\\b\" m=\"a\\\\b\"\n"}),
    "ini-hash-in-values": Case({"hosts": "h1 a=pw#1 b='x # y' c=#gone\nh2 a=b #c\n[g]\nh1\n[g:vars]\na=pw#1\nb='x # y'\nc=x # y\nd=#all\n"}),
    "ini-equals-and-blanks": Case({"hosts": "h1 a==b b=c=d= e=\n[g]\nh1\n[g:vars]\na = = b\nb   =   c d   \nkey with blank = 1\nc=\td\t\n"}),
    "ini-lists-and-dicts": Case({"hosts": "h a=[1,2,3] b={'a':1,'b':[2,3]} c=(1,'x') d=\"{'a': True, 'b': None}\" e=[a,b] f={a:1} g=true h=True i=\"True\" j='None' k=null\n[g]\nh\n[g:vars]\nl=[1, 2]\nm={'a': {'b': 'c'}}\nn=['a', \"b\"]\no=[a, b]\np=1,2\nq=(1)\nr=-1\ns=1.0\nt=1e5\nu=0b11\nv=\"1\"\nw='1'\nx=1_0\ny=...\n"}),
    "ini-numbers": Case({"hosts": "h a=007 b=0 c=00 d=1.10 e=1. f=.1 g=-0 h=1e400 i=0777 j=99999999999999999999 k=3.14159265358979323846 l=0x1F m=1e-7 n=10.0.0.1 o=12:30\n"}),
    "ini-odd-sections": Case({"hosts": "[ web ]\nw1\n[db] # the databases\nd1\n[site:children] ; both\ndb\n[a-b.c_d]\nx\n[1]\ny\n[web.vars]\nz\n".replace("[ web ]", "[web]").replace(" ; both", "")}),
    "ini-semicolons": Case({"hosts": ";c\n  ; c\nh1 a=1;2 b='x;y'\n[g]\nh1\n[g:vars]\na=1;2\nb=x ; y\n;c=1\n"}),
    "ini-host-line-comment": Case({"hosts": "h1 # a host\nh2 #\nh3# x=1\n".replace("h3# x=1\n", "h3 x=1# y\n")}),
    "ini-ranges-mixed": Case({"hosts": "r[1:2]s[a:b]-[01:02] v=1\nx[000:002]y\nq[8:12:2].z\nm[a:e:2][A:B]\n10.0.[0:1].[1:2]\n"}),
    "ini-ports-and-names": Case({"hosts": "[web]\nw[1:2].x:2222 a=1\n[2001:db8::1]:22\n2001:db8::2\nuser@host\nhost_name\nHOST.Example\na--b\n"}),
    "ini-vars-of-undeclared-order": Case({"hosts": "[c:vars]\nx=c\n[b:children]\nc\n[a:children]\nb\n[a:vars]\nx=a\ny=a\n[c]\nh1\n[b:vars]\ny=b\n"}),
    "ini-crlf-quoted": Case({"hosts": "[web]\r\nw1 a=\"x y\" b='z'\r\n\r\n[web:vars]\r\nc=[1, 2]\r\nd=\"q\"\r\n"}),
    "ini-no-newline": Case({"hosts": "[web]\nw1 a=1\n[web:vars]\nb=2"}),
    "ini-form-feed": Case({"hosts": "[web]\n\fw1\n\vw2\n \t \nw3\t\ta=1\t\n"}),
    "ini-unicode-blanks": Case({"hosts": "w1 a=caf\u00e9 b=\u65e5\u672c c='\u201cq\u201d'\n[g\u00e9]\nw1\n"}),
    "ini-children-await": Case({"hosts": "[all_of:children]\nz\ny\nx\n[x]\nh1\n[y:vars]\na=1\n[z]\nh3\n[y]\nh2\n[w:children]\ny\nx\nv\n[v]\nh4\n[u:vars]\nb=1\n[t]\nh5\n[u]\nh6\n[t:children]\nv\nx\n"}),
    "ini-children-of-one-declared-late": Case({"hosts": "[c:children]\na\nb\n[d:children]\nb\na\n[b:children]\ne\n[a]\nh1\n[e]\nh2\n"}),
    # ---- YAML styles
    "yml-docs": Case({"hosts.yml": "---\n# one\nungrouped:\n  hosts:\n    mail.example.com:\nwebservers:\n  hosts:\n    foo.example.com:\n    bar.example.com:\n      http_port: 80\n      maxRequestsPerChild: 808\ndbservers:\n  hosts:\n    one.example.com:\n    two.example.com:\neast:\n  hosts:\n    foo.example.com:\nprod:\n  children:\n    dbservers:\n    east:\n...\n"}, sources=("hosts.yml",)),
    "yml-scalars": Case({"h.yml": "all:\n  hosts:\n    h:\n      a: 1.0\n      b: 1e10\n      c: '1'\n      d: \"a\\tb\\n\\u00e9\\x41\"\n      e: |-\n        x\n\n        y\n      f: >+\n        p\n        q\n\n      g: 2024-01-01x\n      h: 10.0.0.0/8\n      i: a:b\n      j: 'it''s'\n      k: -\n      l: \"\"\n      m: {}\n      n: []\n      o: 0\n      p: -1\n      q: .inf\n      r: 1_a\n      s: '@x'\n      t: =\n".replace("      k: -\n", "").replace("      t: =\n", "").replace("b: 1e10", "b: 1.0e+10")}, sources=("h.yml",)),
    "yml-priority-chain": Case({"h.yml": "all:\n  children:\n    base: {vars: {x: base, w: base}, children: {web: {hosts: {h1: }}}}\n    web: {vars: {x: web, ansible_group_priority: 3}}\n    canary: {hosts: {h1: }, vars: {x: canary, ansible_group_priority: 10}}\n    blue: {hosts: {h1: }, vars: {x: blue, ansible_group_priority: '7'}}\n    low: {hosts: {h1: }, vars: {x: low, ansible_group_priority: -2}}\n"}, sources=("h.yml",)),
    "yml-parent-priority": Case({"h.yml": "p: {vars: {x: p, ansible_group_priority: 50}, children: {c: {hosts: {h: }, vars: {x: c}}}}\nq: {hosts: {h: }, vars: {z: q}}\n"}, sources=("h.yml",)),
    "yml-deep-diamond": Case({"h.yml": "a: {children: {b: {children: {d: {hosts: {h: }}}}, c: {children: {d: }}}}\nb: {vars: {only_b: 1}}\nc: {vars: {only_c: 1}}\nd: {vars: {x: d}}\na: {}\n".replace("a: {}\n", "")}, sources=("h.yml",)),
    "yml-vars-in-many-places": Case({"h.yml": "all:\n  vars: {a: 1}\n  children:\n    g:\n      vars: {b: 1}\n      hosts:\n        h: {c: 1}\ng:\n  vars: {b: 2, d: 1}\n  hosts:\n    h: {c: 2}\n    i:\n"}, sources=("h.yml",)),
    "yml-merge-deep": Case({"h.yml": "all:\n  vars:\n    base: &base {a: 1, b: {c: 2}}\n    more: &more {b: 3, d: 4}\n  hosts:\n    h:\n      one: {<<: *base, a: 9}\n      two: {x: 0, <<: *more}\n      lst: &l [1, 2]\n      again: *l\n      <<: *more\n"}, sources=("h.yml",)),
    "yml-non-ascii": Case({"h.yml": "büro:\n  hosts:\n    h1: {städte: [Köln, 東京], emoji: \"\\U0001F600\", s: 'a\u2028b'}\n"}, sources=("h.yml",)),
    "yml-numeric-keys": Case({"h.yml": "all: {hosts: {h: {ports: {80: http, 443: https, true: yes-it-is, null: n, 1.5: f}, '22': x}}}\n"}, sources=("h.yml",)),
    "yml-host-named-with-dots": Case({"h.yml": "all: {hosts: {a.b.c: , 10.0.0.1: {x: 1}, '::1': , 'h1.x:22': , 'w[1:2]:80': {y: 1}}}\n"}, sources=("h.yml",)),
    "yml-vars-empty": Case({"h.yml": "all:\n  hosts:\n    h:\n  vars:\n  children:\n    g:\n      hosts:\n      vars: {}\n      children:\n"}, sources=("h.yml",)),
    "yml-no-ending": Case({"production": "---\nall:\n  children:\n    web:\n      hosts:\n        w1:\n"}, sources=("production",)),
    "mixed-group-vars-styles": Case({"hosts": "[web]\nw1\nw2\n", "group_vars/web/a.yml": "a: {x: 1}\nl: [1]\n", "group_vars/web/b.json": '{"a": {"y": 2}, "l": [2]}', "group_vars/web/c": "z: 1\n", "group_vars/web/.hidden.yml": "no: 1\n", "group_vars/web/d.txt": "no: 2\n", "group_vars/web/e.yml~": "no: 3\n", "group_vars/web/sub/f.yml": "s: 1\n", "group_vars/web/sub.d/g.yml": "no: 4\n", "host_vars/w1/main.yaml": "h: 1\n"}),
    "group-vars-of-ranges": Case({"hosts": "[web]\nw[1:3]\n", "host_vars/w2.yml": "a: 2\n", "host_vars/w3/x.yml": "a: 3\n", "host_vars/w[1:3].yml": "no: 1\n"}),
    "toml-fleet": Case({"hosts.toml": '# fleet\n[all.vars]\nhas_java = false\n\n[web]\nchildren = ["apache", "nginx"]\nvars = { http_port = 8080, myvar = 23 }\n\n[web.hosts]\nhost1 = {}\nhost2 = { ansible_port = 222 }\n\n[apache.hosts]\ntomcat1 = {}\ntomcat2 = { myvar = 34 }\n\n[nginx.hosts]\njenkins1 = {}\n\n[nginx.vars]\nhas_java = true\n'}, sources=("hosts.toml",)),
}  # fmt: skip
