"""cscript and adsutil.vbs in the lab, and the greeting that follows the metabase only after a restart."""

import pytest

from remediators.lab.world import build

ADSUTIL = "cscript //nologo %SystemDrive%\\Inetpub\\AdminScripts\\adsutil.vbs "


def adsutil(arguments, host=None, **spec):
    ran = (host or build("exch01", spec)).run(ADSUTIL + arguments)
    assert ran.stderr == b""
    return ran.stdout.decode("cp437").replace("\r\n", "\n"), ran.status


def test_a_string_is_set_read_found_and_deleted():
    host = build("exch01", {})
    line = 'ConnectResponse                 : (STRING) "Contoso mail"\n'
    assert adsutil('SET smtpsvc/1/ConnectResponse "Contoso mail"', host) == (line, 0)
    assert adsutil("GET smtpsvc/1/ConnectResponse", host) == (line, 0)
    assert adsutil("FIND smtpsvc/ConnectResponse", host) == ("Property ConnectResponse found at:\n  SmtpSvc/1\n", 0)
    assert adsutil("DELETE smtpsvc/1/ConnectResponse", host) == ('deleted property "ConnectResponse"\n', 0)
    assert adsutil("FIND smtpsvc/ConnectResponse", host) == (
        "Property ConnectResponse was not found at any node beneath smtpsvc\n", 0)  # fmt: skip


def test_an_unset_property_has_its_own_words_and_code_also_where_it_is_inherited():
    text = 'The parameter "ConnectResponse" is not set at this node.\n'
    assert adsutil("GET smtpsvc/1/ConnectResponse") == (text, -2147463162)
    inherited = {"SmtpSvc": {"ConnectResponse": "x"}}
    assert adsutil("GET smtpsvc/1/ConnectResponse", metabase=inherited) == (text, -2147463162)


def test_the_name_is_echoed_as_it_was_typed():
    host = build("exch01", {"metabase": {"SmtpSvc/1": {"ConnectResponse": 'a "b" c'}}})
    assert (
        adsutil("get /SMTPSVC/1/connectresponse", host)[0] == 'connectresponse                 : (STRING) "a "b" c"\n'
    )
    assert adsutil("get \\smtpsvc\\1\\ConnectResponse", host)[1] == 0


def test_other_types_have_their_own_forms():
    host = build("exch01", {})
    assert adsutil("GET smtpsvc/SmtpInboundCommandSupportOptions", host)[0] == (
        "SmtpInboundCommandSupportOptions: (Long) 7697601\n")  # fmt: skip
    assert adsutil("GET smtpsvc/1/ServerBindings", host)[0] == (
        'ServerBindings                  : (LIST)  (1 Items)\n  ":25:"\n')  # fmt: skip
    assert adsutil("SET smtpsvc/1/ServerBindings :25: :26:", host)[0] == (
        'ServerBindings                  : (LIST) ":25:" ":26:" \n')  # fmt: skip
    assert adsutil("GET smtpsvc/1/ServerAutoStart", host)[0] == "ServerAutoStart                 : (BOOLEAN) True\n"
    assert adsutil("SET smtpsvc/1/MaxSmtpErrors 0x10", host)[0] == "MaxSmtpErrors                   : (INTEGER) 16\n"


def test_enum_shows_a_node_and_its_children():
    assert adsutil("ENUM smtpsvc/1")[0] == (
        'KeyType                         : (STRING) "IIsSmtpServer"\n'
        'ServerComment                   : (STRING) "Default SMTP Virtual Server"\n'
        'ServerBindings                  : (LIST) (1 Items)\n  ":25:"\n\n'
        "ServerState                     : (INTEGER) 2\n"
        "ServerAutoStart                 : (BOOLEAN) True\n"
        "[/smtpsvc/1/Domain]\n\n"
    )
    assert adsutil("ENUM /P smtpsvc") == ("[/smtpsvc/Info]\n[/smtpsvc/1]\n\n", 0)


@pytest.mark.parametrize(
    ("arguments", "text", "code"),
    [
        ("GET smtpsvc/9/ConnectResponse",
         ("The path requested could not be found.\nErrNumber: -2147024893 (0x80070003)\n"
         "Error Trying To GET the Object (GetObject Failed): smtpsvc/9\n"), -2147024893),
        ("SET smtpsvc/9/ConnectResponse x",
         ("The path requested could not be found.\nErrNumber: -2147024893 (0x80070003)\n"
         "Error Trying To Get the Object: smtpsvc/9\n"), -2147024893),
        ("GET smtpsvc/1/Nonsense",
         ("The path requested could not be found.\nErrNumber: -2147024893 (0x80070003)\n"
         "Error Trying To GET the Schema of the property: IIS://localhost/Schema/Nonsense\n"), -2147024893),
        ("DELETE smtpsvc/9/X",
         ("\nThe path requested could not be found.\nErrNumber: -2147024893 (0x80070003)\n"
         "Error deleting the object: smtpsvc/9/X\n"), -2147024893),
        ("ENUM nosvc",
         ("\nThe path requested could not be found.\nErrNumber: -2147024893 (0x80070003)\n"
         "Error Trying To ENUM the Object (GetObject Failed): nosvc\n"), -2147024893),
        ("GET", "Error: Wrong number of Args for the GET command\n", 2),
        ("FROB x", 'Command not recognized: FROB\nFor help, just type "Cscript.exe adsutil.vbs".\n', 2),
    ],
)  # fmt: skip
def test_failures_have_their_words_and_signed_codes(arguments, text, code):
    assert adsutil(arguments) == (text, code)


def test_a_denied_path_is_0x80070005():
    text, code = adsutil("GET smtpsvc/1/ServerComment", denied_metabase=["SmtpSvc"])
    assert text.startswith(
        "Access is denied for the requested path or property.\nErrNumber: -2147024891 (0x80070005)\n"
    )
    assert code == -2147024891


def test_windows_2000_does_not_know_the_property_by_name():
    assert "Schema/ConnectResponse" in adsutil("GET smtpsvc/1/ConnectResponse", os="2000")[0]


def test_script_host_swallows_its_options_and_cannot_be_given_quotes():
    host = build("exch01", {})
    adsutil('SET smtpsvc/1/ConnectResponse "a ""b"" c" //x', host)
    assert host.state()["metabase"]["SmtpSvc/1"]["ConnectResponse"] == "a b c"


def test_without_nologo_three_lines_come_first():
    said = build("exch01", {}).run("cscript C:\\Inetpub\\AdminScripts\\adsutil.vbs GET smtpsvc/1/ServerComment").stdout
    assert said.startswith(
        b"Microsoft (R) Windows Script Host Version 5.6\r\nCopyright (C) Microsoft Corporation 1996-2001."
    )


def test_a_missing_script_is_an_input_error():
    ran = build("exch01", {}).run("cscript //nologo C:\\nothing.vbs")
    assert (ran.stdout, ran.status) == (b'Input Error: Can not find script file "C:\\nothing.vbs".\r\n', 1)


def test_the_greeting_changes_only_when_the_service_starts_again():
    host = build("exch01", {})
    old = host.greeting()
    assert old.startswith(b"220 exch01.example.com Microsoft ESMTP MAIL Service, Version: 6.0.3790.4675 ready at  ")
    adsutil('SET smtpsvc/1/ConnectResponse "Contoso"', host)
    assert host.greeting()[:60] == old[:60]
    host.run("net stop SMTPSVC")
    assert host.greeting() is None
    host.run("net start SMTPSVC")
    assert host.greeting().startswith(b"220 exch01.example.com Contoso ready at  ")
    assert host.greeting().endswith(b" +0000\r\n")


def test_one_virtual_server_can_be_restarted_alone():
    host = build("exch01", {})
    adsutil('SET smtpsvc/1/ConnectResponse "Contoso"', host)
    assert adsutil("STOP_SERVER smtpsvc/1", host) == ("Server smtpsvc/1 Successfully STOPPED\n", 0)
    assert host.greeting() is None
    adsutil("START_SERVER smtpsvc/1", host)
    assert b" Contoso " in host.greeting()


def test_without_iisadmin_there_is_no_metabase():
    host = build("exch01", {})
    host.run("net stop iisadmin /y")
    text, code = adsutil("GET smtpsvc/1/ConnectResponse", host)
    assert (code, "0x80070426" in text) == (-2147023834, True)
