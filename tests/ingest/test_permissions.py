"""Who counts as whom: principals of a person through nested groups, and who may read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.documents import EVERYONE, Container, Entry, Inheritance
from ingest.permissions import effective, flattened, may_read, principals_of

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


# Who may read what a source lists

STAFF, TEAM = "group:wiki/staff", "group:wiki/team"
ANA, LUIS = "user:ana@acme.com", "user:luis@acme.com"
ALL = frozenset({EVERYONE})


def entry(id_, readers, parent=None, inheritance=Inheritance.NARROWS):
    said = None if readers is None else frozenset(readers)
    return Entry(id_, "1", id_, "text/plain", readers=said, parent=parent, inheritance=inheritance)


def container(id_, readers, parent=None, inheritance=Inheritance.NARROWS):
    return Container(id_, id_, None if readers is None else frozenset(readers), parent, inheritance)


def readers_of(listing, groups=()):
    return {one.id: one.readers for one in effective(listing, flattened(dict(groups)))}


def test_what_nothing_is_above_is_read_by_those_that_are_named():
    assert readers_of([entry("a", [ANA]), entry("b", None)]) == {"a": {ANA}, "b": None}


def test_a_folder_s_readers_may_read_what_lies_in_it_as_well():
    widens = Inheritance.WIDENS
    listing = [
        entry("page", [LUIS], "folder", widens),
        container("folder", None, "drive", widens),
        container("drive", [ANA]),
    ]
    assert readers_of(listing) == {"page": {ANA, LUIS}}


def test_a_page_is_read_by_those_whom_it_and_all_above_it_name():
    listing = [
        container("space", [STAFF]),
        entry("open", ALL, "space"),
        entry("closed", [ANA], "open"),
        entry("below", ALL, "closed"),
    ]
    found = readers_of(listing, {STAFF: frozenset({ANA, LUIS})})
    assert found == {"open": {STAFF}, "closed": {ANA}, "below": {ANA}}


def test_two_groups_that_overlap_leave_those_who_are_in_both():
    listing = [container("space", [STAFF]), entry("page", [TEAM], "space")]
    groups = {STAFF: frozenset({ANA, "domain:acme.com"}), TEAM: frozenset({ANA, LUIS, "user:eva@other.com"})}
    assert readers_of(listing, groups) == {"page": {ANA, LUIS}}


def test_a_group_within_another_stays_a_group_so_that_whoever_joins_it_may_read():
    listing = [container("space", [STAFF]), entry("page", [TEAM], "space")]
    groups = {STAFF: frozenset({TEAM, LUIS}), TEAM: frozenset({ANA})}
    assert TEAM in readers_of(listing, groups)["page"]
    assert LUIS not in readers_of(listing, groups)["page"]


@pytest.mark.parametrize(
    "listing",
    [
        [entry("page", ALL, "gone")],
        [container("space", None), entry("page", ALL, "space")],
        [container("space", ALL), entry("page", None, "space")],
        [entry("page", ALL, "page")],
        [entry("page", ALL, "other"), container("other", ALL, "page")],
    ],
    ids=["not listed above", "unknown above", "unknown itself", "above itself", "a ring"],
)
def test_what_is_not_known_to_be_allowed_is_not_allowed(listing):
    assert readers_of(listing) == {"page": None}


def test_a_folder_that_is_not_listed_gives_nobody_anything():
    assert readers_of([entry("page", [ANA], "gone", Inheritance.WIDENS)]) == {"page": {ANA}}


def test_an_account_without_an_address_is_in_no_domain():
    account = "user:wiki/x@acme.com"
    listing = [container("space", ["domain:acme.com"]), entry("page", [account, ANA], "space")]
    assert readers_of(listing) == {"page": {ANA}}


def test_a_person_is_known_by_each_of_their_names():
    aliases = [frozenset({ANA, "user:ana@old.com", "user:eng/557058"})]
    assert aliases[0] <= principals_of("ana@old.com", {}, aliases=aliases)
    assert "user:eng/557058" not in principals_of("luis@acme.com", {}, aliases=aliases)
    assert "domain:old.com" not in principals_of("ana@acme.com", {}, aliases=aliases)


PEOPLE = ("ana@acme.com", "luis@acme.com", "eva@other.com")
NAMES = ("group:s/a", "group:s/b", "group:s/c")
SOME = st.frozensets(
    st.sampled_from([*(f"user:{one}" for one in PEOPLE), "domain:acme.com", EVERYONE, *NAMES]), max_size=3
)
NODES = st.lists(
    st.tuples(st.none() | SOME, st.none() | st.integers(0, 7), st.sampled_from(list(Inheritance))),
    min_size=1, max_size=8,
)  # fmt: skip


@given(NODES, st.fixed_dictionaries(dict.fromkeys(NAMES, SOME)))
def test_whoever_may_read_by_sets_may_read_one_by_one(nodes, groups):
    """The same rules for one person at a time, without any set of principals being compared to another."""
    listing = [
        entry(str(n), said, None if above is None or above >= n else str(above), how)
        for n, (said, above, how) in enumerate(nodes)
    ]
    found, flat = readers_of(listing, groups), flattened(groups)
    for person in PEOPLE:
        alone = principals_of(person, {})
        counts = alone | {one for one, members in flat.items() if members & alone}
        allowed = {}
        for one in listing:  # what is above comes before
            own, above = may_read(counts, one.readers), allowed.get(one.parent)
            if one.parent is None:
                allowed[one.id] = own
            elif one.inheritance is Inheritance.NARROWS:
                allowed[one.id] = own and bool(above)
            else:
                allowed[one.id] = own or bool(above)
        assert {id_: may_read(counts, readers) for id_, readers in found.items()} == allowed
