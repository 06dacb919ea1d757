"""How signs of several hosts are weighed together: who is meant, which device masks, what a path is judged by."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediators.catalog.causes import CAUSES, RULES, SIGNS
from remediators.engine import evidence, signs
from remediators.engine.diagnosis import Knowledge, diagnose
from remediators.engine.signs import ELSEWHERE, Names
from remediators.model.diagnosis import HERE, HostEvidence, Logged, Look, Path, Queue, Sign, Unknown
from remediators.reports.diagnosis import Frame, diagnosis_text, document, grouped

KNOWLEDGE = Knowledge.of(CAUSES, RULES)
VERBS = frozenset({"BINARYMIME", "CHUNKING", "X-EXPS", "X-LINK2STATE", "XEXCH50"})
CLEAR = Look("ok", "it greets", "ok", VERBS)
MASKED = Look("masked", "220 ****", "rejected")
SILENT = Look("silent", "nothing comes", waited=30.0)


def server(name, *, via=(), looks=None, logged=Logged(), queues=(), **values):  # noqa: B008 - it is frozen
    healthy = {
        "scanner": "off",
        "heuristics": "off",
        "tnef": "forced",
        "service": "running",
        "banner": "default",
        "metabase": "healthy",
    }
    found = {kind: Sign(kind, value, f"{name}: {kind} {value}") for kind, value in (healthy | values).items()}
    return HostEvidence(
        name,
        "windows",
        names=frozenset({name, f"{name}.example.com"}),
        sends=True,
        receives=True,
        exchange=True,
        signs=found,
        logged=logged,
        queues=queues,
        looks={HERE: CLEAR} if looks is None else looks,
        facts={"via": via},
    )


def device(name, inspection="none"):
    sign = Sign("inspection", inspection, f"{name}: {inspection}", {"names": ["X"]})
    return HostEvidence(name, "ios", signs={"inspection": sign}, facts={"via": ()})


def names_of(*remotes):
    return Logged(sum(n for _, n in remotes), "first", "last", dict(remotes))


def judged(*hosts, asked=None):
    known = {host.name: host for host in hosts}
    mail = asked or [host.name for host in hosts if host.platform == "windows"]
    paths, everyone = evidence.paths(known, mail)
    return diagnose(everyone, paths, KNOWLEDGE)


def verdicts(diagnosis, cause, sender, receiver):
    """Verdict by the host at fault."""
    return {
        one.at: one.verdict
        for one in diagnosis.judgements
        if one.cause == cause and (one.path.sender, one.path.receiver) == (sender, receiver)
    }


DROPPED = names_of((("10.0.0.2", "b.example.com"), 3))


# -- who is meant ----------------------------------------------------------------------------------------------------


def test_an_event_means_the_host_of_its_name_even_where_others_share_the_address():
    a, b = (replace(server(name), names=frozenset({"10.0.0.1", f"{name}.example.com"})) for name in "ab")

    assert Names({"a": a, "b": b}).meant(("10.0.0.1", "b.example.com")) == "b"
    assert Names({"a": a, "b": b}).meant(("10.0.0.1", "")) is None
    assert Names({"a": a, "b": b}).meant(("10.0.0.1", "b.other.org")) == "b"
    assert Names({"a": a, "b": b}).meant(("", "c.example.com")) is None


def test_events_that_name_another_receiver_are_no_sign_on_this_path():
    found = judged(server("a", logged=DROPPED), server("b"), server("c", scanner="on"))

    assert verdicts(found, 1, "a", "c")["c"] == "possible"
    assert verdicts(found, 1, "a", "b") == {"a": "ruled out", "b": "ruled out"}


def test_a_scanner_on_the_receiver_is_blamed_there_although_the_sender_logs_it():
    found = judged(server("a", logged=DROPPED), server("b", scanner="on"))

    assert verdicts(found, 1, "a", "b") == {"a": "ruled out", "b": "applies"}


def test_a_queue_that_waits_for_the_semaphore_is_as_good_as_an_event():
    stuck = Queue("b.example.com", 7, information="The semaphore timeout period has expired.", semaphore=True)
    found = judged(server("a", logged=Unknown("the log was cleared"), queues=(stuck,)), server("b", scanner="on"))

    assert verdicts(found, 1, "a", "b")["b"] == "applies"


def test_an_empty_queue_only_remembers_its_reason():
    empty = Queue("b.example.com", 0, information="The semaphore timeout period has expired.", semaphore=True)
    found = judged(server("a", queues=(empty,)), server("b", scanner="on"))

    assert verdicts(found, 1, "a", "b")["b"] == "possible"


def test_events_that_name_nobody_count_for_every_receiver():
    found = judged(server("a", logged=Logged(5, "f", "l", {("", ""): 5})), server("b", scanner="on"))

    assert verdicts(found, 1, "a", "b")["b"] == "applies"


def test_a_sender_whose_events_name_a_host_that_was_not_asked_for_is_judged_all_the_same():
    found = judged(server("a", scanner="on", logged=names_of((("10.9.9.9", "z.other.org"), 2))), server("b"))

    assert verdicts(found, 1, "a", ELSEWHERE) == {"a": "applies"}
    assert verdicts(found, 1, "a", "b")["a"] == "possible"


def test_a_host_alone_is_judged_as_sender_and_as_receiver():
    found = judged(server("a", looks={HERE: SILENT}))

    assert verdicts(found, 4, ELSEWHERE, "a") == {"a": "applies"}
    assert verdicts(found, 1, "a", ELSEWHERE)["a"] == "ruled out"


# -- masks -----------------------------------------------------------------------------------------------------------


def behind(*via, looks, **inspections):
    """What is judged of each device before the receiver b."""
    found = judged(
        server("a", logged=DROPPED), server("b", via=via, looks=looks), *(device(n, inspections[n]) for n in via)
    )
    return verdicts(found, 5, "a", "b")


def test_a_device_applies_where_the_mask_is_seen_through_it_and_not_behind_it():
    assert behind("fw", looks={HERE: MASKED, "fw": CLEAR}, fw="bound") == {"fw": "applies"}


def test_without_a_look_from_behind_it_is_possible_only():
    assert behind("fw", looks={HERE: MASKED}, fw="bound") == {"fw": "possible"}


def test_a_server_that_greets_with_asterisks_itself_does_not_convict_the_device():
    assert behind("fw", looks={HERE: MASKED, "fw": MASKED}, fw="bound") == {"fw": "possible"}


def test_an_unbound_inspection_is_no_cause_and_something_else_masks():
    assert behind("fw", looks={HERE: MASKED, "fw": CLEAR}, fw="unbound") == {"fw": "ruled out", "": "possible"}


def test_of_two_devices_the_one_between_the_two_looks_is_the_one():
    looks = {HERE: MASKED, "outer": MASKED, "inner": CLEAR}

    assert behind("outer", "inner", looks=looks, outer="bound", inner="bound")["inner"] == "applies"


def test_of_two_devices_between_the_looks_neither_is_convicted():
    looks = {HERE: MASKED, "inner": CLEAR}

    assert behind("outer", "inner", looks=looks, outer="bound", inner="bound") == {
        "outer": "possible",
        "inner": "possible",
    }


def test_a_device_that_was_not_read_may_be_the_one():
    looks = {HERE: MASKED, "inner": CLEAR}

    assert behind("outer", "inner", looks=looks, outer="unread", inner="bound") == {
        "outer": "possible",
        "inner": "possible",
    }


def test_a_look_alike_is_possible_and_by_hand():
    assert behind("fw", looks={HERE: MASKED, "fw": CLEAR}, fw="look-alike") == {"fw": "possible"}


def test_a_clear_greeting_through_a_bound_inspection_clears_it():
    assert behind("fw", looks={HERE: CLEAR}, fw="bound") == {"fw": "ruled out"}


VERBS_MASKED, VERBS_REJECTED = Look("ok", "it greets", "masked"), Look("ok", "it greets", "rejected")
GREETING_ONLY = Look("ok", "it greets")  # a device's telnet hears no verbs


@pytest.mark.parametrize("verbs", [VERBS_MASKED, VERBS_REJECTED])
def test_masked_verbs_after_a_plain_greeting_count_as_a_mask(verbs):
    assert behind("fw", looks={HERE: verbs, "fw": CLEAR}, fw="bound") == {"fw": "applies"}


@pytest.mark.parametrize("verbs", [VERBS_MASKED, VERBS_REJECTED])
def test_a_plain_greeting_from_behind_says_nothing_of_verbs_that_were_not_asked_for_there(verbs):
    assert behind("fw", looks={HERE: verbs, "fw": GREETING_ONLY}, fw="bound") == {"fw": "possible"}
    assert behind("fw", looks={HERE: verbs, "fw": GREETING_ONLY}, fw="unbound") == {"fw": "ruled out", "": "possible"}
    seen = behind("out", "in", looks={HERE: verbs, "out": GREETING_ONLY}, **{"out": "bound", "in": "bound"})
    assert seen == {"out": "possible", "in": "possible"}


def aside(*, via, **inspections):
    """What is judged where a router of another site, behind a firewall of its own, sees the receiver masked."""
    router = replace(device("rtr"), facts={"via": ("far",)})
    receiver = server("b", via=via, looks={HERE: CLEAR, "rtr": MASKED})
    devices = [device(name, inspections[name]) for name in (*via, "far")]
    return verdicts(judged(server("a", logged=DROPPED), receiver, router, *devices), 5, "a", "b")


def test_a_mask_that_a_device_off_the_path_puts_on_convicts_nobody_on_it():
    assert aside(via=("fw",), fw="bound", far="bound") == {"fw": "ruled out"}
    assert aside(via=("fw",), fw="none", far="bound") == {"fw": "ruled out"}
    assert aside(via=(), far="bound") == {"": "ruled out"}


def test_a_mask_on_a_path_without_named_devices_is_somebodys():
    found = judged(server("a"), server("b", looks={HERE: MASKED}))

    assert verdicts(found, 5, "a", "b") == {"": "possible"}


def test_a_device_before_the_sender_is_judged_by_the_senders_own_greeting():
    sender = server("a", via=("fw",), looks={HERE: MASKED, "fw": CLEAR}, logged=DROPPED)
    found = judged(sender, server("b"), device("fw", "bound"))

    assert verdicts(found, 5, "a", "b") == {"fw": "applies"}
    assert verdicts(found, 5, "b", "a") == {"fw": "applies"}


# -- banners ---------------------------------------------------------------------------------------------------------


def test_silence_through_an_inspecting_device_is_possible_and_from_behind_it_proof():
    def four(looks):
        found = judged(server("a"), server("b", via=("fw",), looks=looks), device("fw", "bound"))
        return verdicts(found, 4, "a", "b")["b"]

    assert four({HERE: SILENT}) == "possible"
    assert four({HERE: SILENT, "fw": SILENT}) == "applies"


def test_five_minutes_of_silence_make_it_certain():
    def sure(seconds):
        look = replace(SILENT, waited=seconds)
        found = judged(server("a", logged=DROPPED), server("b", looks={HERE: look}))
        return next(one.sure for one in found.judgements if one.cause == 4 and one.path.receiver == "b")

    assert (sure(30.0), sure(300.0)) == ("likely", "certain")


def test_a_greeting_that_has_only_begun_is_possible_until_five_minutes_are_up():
    def four(**look):
        found = judged(server("a", logged=DROPPED), server("b", looks={HERE: Look("unfinished", "220 b", **look)}))
        return verdicts(found, 4, "a", "b")["b"]

    assert [four(waited=30.0), four(waited=300.0), four()] == ["possible", "applies", "applies"]


def test_a_greeting_from_anywhere_clears_the_server():
    found = judged(server("a"), server("b", looks={HERE: SILENT, "rtr": CLEAR}))

    assert verdicts(found, 4, "a", "b") == {"b": "ruled out"}


def test_missing_verbs_are_no_sign_where_exchange_is_not_installed():
    bare = Look("ok", "it greets", "ok", frozenset({"SIZE"}))

    assert signs.verbs(server("b", looks={HERE: bare})).value == "missing"
    assert signs.verbs(replace(server("b", looks={HERE: bare}), exchange=False)).value == "unseen"


# -- telling ---------------------------------------------------------------------------------------------------------


def told(found, asked):
    frame = Frame("2026-11-25T00:00:00Z", "0", ("inv",), "all", "2026-11-18", asked, CAUSES, SIGNS)
    return document(found, frame)


def test_paths_of_which_the_same_holds_are_one_group():
    hosts = [server(f"h{number:02}") for number in range(50)]
    found = judged(*hosts)
    sheet = told(found, [host.name for host in hosts])

    assert sheet["totals"]["paths"] == 50 * 49
    assert len(sheet["paths"]) == 1
    assert sheet["paths"][0]["senders"] == sheet["paths"][0]["receivers"] == [host.name for host in hosts]
    assert len(diagnosis_text(sheet).splitlines()) < 30


def claimed(groups):
    return [(s, r) for group in groups for s in group["senders"] for r in group["receivers"] if s != r]


def test_a_group_never_claims_a_path_that_is_none():
    found = judged(server("a", logged=DROPPED), server("b", scanner="on"), server("c"))
    sheet = told(found, ["a", "b", "c"])

    assert sorted(claimed(sheet["paths"])) == sorted((path.sender, path.receiver) for path in found.paths)


NAMES = st.sampled_from("abcdef")


@given(st.sets(st.tuples(NAMES, NAMES).filter(lambda pair: pair[0] != pair[1]), min_size=1))
def test_whatever_the_paths_are_their_groups_claim_each_once_and_no_other(pairs):
    assert sorted(claimed(grouped(Path(*pair) for pair in sorted(pairs)))) == sorted(pairs)


def test_a_host_in_trouble_among_many_is_told_as_what_leads_to_it_and_from_it():
    pairs = [pair for other in "bcdef" for pair in (("a", other), (other, "a"))]

    assert len(grouped(Path(*pair) for pair in pairs)) == 2


def test_what_is_said_is_said_with_the_fix_and_its_limit():
    sheet = told(judged(server("a", logged=DROPPED), server("b", scanner="on")), ["a", "b"])
    text = diagnosis_text(sheet)

    assert sheet["fixes"] == [{"cause": 1, "playbook": "playbooks/cause1-antivirus.yml", "limit": ["b"], "after": None}]
    assert "cause 1 applies at b (likely): the scanner is on, and mail is dropped" in text
    assert "+ a: event 4006 names b 3 times, the last at last" in text
    assert "remediate plan playbooks/cause1-antivirus.yml -l b" in text


def test_a_banner_waits_for_the_metabase():
    sheet = told(judged(server("a"), server("b", looks={HERE: SILENT}, metabase="corrupt")), ["a", "b"])

    assert [(fix["cause"], fix["after"]) for fix in sheet["fixes"]] == [(4, 6), (6, None)]


def test_control_characters_of_a_host_do_not_reach_the_terminal():
    evil = Look("not-smtp", "\x1b[2Jhello")
    sheet = told(judged(server("a"), server("b", looks={HERE: evil})), ["a", "b"])

    assert "\x1b" not in diagnosis_text(sheet)


def test_ends_with_the_same_trouble_are_told_with_few_groups_of_paths():
    hosts = [server(f"h{number:02}", scanner="on") for number in range(30)]
    text = diagnosis_text(told(judged(*hosts), [host.name for host in hosts]))

    assert "    mail from h00, h01, h02, h03, h04 and 25 more to each other\n" in text


def test_a_command_that_is_shown_can_be_given_as_it_is():
    sheet = told(judged(server("a", logged=DROPPED), server("b", scanner="on")), ["a", "b"])
    text = diagnosis_text({**sheet, "inventory": ["/etc/my hosts.yml"]})

    assert text.count("remediate plan playbooks/cause1-antivirus.yml -l b -i '/etc/my hosts.yml'") == 2


def test_what_was_not_read_is_said_once_for_all_hosts_of_one_trouble():
    dark = [replace(server(name), status="unreachable", error="no route", signs={}) for name in ("b", "c")]
    text = diagnosis_text(told(judged(server("a"), *dark), ["a", "b", "c"]))

    assert "  b, c: unreachable: no route" in text
    assert text.count("no route") == 1
    assert "    ? b, c: could not be asked (see below)" in text


@pytest.mark.parametrize("cause", [1, 3, 6])
def test_a_host_that_could_not_be_asked_is_neither_blamed_nor_cleared(cause):
    dark = HostEvidence("b", "windows", "unreachable", "no route", sends=True, receives=True)
    found = judged(server("a", logged=DROPPED), dark)

    assert verdicts(found, cause, "a", "b")["b"] == "cannot tell"


def test_a_path_passes_the_devices_of_both_ends_each_once():
    a, b = server("a", via=("x", "y")), server("b", via=("y", "z"))
    paths, _ = evidence.paths({"a": a, "b": b}, ["a", "b"])

    assert paths == [Path("a", "b", ("x", "y", "z")), Path("b", "a", ("y", "z", "x"))]


def test_hosts_that_are_no_mail_servers_are_said_to_be_none():
    plain = replace(server("a"), sends=False, receives=False, exchange=False)
    text = diagnosis_text(told(judged(plain), ["a"]))

    assert "0 paths of mail" in text
    assert "None of these hosts is a mail server" in text
