"""
The six causes of KB 919091, what is seen of each, and what follows from it: all rules of `remediate diagnose`, as data.

For each cause the first rule fits that comes first here; `engine.diagnosis` only looks them up. A rule gives its reason
in a few words; what was seen goes with it. Sources are KB 919091 and the project's collected facts of Exchange,
Symantec, IIS and Cisco. Nothing here is measured on real damage: *certain* is said only of what was seen directly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from remediators.model.diagnosis import (
    APPLIES,
    BETWEEN,
    CANNOT_TELL,
    CERTAIN,
    LIKELY,
    POSSIBLE,
    RECEIVER,
    RULED_OUT,
    SENDER,
    WEAK,
    Cause,
    Rule,
)

# -- what can be seen ------------------------------------------------------------------------------------------------
# Every value that a kind of sign can have, and which way it points for the causes that look at it:
# "+" speaks for, "-" against, "?" could not be seen, "=" is told and weighs nothing by itself.
SIGNS: Final[Mapping[str, Mapping[str, str]]] = {
    # Event 4006 with the semaphore text, or a queue that waits for that reason. It is logged on the sender.
    "symptom": {
        "logged": "+",  # it names this receiver
        "unnamed": "+",  # it names nobody that can be read
        "elsewhere": "-",  # it names other hosts only
        "none": "-",
        "unread": "?",
    },
    # The e-mail scanner of an antivirus client on the host.
    "scanner": {"on": "+", "off": "-", "absent": "-", "no-data": "?", "unread": "?"},
    # Heuristics of a mail scanner on the host; which values hold them only the operator's profile says.
    "heuristics": {"on": "+", "off": "-", "absent": "-", "no-data": "?", "unread": "?"},
    # The values of KB 254089 on the sender; only the operator has them.
    "tnef": {"not-forced": "+", "forced": "-", "no-data": "?", "unread": "?"},
    # Whether the receiver understands Summary TNEF, told by the verbs of binary mail that it offers.
    "format": {"lacks": "+", "understands": "-", "unseen": "?"},
    # The first that the receiver says on port 25, from the best place that it was looked at.
    # "silent": none came within a wait that is shorter than the five minutes that RFC 5321 grants a server.
    # "slow": one has begun, and was not whole within such a wait.
    "greeting": {
        "good": "-",
        "masked": "-",
        "slow": "+",
        "bad": "+",
        "silent": "+",
        "busy": "+",
        "closed": "?",
        "unseen": "?",
    },
    "service": {"running": "=", "stopped": "=", "absent": "=", "unread": "?"},
    # Whether something inspects mail between that place and the receiver.
    "view": {"clear": "=", "inspected": "=", "unread": "?"},
    # ConnectResponse; not set means Windows' own greeting, which is healthy.
    "banner": {"default": "=", "own": "=", "unread": "?"},
    # What a device on the path does to mail.
    "inspection": {"bound": "+", "look-alike": "+", "unbound": "-", "none": "-", "nowhere": "?", "unread": "?"},
    # What is seen of a server that stands behind that device.
    "mask": {"through": "+", "shared": "+", "unproved": "+", "everywhere": "?", "clean": "-", "unseen": "?"},
    # Whether that server is the receiver of this path, or its sender.
    "side": {"receiver": "=", "sender": "="},
    # The IIS metabase of the host: two independent signs of damage, one, none. "file-only": IIS has it whole in memory.
    "metabase": {"corrupt": "+", "file-only": "+", "suspect": "+", "healthy": "-", "none": "-", "unread": "?"},
    # The verbs that Exchange's own event sinks add; they hang on the metabase.
    "verbs": {"missing": "+", "present": "-", "unseen": "="},
}

CAUSES: Final = (
    Cause(
        1,
        "The Internet E-mail scanner of an antivirus client (Symantec AntiVirus Corporate Edition 9)",
        ends=(SENDER, RECEIVER),
        signs=("scanner", "symptom"),
        playbook="playbooks/cause1-antivirus.yml",
        confirm="switch the scanner off on this one host and see whether its queue drains",
        supply="put what you know of the product into profiles/NAME.yml, or let the host be read",
    ),
    Cause(
        2,
        "The receiver does not understand Summary TNEF",
        ends=(SENDER,),
        signs=("tnef", "format", "symptom"),
        playbook="playbooks/cause2-tnef.yml",
        confirm="find out whether the receiver, or what it passes mail on to, is Exchange 5.5 or another system",
        supply="put the registry values of your copy of KB 254089 into `tnef_values` and diagnose again",
    ),
    Cause(
        3,
        "Heuristic scanning of Symantec Mail Security alters messages",
        ends=(SENDER, RECEIVER),
        signs=("heuristics", "symptom"),
        playbook="playbooks/cause3-heuristics.yml",
        confirm="switch heuristics off on this one host and see whether the queue drains",
        supply="put what your vendor says of the heuristics into `smsmse_profile`, or profiles/smsmse.yml, and "
        "diagnose again",
    ),
    Cause(
        4,
        "The receiver does not answer with an SMTP banner",
        ends=(RECEIVER,),
        signs=("greeting", "service", "view", "banner", "symptom"),
        playbook="playbooks/cause4-banner.yml",
        confirm="take the greeting from a router next to the receiver: --from ROUTER",
        supply="look from a place that reaches its port 25: --from ROUTER",
    ),
    Cause(
        5,
        "A Cisco firewall inspects SMTP between the servers",
        ends=(BETWEEN,),
        signs=("inspection", "mask", "side", "symptom"),
        playbook="playbooks/cause5-ios.yml",
        by_platform={"asa": "playbooks/cause5-asa.yml", "pix": "playbooks/cause5-pix.yml"},
        confirm="take the greeting from behind the firewall: --from ROUTER, one there or the IOS firewall itself",
        supply="name the devices before each server in the inventory (`via:`), and look through them",
    ),
    Cause(
        6,
        "The IIS metabase is corrupted",
        ends=(SENDER, RECEIVER),
        signs=("metabase", "verbs", "symptom"),
        playbook="playbooks/cause6-metabase.yml",
        confirm="look for a second, independent sign: events 4275 of IIS Config, `adsutil enum_all`, the verbs of EHLO",
        supply="let the host be read: adsutil.vbs and MetaBase.xml are looked at",
    ),
)

_LOGGED = ("logged", "unnamed")
_NO_GREETING = ("bad", "silent")

RULES: Final = (
    # -- cause 1: the scanner, at either end -------------------------------------------------------------------------
    Rule(1, APPLIES, LIKELY, {"scanner": ("on",), "symptom": _LOGGED}, "the scanner is on, and mail is dropped"),
    Rule(1, POSSIBLE, WEAK, {"scanner": ("on",)}, "the scanner is on, but nothing shows that mail is dropped here"),
    Rule(1, RULED_OUT, LIKELY, {"scanner": ("off",)}, "the scanner is off"),
    Rule(1, RULED_OUT, CERTAIN, {"scanner": ("absent",)}, "no antivirus client that is known here is installed"),
    Rule(1, CANNOT_TELL, CERTAIN, {"scanner": ("no-data",)}, "nothing tells where this product keeps its switch"),
    Rule(1, CANNOT_TELL, CERTAIN, {"scanner": ("unread",)}, "the host could not be asked for its antivirus client"),
    # -- cause 2: the sender's format, and who reads it --------------------------------------------------------------
    Rule(2, CANNOT_TELL, CERTAIN, {"tnef": ("no-data",)}, "the registry values of KB 254089 are yours to supply"),
    Rule(2, CANNOT_TELL, CERTAIN, {"tnef": ("unread",)}, "the sender's registry values were not read"),
    Rule(2, RULED_OUT, CERTAIN, {"tnef": ("forced",)}, "the sender is set to plain TNEF already"),
    Rule(
        2,
        APPLIES,
        LIKELY,
        {"tnef": ("not-forced",), "format": ("lacks",), "symptom": _LOGGED},
        "the sender uses Summary TNEF, the receiver takes no binary mail, and mail is dropped",
    ),
    Rule(
        2,
        POSSIBLE,
        WEAK,
        {"tnef": ("not-forced",), "format": ("lacks",)},
        "the receiver takes no binary mail, but nothing shows that mail is dropped here",
    ),
    Rule(
        2,
        POSSIBLE,
        WEAK,
        {"tnef": ("not-forced",), "format": ("understands",), "symptom": _LOGGED},
        "the sender uses Summary TNEF and mail is dropped, but the receiver takes binary mail, which speaks against it",
    ),
    Rule(
        2,
        RULED_OUT,
        LIKELY,
        {"tnef": ("not-forced",), "format": ("understands",)},
        "the receiver takes binary mail, as Summary TNEF is, and nothing shows that mail is dropped",
    ),
    Rule(
        2,
        POSSIBLE,
        WEAK,
        {"tnef": ("not-forced",), "symptom": _LOGGED},
        "the sender uses Summary TNEF and mail is dropped; what the receiver understands was not seen",
    ),
    Rule(2, CANNOT_TELL, CERTAIN, {"tnef": ("not-forced",)}, "what the receiver understands was not seen"),
    # -- cause 3: heuristics, at either end --------------------------------------------------------------------------
    Rule(3, APPLIES, LIKELY, {"heuristics": ("on",), "symptom": _LOGGED}, "heuristics are on, and mail is dropped"),
    Rule(3, POSSIBLE, WEAK, {"heuristics": ("on",)}, "heuristics are on, but nothing shows that mail is dropped here"),
    Rule(3, RULED_OUT, LIKELY, {"heuristics": ("off",)}, "heuristics are off"),
    Rule(3, RULED_OUT, LIKELY, {"heuristics": ("absent",)}, "the product of your profile is not installed"),
    Rule(3, CANNOT_TELL, CERTAIN, {"heuristics": ("no-data",)}, "which values hold the heuristics is yours to supply"),
    Rule(3, CANNOT_TELL, CERTAIN, {"heuristics": ("unread",)}, "the host's mail scanner was not read"),
    # -- cause 4: the receiver's greeting ----------------------------------------------------------------------------
    Rule(4, RULED_OUT, CERTAIN, {"greeting": ("good",)}, "the receiver greets with 220"),
    Rule(4, RULED_OUT, LIKELY, {"greeting": ("masked",)}, "the receiver greets; something on the way masks it"),
    Rule(
        4,
        RULED_OUT,
        CERTAIN,
        {"service": ("stopped", "absent")},
        "the SMTP service does not run, which is another trouble: start it first",
    ),
    Rule(
        4,
        POSSIBLE,
        WEAK,
        {"greeting": ("busy",)},
        "the receiver says that it is busy (421), which may pass: look again",
    ),
    Rule(
        4,
        POSSIBLE,
        WEAK,
        {"greeting": ("slow",)},
        "a greeting has begun and was not whole in time: look again with --greeting-wait 300, as RFC 5321 has it",
    ),
    Rule(
        4,
        APPLIES,
        CERTAIN,
        {"greeting": ("bad",), "service": ("running",), "view": ("clear",), "symptom": _LOGGED},
        "the service runs, nothing inspects the way, and no greeting with 220 comes; mail is dropped",
    ),
    Rule(
        4,
        APPLIES,
        LIKELY,
        {"greeting": _NO_GREETING, "service": ("running",), "view": ("clear",)},
        "the service runs, nothing inspects the way, and no greeting with 220 comes",
    ),
    Rule(
        4,
        POSSIBLE,
        LIKELY,
        {"greeting": _NO_GREETING, "service": ("running",)},
        "no greeting with 220 comes, but the way to the receiver is inspected, or was not read",
    ),
    Rule(
        4,
        POSSIBLE,
        WEAK,
        {"greeting": _NO_GREETING},
        "no greeting with 220 comes; whether the SMTP service runs was not seen",
    ),
    Rule(4, CANNOT_TELL, CERTAIN, {"greeting": ("closed",)}, "no connection to port 25 comes about from here"),
    Rule(4, CANNOT_TELL, CERTAIN, {"greeting": ("unseen",)}, "nobody looked at the receiver's port 25"),
    # -- cause 5: each device on the path ----------------------------------------------------------------------------
    Rule(5, RULED_OUT, CERTAIN, {"inspection": ("none",)}, "the device does not inspect SMTP"),
    Rule(5, RULED_OUT, CERTAIN, {"inspection": ("unbound",)}, "an inspection that no interface uses does nothing"),
    Rule(
        5,
        APPLIES,
        CERTAIN,
        {"inspection": ("bound",), "mask": ("through",), "side": ("receiver",)},
        "the greeting is masked through this device and not behind it, and its inspection is in use",
    ),
    Rule(
        5,
        APPLIES,
        LIKELY,
        {"inspection": ("bound",), "mask": ("through",), "symptom": _LOGGED},
        "this device stands before the sender and masks its greeting; the mail that it drops passes it too",
    ),
    Rule(
        5,
        POSSIBLE,
        WEAK,
        {"inspection": ("bound",), "mask": ("through",)},
        "this device stands before the sender and masks its greeting; nothing shows that mail is dropped here",
    ),
    Rule(
        5,
        POSSIBLE,
        LIKELY,
        {"inspection": ("bound",), "mask": ("shared",)},
        "the greeting is masked between two places with more than one device between them that may do it",
    ),
    Rule(
        5,
        POSSIBLE,
        LIKELY,
        {"inspection": ("bound",), "mask": ("unproved",)},
        "the greeting is masked through this device; nobody looked from behind it",
    ),
    Rule(
        5,
        POSSIBLE,
        WEAK,
        {"inspection": ("bound", "look-alike", "unread"), "mask": ("everywhere",)},
        "the greeting is masked behind this device too: another device does it, or the server itself",
    ),
    Rule(
        5,
        RULED_OUT,
        LIKELY,
        {"mask": ("clean",)},
        "the greeting and its verbs are not masked",
    ),
    Rule(
        5,
        POSSIBLE,
        LIKELY,
        {"inspection": ("look-alike",), "mask": ("through", "shared", "unproved")},
        "the greeting is masked, and this device inspects mail in another way than KB 919091 names: by hand",
    ),
    Rule(
        5,
        POSSIBLE,
        WEAK,
        {"inspection": ("unread", "nowhere"), "mask": ("through", "shared", "unproved")},
        "something masks the greeting; which device does was not seen",
    ),
    Rule(
        5,
        CANNOT_TELL,
        CERTAIN,
        {"inspection": ("nowhere",), "mask": ("everywhere",)},
        "the greeting is masked wherever it is looked at: the server itself may say so",
    ),
    Rule(
        5,
        POSSIBLE,
        WEAK,
        {"inspection": ("bound",), "symptom": _LOGGED},
        "an inspection of mail is in use on the way, and mail is dropped; no greeting was seen through it",
    ),
    Rule(5, CANNOT_TELL, CERTAIN, {"mask": ("unseen",)}, "no greeting was seen through what stands on the way"),
    # -- cause 6: the metabase, at either end ------------------------------------------------------------------------
    Rule(6, APPLIES, CERTAIN, {"metabase": ("corrupt",)}, "two independent signs say that the metabase is damaged"),
    Rule(
        6,
        APPLIES,
        LIKELY,
        {"metabase": ("suspect",), "verbs": ("missing",)},
        "the metabase shows damage, and the verbs that hang on it are missing",
    ),
    Rule(
        6,
        POSSIBLE,
        WEAK,
        {"metabase": ("file-only",)},
        "the file on disk is broken while IIS has it whole in memory: mail goes on until IIS restarts, so have it "
        "written anew before that",
    ),
    Rule(6, POSSIBLE, LIKELY, {"metabase": ("suspect",)}, "one sign says that the metabase is damaged"),
    Rule(
        6,
        POSSIBLE,
        WEAK,
        {"metabase": ("healthy", "unread"), "verbs": ("missing",)},
        "Exchange's verbs are missing in EHLO, although the metabase itself shows no damage that was seen",
    ),
    Rule(6, RULED_OUT, LIKELY, {"metabase": ("healthy",)}, "the metabase can be read whole, in memory and on disk"),
    Rule(6, RULED_OUT, CERTAIN, {"metabase": ("none",)}, "there is no metabase of Exchange here"),
    Rule(6, CANNOT_TELL, CERTAIN, {"metabase": ("unread",)}, "the host's metabase was not read"),
)
