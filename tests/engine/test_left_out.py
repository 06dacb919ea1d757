"""A task that ``when`` leaves out on a host is skipped there, whatever kind of host its remediator is for."""

from remediators.cli.main import run

PLAYBOOK = """
- name: Routers only
  hosts: all
  tasks:
    - name: Mail is not inspected
      ip_inspect: {ensure_tcp: true}
      when: ansible_network_os is defined
    - name: Refused where it is meant
      ip_inspect: {ensure_tcp: true}
"""


def test_a_task_for_devices_is_skipped_on_windows_where_when_says_so(tmp_path, capsys, monkeypatch):
    import json

    from remediators.lab.inventory import generate
    from remediators.lab.serve import Lab

    monkeypatch.chdir(tmp_path)
    (tmp_path / "play.yml").write_text(PLAYBOOK, encoding="utf-8")
    with Lab(generate(1), ports="free", folder=tmp_path / "keys") as lab:
        inventory = str(lab.write_inventory(tmp_path / "lab.yml"))
        run(["plan", "play.yml", "-i", inventory, "--output", "json"])

    items = json.loads(capsys.readouterr().out)["hosts"][0]["items"]
    assert [item["outcome"] for item in items] == ["skipped", "refused"]
