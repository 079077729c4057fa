"""The app package: what Teams takes, and no more than is needed."""

import io
import json
import zipfile

import pytest
from PIL import Image
from typer.testing import CliRunner

from bot import commands, wording
from bot.cli import app
from bot.platforms._teams import schema
from bot.platforms._teams.manifest import ASK, CONSENTS, WHY, localisation, manifest, package
from config.chat import TeamsSettings
from config.errors import ConfigError
from tests.doubles import open_base
from tests.teams.microsoft import APP, TENANT

SETTINGS = TeamsSettings(app_id=APP, tenant_id=TENANT)
URL = "https://sabio.acme.com"


def opened(packed):
    with zipfile.ZipFile(io.BytesIO(packed)) as files:
        assert files.testzip() is None
        return {one.filename: files.read(one) for one in files.infolist()}


def test_the_package_holds_the_manifest_a_file_a_language_and_both_icons():
    files = opened(package(SETTINGS))
    assert set(files) == {"manifest.json", "es.json", "color.png", "outline.png"}
    told = json.loads(files["manifest.json"])
    named = {told["icons"]["color"], told["icons"]["outline"]}
    named |= {one["file"] for one in told["localizationInfo"]["additionalLanguages"]}
    assert named == set(files) - {"manifest.json"}
    schema.Manifest.model_validate(told)


def test_the_bot_is_the_one_of_the_settings_and_answers_in_the_three_places_that_there_are():
    told = manifest(SETTINGS)
    [bot] = told["bots"]
    assert told["id"] == bot["botId"] == APP
    assert bot["scopes"] == ["personal", "team", "groupChat"]
    assert not bot["supportsFiles"]
    assert not bot["isNotificationOnly"]


def test_icons_have_the_sizes_and_colours_that_teams_asks_for():
    files = opened(package(SETTINGS))
    color = Image.open(io.BytesIO(files["color.png"]))
    assert (color.size, color.format) == ((192, 192), "PNG")
    assert color.convert("RGBA").getpixel((0, 0)) == (0x1F, 0x3A, 0x5F, 255)
    outline = Image.open(io.BytesIO(files["outline.png"]))
    assert (outline.size, outline.format) == ((32, 32), "PNG")
    counted = outline.convert("RGBA").getcolors()
    shown = {pixel: count for count, pixel in counted if pixel[3]}
    assert {pixel[:3] for pixel in shown} == {(255, 255, 255)}
    assert 0 < sum(shown.values()) < 32 * 32 // 2


@pytest.mark.parametrize("language", ["en", "es"])
def test_each_command_that_is_offered_is_one_in_the_words_of_its_language(tmp_path, language):
    told = manifest(SETTINGS)["bots"][0]["commandLists"][0]["commands"]
    if language != "en":
        words = localisation(language)
        place = "bots[0].commandLists[0].commands[{}].title"
        told = [{"title": words[place.format(number)]} for number in range(len(told))]
    with open_base(tmp_path, memory=["wiki"]) as kb:
        found = [commands.read(kb, one["title"]) for one in told]
    assert [one.name for one in found] == ["help", "sources", "status", "sync", "quarantine", "feedback"]


@pytest.mark.parametrize(
    ("language", "titles"),
    [
        ("en", ["Ask Sabio about this", "Why this answer"]),
        ("es", ["Preguntar a Sabio por esto", "Por qué esta respuesta"]),
    ],
)
def test_the_menu_of_a_message_offers_to_ask_about_it_and_why(language, titles):
    [offered] = manifest(SETTINGS)["composeExtensions"]
    assert offered["botId"] == APP
    assert [(one["id"], one["context"], one["fetchTask"]) for one in offered["commands"]] == [
        (ASK, ["message"], True),
        (WHY, ["message"], True),
    ]
    told = localisation(language)
    assert [told[f"composeExtensions[0].commands[{number}].title"] for number in range(2)] == titles


def test_every_language_that_sabio_speaks_is_in_it_whole():
    english = localisation("en")
    for path in wording.LOCALES.glob("*.po"):
        told = localisation(path.stem)
        assert told.keys() == english.keys()
        assert path.stem == "en" or not {told[key] for key in told if key != "$schema"} & set(
            english.values()
        )


def test_hearing_everything_is_asked_for_only_where_it_is_wanted():
    assert not {"authorization", "webApplicationInfo"} & manifest(SETTINGS).keys()
    told = manifest(SETTINGS, follow_ups=True)
    asked = told["authorization"]["permissions"]["resourceSpecific"]
    assert asked == [{"name": name, "type": "Application"} for name in CONSENTS]
    assert told["webApplicationInfo"]["id"] == APP


def test_a_page_of_the_company_is_linked_to_where_there_is_one():
    assert manifest(SETTINGS)["validDomains"] == []
    told = manifest(SETTINGS, f"{URL}/")
    assert told["validDomains"] == ["sabio.acme.com"]
    assert {told["developer"][key] for key in ("websiteUrl", "privacyUrl", "termsOfUseUrl")} == {URL}


def test_it_is_the_same_in_every_cloud_for_nothing_in_it_is_of_one():
    of_government = SETTINGS.model_copy(update={"cloud": "government"})
    assert package(of_government) == package(SETTINGS)
    assert "microsoftonline" not in str(manifest(SETTINGS))


def test_what_is_the_same_has_the_same_bytes():
    assert package(SETTINGS, URL) == package(SETTINGS, URL)
    with zipfile.ZipFile(io.BytesIO(package(SETTINGS))) as files:
        assert {one.date_time for one in files.infolist()} == {(2026, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize(
    ("settings", "given", "says"),
    [
        (TeamsSettings(), {}, "teams.app_id"),
        (SETTINGS, {"url": "http://sabio.acme.com"}, "websiteUrl"),
        (SETTINGS, {"url": "sabio"}, "websiteUrl"),
        (SETTINGS, {"version": "1.0"}, "version"),
    ],
)
def test_what_teams_would_refuse_is_told_before(settings, given, says):
    with pytest.raises(ConfigError, match=says):
        package(settings, **given)


@pytest.mark.parametrize(
    "change",
    [
        {"bots": []},
        {"name": {"short": "S" * 31, "full": "Sabio"}},
        {"description": {"short": "s" * 81, "full": "s"}},
        {"id": "sabio"},
        {"accentColor": "blue"},
        {"unknown": 1},
        {"composeExtensions": []},
        {"composeExtensions": [manifest(SETTINGS)["composeExtensions"][0] | {"commands": []}]},
        {"bots": [manifest(SETTINGS)["bots"][0] | {"scopes": ["personal", "team", "groupChat", "copilot"]}]},
    ],
)
def test_the_schema_takes_nothing_that_microsofts_does_not(change):
    with pytest.raises(ValueError, match="Manifest"):
        schema.Manifest.model_validate(manifest(SETTINGS) | change)


def test_the_command_writes_it_where_it_is_told_to(tmp_path):
    config, out = tmp_path / "sabio.yaml", tmp_path / "app.zip"
    config.write_text(f"teams: {{app_id: {APP}, tenant_id: {TENANT}}}\n")
    given = ["--config", str(config), "manifest", "teams", "--url", URL, "--out", str(out)]
    done = CliRunner().invoke(app, [*given, "--follow-ups", "--app-version", "1.0.1"])
    assert done.exit_code == 0, done.output
    told = json.loads(opened(out.read_bytes())["manifest.json"])
    assert told == manifest(SETTINGS, URL, follow_ups=True, version="1.0.1")
