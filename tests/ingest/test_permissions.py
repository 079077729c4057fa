"""Who counts as whom: principals of a person through nested groups, and who may read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.documents import EVERYONE
from ingest.permissions import may_read, principals_of

GROUPS = {
    "hr": frozenset({"user:ana@acme.com"}),
    "staff": frozenset({"domain:acme.com", "group:hr"}),
    "board": frozenset({"group:staff", "user:eva@board.com"}),
    "loop": frozenset({"group:pool"}),
    "pool": frozenset({"group:loop", "user:luis@acme.com"}),
}


def test_a_stranger_is_everyone_and_nobody_else():
    assert principals_of(None, GROUPS) == {EVERYONE}
    assert principals_of("", GROUPS) == {EVERYONE}


def test_groups_hold_people_domains_and_other_groups():
    assert principals_of("ana@acme.com", GROUPS) == {
        EVERYONE, "user:ana@acme.com", "domain:acme.com", "group:hr", "group:staff", "group:board",
    }  # fmt: skip


def test_groups_that_hold_each_other_end():
    assert {"group:loop", "group:pool"} <= principals_of("luis@acme.com", GROUPS)


def test_addresses_count_in_any_case_and_with_blanks_around():
    assert principals_of(" Ana@ACME.com ", GROUPS) == principals_of("ana@acme.com", GROUPS)


@pytest.mark.parametrize("email", ["acme.com", "@acme.com", "ana@"])
def test_what_is_no_address_opens_no_domain(email):
    assert not any(principal.startswith("domain:") for principal in principals_of(email, {}))


def test_a_group_of_everyone_holds_strangers_as_well():
    assert principals_of(None, {"all": frozenset({EVERYONE})}) == {EVERYONE, "group:all"}


def test_an_own_group_may_hold_groups_that_somebody_else_keeps():
    groups = {"hr": frozenset({"group:slack/S1"}), "all": frozenset({"group:hr"})}
    member = principals_of("luis@acme.com", groups, frozenset({"group:slack/S1"}))
    assert {"group:slack/S1", "group:hr", "group:all"} <= member
    assert principals_of("luis@acme.com", groups) == {EVERYONE, "user:luis@acme.com", "domain:acme.com"}


@pytest.mark.parametrize("readers", [None, frozenset()])
def test_unknown_readers_are_nobody(readers):
    assert not may_read(frozenset({EVERYONE}), readers)


PRINCIPALS = st.frozensets(st.sampled_from(["user:a", "user:b", "group:x", "group:y", EVERYONE]))


@given(PRINCIPALS, PRINCIPALS)
def test_reading_takes_one_principal_in_common(principals, readers):
    assert may_read(principals, readers) == bool(principals & readers)
