"""
What devices say: plausible texts of IOS 12.4, IOS XE, ASA 8 and 9, PIX 6.3, written for this lab.

The wording of errors and prompts follows Cisco's command references as far as they show it.
"""

from __future__ import annotations

from typing import Final

IOS_INVALID: Final = "% Invalid input detected at '^' marker."
ASA_INVALID: Final = "ERROR: % Invalid input detected at '^' marker."
NO_ROLLBACK: Final = "%No Rollback Confirmed Change pending"
ARCHIVE_FIRST: Final = "%Turn config archive on before using Rollback Confirmed Change"
ABORTED: Final = "\n\n***\n*** --- SHUTDOWN ABORTED ---\n***\n"
PIX_UNKNOWN: Final = "Type help or '?' for a list of available commands."

_IOS_124: Final = """\
Cisco IOS Software, 2800 Software (C2800NM-ADVSECURITYK9-M), Version 12.4(24)T3, RELEASE SOFTWARE (fc2)
Technical Support: http://www.cisco.com/techsupport
Copyright (c) 1986-2010 by Cisco Systems, Inc.

ROM: System Bootstrap, Version 12.4(13r)T, RELEASE SOFTWARE (fc1)

{host} uptime is 2 weeks, 3 days, 4 hours, 5 minutes
System returned to ROM by power-on
System image file is "flash:c2800nm-advsecurityk9-mz.124-24.T3.bin"

Cisco 2811 (revision 53.51) with 249856K/12288K bytes of memory.
Processor board ID FTX0000LAB1
2 FastEthernet interfaces
DRAM configuration is 64 bits wide with parity enabled.
239K bytes of non-volatile configuration memory.
62720K bytes of ATA CompactFlash (Read/Write)

Configuration register is 0x2102
"""
_IOS_XE: Final = """\
Cisco IOS XE Software, Version 16.09.04
Cisco IOS Software [Fuji], ISR Software (X86_64_LINUX_IOSD-UNIVERSALK9-M), Version 16.9.4, RELEASE SOFTWARE (fc2)
Technical Support: http://www.cisco.com/techsupport
Copyright (c) 1986-2019 by Cisco Systems, Inc.

ROM: IOS-XE ROMMON

{host} uptime is 2 weeks, 3 days, 4 hours, 5 minutes
Uptime for this control processor is 2 weeks, 3 days, 4 hours, 6 minutes
System returned to ROM by Reload Command
System image file is "bootflash:isr4300-universalk9.16.09.04.SPA.bin"
Last reload reason: Reload Command

cisco ISR4331/K9 (1RU) processor with 1795999K/6147K bytes of memory.
Processor board ID FDO0000LAB2
3 Gigabit Ethernet interfaces
32768K bytes of non-volatile configuration memory.
4194304K bytes of physical memory.
3223551K bytes of flash memory at bootflash:.

Configuration register is 0x2102
"""
_ASA: Final = """\
Cisco Adaptive Security Appliance Software Version {version}
Device Manager Version 6.4(5)

Compiled on Thu 20-May-10 17:15 by builders
System image file is "disk0:/asa-k8.bin"
Config file at boot was "startup-config"

{host} up 17 days 4 hours

Hardware:   ASA5510, 1024 MB RAM, CPU Pentium 4 Celeron 1600 MHz
Internal ATA Compact Flash, 256MB
BIOS Flash M50FW080 @ 0xffe00000, 1024KB

 0: Ext: Ethernet0/0         : address is 0000.5e00.5301, irq 9
 1: Ext: Ethernet0/1         : address is 0000.5e00.5302, irq 9

Licensed features for this platform:
Maximum Physical Interfaces  : Unlimited
Failover                     : Active/Active
Security Contexts            : 2

Serial Number: JMX0000LAB3
Running Activation Key: 0x00000000 0x00000000 0x00000000 0x00000000 0x00000000
Configuration register is 0x1
Configuration has not been modified since last system restart.
"""
_FWSM: Final = """\
FWSM Firewall Version 4.1(5)
Device Manager Version 6.2(1)F

Compiled on Wed 27-Apr-11 19:00 by fwsmbld

{host} up 17 days 4 hours

Hardware:   WS-SVC-FWM-1, 1024 MB RAM, CPU Pentium III 1000 MHz
Flash SMART CF @ 0xc321, 20MB

Licensed Features:
Failover                     : Active/Active
Security Contexts            : 2

Serial Number: SAD000000LAB
Configuration has not been modified since last system restart.
"""
_PIX: Final = """\
Cisco PIX Firewall Version 6.3(5)
Cisco PIX Device Manager Version 3.0(4)

Compiled on Thu 04-Aug-05 21:40 by morlee

{host} up 17 days 4 hours

Hardware:   PIX-515E, 64 MB RAM, CPU Pentium II 433 MHz
Flash E28F128J3 @ 0x300, 16MB
BIOS Flash AM29F400B @ 0xfffd8000, 32KB

0: ethernet0: address is 0000.5e00.5311, irq 10
1: ethernet1: address is 0000.5e00.5312, irq 11
Licensed Features:
Failover:                    Disabled
VPN-DES:                     Enabled

This PIX has a Restricted (R) license.

Serial Number: 000000003 (0x00000003)
Running Activation Key: 0x00000000 0x00000000 0x00000000 0x00000000
Configuration last modified by enable_15 at 09:00:00.000 UTC Mon Nov 23 2026
"""


def show_version(platform: str, version: str, host: str, config_line: str) -> str:
    """``show version``; ``version`` is the release (``12.4``, ``16.9``), else ``config_line`` of the configuration."""
    release = version or config_line.rpartition("ersion ")[2].strip()
    if platform == "pix":
        return _PIX.format(host=host)
    if config_line.startswith("FWSM "):
        return _FWSM.format(host=host)
    if platform == "asa":
        return _ASA.format(host=host, version=release or "8.2(5)")
    return (
        _IOS_XE if release.partition(".")[0].isdigit() and int(release.partition(".")[0]) >= 16 else _IOS_124
    ).format(host=host)


def minutes_and_seconds(seconds: float) -> str:
    """``9 minutes and 58 seconds``, as ``show reload`` says it."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    parts = [f"{hours} hours"] if hours else []
    parts += [f"{minutes} minute{'' if minutes == 1 else 's'}"] if minutes else []
    parts += [f"{whole % 60} seconds"] if whole % 60 or not parts else []
    return " and ".join(parts)


def caret(prompt: str, column: int, message: str) -> str:
    """The line with the caret under what is wrong, and what is wrong."""
    return " " * (len(prompt) + column) + "^\n" + message + "\n"
