"""cmd.exe in the lab: what Wine cannot tell us about, and the whole door as sessions send it."""

import pytest

from remediators.lab.world import build

CANARY = 'set R=%&set Q=^"&set X=!&set C=^^&cmd /d /v:on /s /c "echo [!R!!Q!!X!!C!]"'


def out(line, codepage=None, **spec):
    return build("exch01", spec).run(line, codepage).stdout.decode("utf-8" if codepage == 65001 else "cp437")


def test_the_canary_tells_a_command_line_from_a_batch_file():
    assert out(CANARY) == '[%"!^]\r\n'
    assert out(CANARY.replace("R=%", "R=%%")) == '[%%"!^]\r\n'
    assert out(CANARY.replace("R=%", "R=%%"), line_style="script") == '[%"!^]\r\n'
    # In a batch file an undefined %NAME: vanishes up to its colon, here that of "/v:on": nothing is left to run.
    assert out(CANARY, line_style="script") == ""


def test_an_echoed_script_line_shows_marks_that_are_not_yet_numbers():
    said = out('cmd /v:on /c "echo M1:!E!&set E=0&echo M2:!E!"', line_style="script", echo=True)
    assert said.startswith(
        '\r\nC:\\Documents and Settings\\Administrator>cmd /v:on /c "echo M1:!E!&set E=0&echo M2:!E!"'
    )
    assert said.endswith("\r\nM1:!E!\r\nM2:0\r\n")


def test_a_batch_of_fenced_commands_gives_each_its_exit_code():
    line = (
        'set Q=^"&cmd /d /v:on /s /c "ver>nul&reg query !Q!HKLM\\SOFTWARE\\Nothing!Q! 2>&1&set E=!errorlevel!'
        "&echo M1:!E!"
        "&(if not !E!==0 (echo once more&ver>nul&reg query HKLM\\SOFTWARE 2>&1&set E=!errorlevel!&echo M2:!E!))"
        '&(ver|find !Q! 5.!Q!)>nul&(if errorlevel 1 (chcp 65001>nul 2>&1))&chcp&echo Mend"'
    )
    said = out(line)
    assert said.index("M1:1") < said.index("once more") < said.index("M2:0") < said.index("437") < said.index("Mend")
    assert "65001" in out(line, os="2008")


def test_a_value_with_every_special_character_arrives_whole():
    value = 'a&b|c<d>e(f)g^h"i%j!k'
    mapped = "".join(
        {'"': "\\!Q!", "%": "!R!", "!": "!X!", "^": "!C!"}.get(c, f"^{c}" if c in "&|<>()" else c) for c in value
    )
    machine = build("exch01", {})
    inner = f"reg add HKLM\\SOFTWARE\\Lab /v x /d !Q!{mapped}!Q! /f"
    assert machine.run(f'set R=%&set Q=^"&set X=!&set C=^^&cmd /d /v:on /s /c "{inner}"').status == 0
    assert machine.state()["registry"]["HKEY_LOCAL_MACHINE\\SOFTWARE\\Lab"]["x"] == [
        1,
        (value + "\0").encode("utf-16-le").hex(),
    ]


def test_a_line_of_8191_characters_runs_and_a_longer_one_does_not():
    machine = build("exch01", {})
    assert len(machine.run("echo " + "x" * 8186).stdout) == 8188
    ran = machine.run("echo " + "x" * 8187)
    assert (ran.stdout, ran.stderr, ran.status) == (b"", b"The command line is too long.\r\n", 1)


def test_an_unknown_program_is_9009_inside_and_1_outside():
    ran = build("exch01", {}).run("frob")
    text = b"'frob' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n"
    assert (ran.stderr, ran.status) == (text, 1)
    assert out('cmd /v:on /c "frob 2>nul&echo !errorlevel!"') == "9009\r\n"


def test_a_syntax_error_runs_nothing_of_the_line():
    ran = build("exch01", {}).run("echo a&&")
    assert (ran.stdout, ran.status) == (b"", 1)
    assert build("exch01", {}).run("echo a&(echo b").stdout == b""
    assert b"& was unexpected at this time." in build("exch01", {}).run("& echo a").stderr


def test_a_value_that_is_expanded_late_is_never_read_as_syntax():
    assert out('set A=x^&echo gone^>nul&cmd /v:on /c "echo !A!"') == "x&echo gone>nul\r\n"


def test_an_inner_command_in_a_pipe_is_read_a_second_time():
    assert out('set A=x^&echo y&cmd /v:on /c "echo !A!|more"') == "x\r\ny\r\n"


def test_a_block_in_a_pipe_runs_without_delayed_expansion():
    assert out('set A=1&cmd /v:on /c "(echo !A!&echo b)|more"') == "!A! \r\nb \r\n"


def test_the_commands_of_a_for_are_echoed_unless_told_not_to():
    assert "echo 1 \r\n1\r\n" in out("for %i in (1) do echo %i")
    assert out("for %i in (1) do @echo %i") == "1\r\n"


def test_hundreds_of_commands_fit_into_one_line():
    assert out("&".join(["echo x"] * 1000)).count("x") == 1000


def test_asking_for_input_meets_its_end_at_once():
    assert out("set /p A=name?&echo [%A%]") == "name?[%A%]\r\n"


def test_for_f_cannot_read_the_utf_16_that_type_converts():
    machine = build("exch01", {})
    machine.run("reg export HKLM\\SOFTWARE\\Microsoft\\Exchange C:\\e.reg>nul")
    assert machine.run('for /f "delims=" %i in (C:\\e.reg) do @echo %i').stdout == b""
    assert machine.run("type C:\\e.reg").stdout.startswith(b"Windows Registry Editor Version 5.00\r\n")


def test_ping_lets_time_pass_without_waiting():
    machine = build("exch01", {"services": {"SMTPSVC": {"stop_seconds": 30}}})
    machine.run("sc stop SMTPSVC")
    assert b"STOP_PENDING" in machine.run("sc query SMTPSVC").stdout
    machine.run("ping -n 32 127.0.0.1>nul")
    assert b"STOPPED" in machine.run("sc query SMTPSVC").stdout


def test_text_that_the_code_page_cannot_hold_is_lost_and_utf_8_keeps_it():
    registry = {"HKLM\\SOFTWARE\\Lab": {"x": {"type": "sz", "data": "Grüße Ж € “q”"}}}
    assert 'Grüße ? ? "q"' in out("reg query HKLM\\SOFTWARE\\Lab /v x", registry=registry)
    assert "Grüße Ж € “q”" in out("chcp 65001>nul&reg query HKLM\\SOFTWARE\\Lab", 65001, registry=registry)


def test_a_host_speaks_german():
    assert "Aktive Codepage: 850." in out("chcp", language="de")
    ran = build("exch01", {"language": "de"}).run("reg query HKLM\\SOFTWARE\\Nothing")
    assert ran.stderr.decode("cp850").strip().startswith("Fehler:  Der angegebene Registrierungsschlüssel")


@pytest.mark.parametrize(
    ("edition", "text"),
    [
        ("2000", "\r\nMicrosoft Windows 2000 [Version 5.00.2195]\r\n"),
        ("2003", "\r\nMicrosoft Windows [Version 5.2.3790]\r\n"),
        ("2008", "\r\nMicrosoft Windows [Version 6.0.6002]\r\n"),
    ],
)
def test_each_edition_names_its_version(edition, text):
    assert out("ver", os=edition) == text


def test_windows_2000_has_neither_reg_nor_sc():
    machine = build("old", {"os": "2000"})
    assert machine.run("reg query HKLM\\SOFTWARE").status == 1
    assert b"'sc' is not recognized" in machine.run("sc query").stderr
    assert machine.run("net start").status == 0


def test_a_32_bit_shell_on_a_64_bit_host_is_told_by_its_environment():
    assert out("echo %PROCESSOR_ARCHITECTURE% %PROCESSOR_ARCHITEW6432%", architecture="x64", bits=32) == "x86 AMD64\r\n"
    assert out("echo %PROCESSOR_ARCHITECTURE%", architecture="x64") == "AMD64\r\n"


def test_a_batch_file_runs_with_its_own_rules():
    machine = build("exch01", {})
    for line in ("@echo off", "echo %1-%2-%%", "if a==a (", "echo in", ")", "exit /b 5 "):
        machine.run(f"echo {line}>>C:\\t.cmd")
    ran = machine.run("C:\\t.cmd one two")
    assert (ran.stdout, ran.status) == (b"one-two-%\r\nin\r\n", 5)
