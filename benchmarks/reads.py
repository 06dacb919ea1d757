"""The six reads that every client does."""

KEY = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
NAMES = ("CurrentVersion", "CurrentBuildNumber", "ProductName", "CSDVersion", "CurrentType", "RegisteredOwner")

PLAYBOOK = "- name: Six reads\n  hosts: all\n  tasks:\n" + "".join(
    f"    - name: read {name}\n      registry: {{key: '{KEY}', values: {{{name}: {{type: sz, data: x}}}}}}\n"
    for name in NAMES
)


def hosts_of(inventory):
    """Every host of a YAML inventory with its variables and those of the groups above it."""

    found = {}

    def walk(group, above):
        variables = {**above, **(group.get("vars") or {})}
        for name, own in (group.get("hosts") or {}).items():
            found[name] = {**found.get(name, {}), **variables, **(own or {})}
        for child in (group.get("children") or {}).values():
            walk(child or {}, variables)

    walk(inventory["all"], {})
    return list(found.values())
