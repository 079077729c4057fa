"""Settings: one file, its environment and its secrets; and everything wrong told at once."""

from pathlib import Path

import pytest

from config.errors import ConfigError
from config.settings import EXAMPLE, Settings, find_config, load_settings, warnings

STORY = """
data: ./var
llm: none
embedding: local
ledger: sqlite
index: local
sources:
  - {name: handbook, type: folder, path: ./docs, url: "https://wiki.example.com/{path}",
     readers: [everyone], schedule: weekly}
"""

TWINS = "sources: [{name: A, type: t}, {name: a, type: t}]"


@pytest.fixture
def load(tmp_path):
    """Loads a configuration written out as text."""

    def load(text: str, **environ: str) -> Settings:
        file = tmp_path / "sabio.yaml"
        file.write_text(text, encoding="utf-8")
        return load_settings(file, environ={"SABIO_SECRETS_DIR": str(tmp_path / "secrets"), **environ})

    return load


@pytest.fixture
def problems(load):
    """What is wrong with a configuration, without the name of the file."""

    def problems(text: str, **environ: str) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load(text, **environ)
        return [problem.rpartition("sabio.yaml")[2] for problem in caught.value.problems]

    return problems


# --- the file ---


def test_the_example_of_the_readme_is_understood(load, tmp_path):
    settings = load(STORY)
    (source,) = settings.sources
    assert (source.name, source.type, source.readers) == ("handbook", "folder", {"everyone"})
    assert source.options == {"path": "./docs", "url": "https://wiki.example.com/{path}"}
    assert settings.data == tmp_path / "var"
    assert settings.folder == tmp_path
    assert settings.file == tmp_path / "sabio.yaml"


def test_an_empty_file_means_the_defaults(load, tmp_path):
    settings = load("# nothing here yet\n")
    assert settings.sources == ()
    assert settings.data == tmp_path / "var"
    assert (settings.sync.brake_share, settings.sync.brake_count) == (0.15, 20)


def test_a_section_whose_lines_are_all_commented_out_means_the_defaults(load):
    assert load("sources:\n  # - name: a\nsync:\n  # batch: 1\n") == load("")


def test_a_number_may_be_a_name(load):
    assert load("sources: [{name: 2026, type: t}]").sources[0].name == "2026"


def test_settings_cannot_be_changed_after_reading(load):
    with pytest.raises(ValueError, match="frozen"):
        load(STORY).sync.batch = 1


def test_words_stay_words_where_yaml_would_see_booleans_times_and_dates(load):
    source = load("sources: [{name: no, type: on, label: 2026-01-01, at: 22:30, off: yes, n: 0755}]").sources[
        0
    ]
    assert (source.name, source.type, source.label) == ("no", "on", "2026-01-01")
    assert source.options == {"at": "22:30", "off": "yes", "n": "0755"}


def test_anchors_and_merges_spare_repetition(load):
    text = """
sources:
  - &first {name: a, type: folder, path: ./a, readers: [everyone]}
  - {<<: *first, name: b, path: ./b}
"""
    _, second = load(text).sources
    assert (second.name, second.readers, second.options) == ("b", {"everyone"}, {"path": "./b"})


def test_a_source_without_a_schedule_has_the_common_one(load):
    settings = load(
        "sync: {schedule: daily}\nsources: [{name: a, type: t}, {name: b, type: t, schedule: 30 2 * * 0}]"
    )
    assert [settings.schedule(source) for source in settings.sources] == ["daily", "30 2 * * 0"]


def test_people_are_told_apart_by_e_mail_whatever_its_case(load):
    settings = load(
        "groups: {hr: [Ana@Acme.com, 'group:x/y']}\n"
        "sources: [{name: a, type: t, readers: ['user:Eva@ACME.com', 'group:HR', 'domain:Acme.com']}]"
    )
    assert settings.groups == {"hr": {"user:ana@acme.com", "group:x/y"}}
    assert settings.sources[0].readers == {"user:eva@acme.com", "group:HR", "domain:acme.com"}


def test_readers_that_are_not_set_are_not_the_same_as_nobody(load):
    unset, nobody = load("sources: [{name: a, type: t}, {name: b, type: t, readers: []}]").sources
    assert unset.readers is None
    assert nobody.readers == frozenset()


# --- the environment ---


def test_the_environment_wins_over_the_file(load):
    settings = load(
        STORY, SABIO_LEDGER="postgresql://db/sabio", SABIO_SYNC__BATCH="8", SABIO_LOG__FORMAT="json"
    )
    assert settings.ledger == "postgresql://db/sabio"
    assert settings.sync.batch == 8
    assert settings.log.format == "json"


def test_lists_and_mappings_in_the_environment_are_written_as_in_the_file(load):
    settings = load(
        "", SABIO_SOURCES='[{"name": "a", "type": "folder", "path": "/docs"}]', SABIO_GROUPS="{hr: [a@b.com]}"
    )
    assert settings.sources[0].options == {"path": "/docs"}
    assert settings.groups == {"hr": {"user:a@b.com"}}


def test_an_empty_variable_says_nothing(load):
    assert load(STORY, SABIO_DATA="", SABIO_LEDGER="") == load(STORY)


def test_variables_that_kubernetes_gives_a_pod_are_no_settings(load):
    kubernetes = {
        "SABIO_SERVICE_HOST": "10.0.0.1",
        "SABIO_SERVICE_PORT": "80",
        "SABIO_PORT": "tcp://10.0.0.1:80",
        "SABIO_PORT_80_TCP_ADDR": "10.0.0.1",
    }
    assert load(STORY, **kubernetes) == load(STORY)
    assert warnings(kubernetes) == []


def test_a_variable_that_is_almost_a_setting_is_worth_a_warning():
    assert warnings(
        {"SABIO_EMBEDING": "local", "SABIO_CONFIG": "x", "SABIO_SYNC__BATCH": "1", "HOME": "/"}
    ) == ["SABIO_EMBEDING is not read; did you mean SABIO_EMBEDDING?"]


def test_a_group_that_nobody_is_in_is_worth_a_warning(load):
    settings = load(
        "groups: {hr: []}\nsources: [{name: a, type: t, readers: ['group:hr', 'group:rh', 'group:wiki/all']}]"
    )
    assert warnings({}, settings) == ["`group:rh` may read the source `a`, but `groups` has no `rh`"]


def test_admins_are_e_mails_groups_or_domains(load):
    settings = load("admins: [Admin@Acme.com, group:ops, 'group:slack/S0123', domain:acme.com]")
    assert settings.admins == {"user:admin@acme.com", "group:ops", "group:slack/S0123", "domain:acme.com"}
    assert load("").admins == frozenset()


def test_everyone_is_no_admin(load):
    with pytest.raises(ConfigError, match="`everyone` is nobody in particular"):
        load("admins: [everyone]")


def test_a_group_of_admins_that_nobody_is_in_is_worth_a_warning_but_not_one_of_a_platform(load):
    settings = load("groups: {ops: []}\nadmins: ['group:ops', 'group:obs', 'group:slack/ops']")
    assert warnings({}, settings) == [
        "`group:obs` may run Sabio from a chat (`admins`), but `groups` has no `obs`"
    ]


@pytest.mark.parametrize(
    ("data", "variable", "expected"),
    [
        (None, None, "beside/the-file"),
        (None, "here", "cwd/here"),
        (Path("there"), "here", "cwd/there"),
    ],
)
def test_a_relative_data_folder_starts_where_it_is_written(tmp_path, monkeypatch, data, variable, expected):
    (tmp_path / "beside").mkdir()
    (tmp_path / "cwd").mkdir()
    (tmp_path / "beside" / "sabio.yaml").write_text("data: ./the-file")
    monkeypatch.chdir(tmp_path / "cwd")
    environ = {"SABIO_DATA": variable} if variable else {}
    settings = load_settings(tmp_path / "beside" / "sabio.yaml", data=data, environ=environ)
    assert settings.data == tmp_path / expected


def test_the_folder_of_a_local_model_starts_beside_the_file(load, tmp_path):
    assert load("embedding: onnx:models/e5").embedding == f"onnx:{tmp_path / 'models' / 'e5'}"


def test_the_folder_of_models_made_beforehand_starts_beside_the_file_or_is_none(load, tmp_path):
    assert load("models: ./made").models == tmp_path / "made"
    assert load("data: var").models is None


# --- which file ---


def test_the_file_is_the_named_one_or_the_one_that_lies_here_or_the_example(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_config(None, {}) == EXAMPLE
    (tmp_path / "sabio.yaml").touch()
    assert find_config(None, {}) == tmp_path / "sabio.yaml"
    assert find_config(None, {"SABIO_CONFIG": "other.yaml"}) == tmp_path / "other.yaml"
    assert find_config(Path("third.yaml"), {"SABIO_CONFIG": "other.yaml"}) == tmp_path / "third.yaml"


def test_the_example_keeps_its_data_where_the_person_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = load_settings(environ={})
    assert settings.file == EXAMPLE
    assert settings.data == tmp_path / "var"
    assert settings.sources


# --- secrets ---


@pytest.mark.parametrize("place", ["variable", "pointer", "folder"])
def test_a_secret_comes_from_a_variable_or_a_file(load, tmp_path, place):
    environ = {}
    (tmp_path / "secrets").mkdir()
    if place == "variable":
        environ["WIKI_TOKEN"] = "canary-1234"
    elif place == "pointer":
        (tmp_path / "elsewhere").write_text("canary-1234\n")
        environ["WIKI_TOKEN_FILE"] = str(tmp_path / "elsewhere")
    else:
        (tmp_path / "secrets" / "WIKI_TOKEN").write_text("canary-1234\n")
    settings = load("sources: [{name: a, type: t, login: 'bot:${WIKI_TOKEN}'}]", **environ)
    assert settings.sources[0].options == {"login": "bot:canary-1234"}
    assert "canary-1234" in settings.secrets


def test_a_secret_that_is_nowhere_names_the_three_places_to_put_it(problems, tmp_path):
    (problem,) = problems("sources:\n  - name: a\n    type: t\n    token: ${WIKI_TOKEN}")
    assert problem.startswith(", line 4: `sources.a.token`: `${WIKI_TOKEN}` was not found")
    assert "variable WIKI_TOKEN," in problem
    assert "WIKI_TOKEN_FILE" in problem
    assert str(tmp_path / "secrets" / "WIKI_TOKEN") in problem


def test_a_doubled_dollar_is_a_plain_one(load):
    assert load("ledger: a$${B}").ledger == "a${B}"


def test_settings_can_be_printed_without_giving_anything_away(load):
    settings = load(
        "ledger: postgresql://sabio:canary-one@db/sabio\n"
        "sources: [{name: a, type: t, password: canary-two, url: 'https://${TOKEN}@x.com',"
        " nested: [{api_key: canary-3, pin_token: 80467312}]}]",
        TOKEN="canary-four",
    )
    printed = f"{settings} {settings!r} {settings.sources} {settings.sources[0]!r}"
    assert "canary" not in printed
    assert "80467312" not in printed
    assert {"canary-one", "canary-two", "canary-3", "canary-four", "80467312"} <= settings.secrets


def test_a_problem_with_a_secret_does_not_print_it(problems):
    (problem,) = problems("sync: {batch: '${TOKEN}'}", TOKEN="canary-1234")
    assert "canary" not in problem
    assert "sync.batch" in problem


# --- what is wrong, for people ---


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("embeding: local", ", line 1: `embeding` is not a setting; did you mean `embedding`?"),
        ("sync:\n  bach: 1", ", line 2: `sync.bach` is not a setting; did you mean `sync.batch`?"),
        ("zzz: 1", ", line 1: `zzz` is not a setting"),
        ("zulu: [x]", ", line 1: `zulu` is not a setting"),
        ("sources: [{name: a}]", ", line 1: `sources.a.type` is missing"),
        ("sources: [{type: t}]", ", line 1: `sources[1].name` is missing"),
        (
            "index: elastic",
            ", line 1: `index`: expected `local` or an address as `weaviate://127.0.0.1:8080?grpc=50051`,"
            " saw `elastic`",
        ),
        (
            "queue: amqp://me:hush-hush@rabbit",
            ", line 1: `queue`: expected `none` or an address as `redis://127.0.0.1:6379/0`, saw `amqp`",
        ),
        (
            "sync: {time_zone: Mars/Olympus}",
            ", line 1: `sync.time_zone`: expected a time zone such as `Europe/Madrid` or `UTC`, saw"
            " `Mars/Olympus`",
        ),
        ("sync: {brake_share: 2}", ", line 1: `sync.brake_share`: expected less than or equal to 1, saw `2`"),
        ("data: ./a\ndata: ./b", ", line 2: `data` stands twice (first on line 1)"),
        (TWINS, ": two sources are named `a`; each needs a name of its own"),
        ("sync: 8", ", line 1: `sync`: expected `name: value` pairs, saw `8`"),
        ("sources: 8", ", line 1: `sources`: expected a list, saw `8`"),
        ("sources: [wiki]", ", line 1: `sources[1]`: expected `name: value` pairs, saw `wiki`"),
        ("sync: {batch: soon}", ", line 1: `sync.batch`: expected a whole number, saw `soon`"),
        ("ledger: [x]", ", line 1: `ledger`: expected text, saw `['x']`"),
        ("a: b: c", ", line 1, column 5: is not valid YAML: mapping values are not allowed here"),
        ("a: [1", ", line 1, column 6: is not valid YAML: expected ',' or ']', but got '<stream end>'"),
        ("a: &a [*a]", ", line 1, column 4: is not valid YAML: an anchor contains itself"),
        ("- a\n- b", ": expected settings as `name: value`, saw list"),
        ("a: %b", ", line 1, column 4: is not valid YAML: found character '%' that cannot start any token"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_its_repair(problems, text, problem):
    assert problems(text) == [problem]


@pytest.mark.parametrize(
    ("reader", "hint"),
    [
        ("ana@acme.com", "did you mean `user:ana@acme.com`?"),
        ("all", "did you mean `everyone`?"),
        ("hr", "did you mean `group:hr`?"),
        ("user:ana", "expected `everyone`, `user:E-MAIL`, `group:NAME` or `domain:NAME`, saw `user:ana`"),
        ("domain:acme", "saw `domain:acme`"),
    ],
)
def test_a_reader_that_is_no_principal_is_refused(problems, reader, hint):
    (problem,) = problems(f"sources: [{{name: a, type: t, readers: ['{reader}']}}]")
    assert "`sources.a.readers`" in problem
    assert problem.endswith(hint)


@pytest.mark.parametrize("schedule", ["hourly", "0 3 * * 1", "*/15 8-18 1,15 * 1-5", "0 0-23/2 * * 0,6"])
def test_a_schedule_is_a_word_or_cron(load, schedule):
    assert load(f"sync: {{schedule: '{schedule}'}}").sync.schedule == schedule


@pytest.mark.parametrize(
    "schedule", ["monthly", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "*/0 * * * *", "a * * * *"]
)
def test_a_schedule_that_could_never_run_is_refused(problems, schedule):
    (problem,) = problems(f"sync: {{schedule: '{schedule}'}}")
    assert "`sync.schedule`: expected" in problem


def test_everything_wrong_is_told_at_once(problems):
    found = problems(
        "embeding: local\nsync: {batch: 0}\nsources: [{name: a/b, type: t, token: '${X}', readers: [hr]}]"
    )
    assert len(found) == 5


def test_a_mistake_in_the_environment_names_the_variable(load):
    with pytest.raises(ConfigError) as caught:
        load("", SABIO_SYNC__BACH="8", SABIO_PARSING__SECONDS="soon", SABIO_SOURCES="[{")
    assert sorted(problem.partition(":")[0] for problem in caught.value.problems) == [
        "SABIO_PARSING__SECONDS",
        "SABIO_SOURCES",
        "SABIO_SYNC__BACH",
    ]


def test_a_file_that_is_not_there_says_how_to_name_one(tmp_path):
    with pytest.raises(ConfigError, match=r"there is no such file; .*--config or SABIO_CONFIG"):
        load_settings(tmp_path / "missing.yaml", environ={})


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    with pytest.raises(ConfigError, match="could not be read"):
        load_settings(tmp_path, environ={})
    (tmp_path / "latin1.yaml").write_bytes("# configuraci\xf3n".encode("latin-1"))
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load_settings(tmp_path / "latin1.yaml", environ={})


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    (tmp_path / "sabio.yaml").write_bytes(b"\xef\xbb\xbfindex: local\n")
    assert load_settings(tmp_path / "sabio.yaml", environ={}).index == "local"


def test_a_secret_file_that_is_a_folder_says_so(problems, tmp_path):
    (tmp_path / "secrets" / "TOKEN").mkdir(parents=True)
    (problem,) = problems("ledger: ${TOKEN}")
    assert "could not be read from" in problem


# --- production engines ---

PRODUCTION = """
ledger: "postgresql://sabio:hush-hush@127.0.0.1:5432/sabio"
index: "weaviate://127.0.0.1:8080?grpc=50051"
queue: "redis://:hidden-too@127.0.0.1:6379/0"
"""


def test_the_production_engines_are_named_by_three_addresses_whose_passwords_are_never_printed(load):
    settings = load(PRODUCTION, SABIO_WEAVIATE_API_KEY="weaviate-key")
    assert settings.ledger == "postgresql://sabio:hush-hush@127.0.0.1:5432/sabio"
    assert settings.index == "weaviate://127.0.0.1:8080?grpc=50051"
    assert settings.queue == "redis://:hidden-too@127.0.0.1:6379/0"
    assert settings.weaviate_api_key == "weaviate-key"
    for secret in ("hush-hush", "hidden-too", "weaviate-key"):
        assert secret in settings.secrets
        assert secret not in repr(settings)


def test_each_of_them_can_come_from_the_environment(load):
    settings = load(
        "", SABIO_LEDGER="postgresql://h/d", SABIO_INDEX="weaviates://w:443", SABIO_QUEUE="rediss://r:6380/1"
    )
    assert (settings.ledger, settings.index, settings.queue) == (
        "postgresql://h/d", "weaviates://w:443", "rediss://r:6380/1",
    )  # fmt: skip
