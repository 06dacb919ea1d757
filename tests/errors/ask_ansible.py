"""Runs every mistake through ansible-playbook, one forked process each after one import; prints JSON."""

import contextlib
import json
import os
import sys
from pathlib import Path


def run(folder, arguments):
    """What Ansible prints for one playbook, and how it ends."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        code = 250
        os.dup2(writer, 1)
        os.dup2(writer, 2)
        os.chdir(folder)
        try:
            from ansible.cli.playbook import PlaybookCLI

            cli = PlaybookCLI(["ansible-playbook", *arguments])
            cli.parse()
            code = cli.run()
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 1
        except BaseException as error:  # noqa: BLE001 - what Ansible's own command line prints of it
            from ansible.utils.display import Display

            with contextlib.suppress(Exception):
                Display().error(error)
            code = 1
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code or 0)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8", errors="replace") as stream:
        told = stream.read()
    _, status = os.waitpid(child, 0)
    return [os.waitstatus_to_exitcode(status), told]


def main():
    import ansible
    import ansible.cli.playbook

    asked = json.load(sys.stdin)
    answers = {name: run(Path(folder), arguments) for name, folder, arguments in asked}
    sys.stdout.write(json.dumps({"version": ansible.__version__, "answers": answers}))


main()
