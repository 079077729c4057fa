"""The settings as documentation tells of them."""

from config.reference import PAGE, describe_settings, with_settings


def test_every_setting_has_a_name_of_its_own_and_a_meaning():
    described = describe_settings()
    keys = [setting.key for setting in described]
    assert len(keys) == len(set(keys))
    assert {"data", "sources", "sources[].readers", "groups", "sync.brake_share", "log.level"} <= set(keys)
    assert all(setting.meaning.rstrip().endswith((".", "…")) for setting in described)


def test_a_setting_is_told_with_its_type_and_default():
    by_key = {setting.key: setting for setting in describe_settings()}
    assert by_key["data"][1:3] == ("path", "./var")
    assert by_key["sync.batch"][1:3] == ("whole number", "16")
    assert by_key["translation"][1:3] == ("`auto`, `none` or `apertium`", "auto")
    assert by_key["sources[].name"][1:3] == ("text", "")
    assert by_key["sources[].readers"].type == "list"


def test_the_page_of_settings_is_current():
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_settings(page), "run `make fix`"
