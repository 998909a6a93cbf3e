"""The six official languages of the United Nations: complete catalogues, and pages made of them."""

from __future__ import annotations

import html as entities
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages import Catalog, Message

from projections.views.sentences import SENTENCES
from projections.web import languages
from projections.web.event_names import EVENT_NAMES
from projections.web.labels import spelt
from projections.web.languages import CATALOGUES, LANGUAGES, Language, chosen
from tests.conftest import ROOT
from tests.harness import stories
from tests.web.site import Site

OTHERS = [name for name in LANGUAGES if name != "en"]
PLURAL_FORMS = {"ar": 6, "zh": 1, "fr": 2, "ru": 3, "es": 2}
PLACEHOLDER = re.compile(r"%\(\w+\)s|<[^>]+>")
SCRIPTS = {"ar": r"[\u0600-\u06ff]", "zh": r"[\u4e00-\u9fff]", "ru": r"[а-яА-Я]"}
"""Letters by which one sees at once which language a text is in."""

PATHS = ["", "register", "register?q=water&status=listed", "register?q=nothing-like-it",
         f"register/{stories.PARTNERSHIP}", f"register/{stories.PARTNERSHIP}?as_of=2024-03-01",
         "entry/0", "entry/none"]  # fmt: skip


@pytest.fixture(scope="session")
def catalogues() -> ModuleType:
    """The tool that writes the catalogues."""
    spec = importlib.util.spec_from_file_location("catalogues", ROOT / "tools" / "catalogues.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def texts(message: Message) -> list[str]:
    """Return the translations of a message, one for each plural form."""
    return [message.string] if isinstance(message.string, str) else list(message.string)


def by_id(catalogue: Catalog) -> dict[tuple[str, ...], Message]:
    """Return the messages of a catalogue, but for its head."""
    return {
        (message.id,) if isinstance(message.id, str) else tuple(message.id): message
        for message in catalogue if message.id
    }  # fmt: skip


def test_the_languages_are_the_official_ones() -> None:
    """Six, in the order of the United Nations, and no catalogue that nobody offers."""
    assert LANGUAGES == ("ar", "zh", "en", "fr", "ru", "es")
    assert set(CATALOGUES) == {*OTHERS}


def test_the_words_of_templates_and_labels_are_asked_for(catalogues: ModuleType) -> None:
    """The extraction finds marked texts, plurals with both their forms, and every label."""
    asked = {part for message in by_id(catalogues.wanted()) for part in message}
    assert {*languages.labels.LABELS.values(), *EVENT_NAMES} < asked
    marked = ("The whole register", "%(count)s missed", "%(shown)s entries match.")
    assert asked.issuperset(marked)
    templates = Path(languages.__file__).parent / "templates"
    for path in templates.iterdir():
        for words in re.findall(r"""_\("([^"]+)"\)""", path.read_text(encoding="utf-8")):
            assert words in asked, path.name


@pytest.mark.parametrize("name", OTHERS)
def test_a_catalogue_says_what_the_pages_say_and_no_more(catalogues: ModuleType, name: str) -> None:
    """Every text has its translation, certain and not empty; none is left of a text that went."""
    written = CATALOGUES[name].read_text(encoding="utf-8")
    catalogue = catalogues.existing(name)
    found, wanted = by_id(catalogue), by_id(catalogues.wanted())
    assert sorted(wanted.keys() - found.keys()) == [], "run `make catalogues`, and translate"
    assert sorted(found.keys() - wanted.keys()) == [], "run `make catalogues`"
    assert [key for key, m in found.items() if not all(map(str.strip, texts(m)))] == []
    assert [key for key, message in found.items() if message.fuzzy] == []
    assert not catalogue.obsolete
    assert catalogues.updated(name) == written, "run `make catalogues`"


@pytest.mark.parametrize("name", OTHERS)
def test_a_translation_keeps_what_is_filled_in(catalogues: ModuleType, name: str) -> None:
    """Placeholders and tags are those of the English text.

    Only a plural form of one number may leave that number out: Arabic has words for none, one and
    two things.
    """
    catalogue = catalogues.existing(name)
    assert catalogue.num_plurals == PLURAL_FORMS[name]
    for key, message in by_id(catalogue).items():
        needed = sorted(PLACEHOLDER.findall(key[-1]))
        forms = texts(message)
        assert len(forms) == (catalogue.num_plurals if len(key) == 2 else 1), key
        for number, form in enumerate(forms):
            kept = sorted(PLACEHOLDER.findall(form))
            spelt_out = name == "ar" and len(forms) == 6 and number < 3 and kept == []
            assert kept == needed or spelt_out, f"{form} of {key}"


@pytest.mark.parametrize("name", OTHERS)
def test_a_catalogue_is_written_in_its_own_script(catalogues: ModuleType, name: str) -> None:
    """No English text was left standing as its own translation, and none is of another language."""
    same_words = {"obligation", "conditions", "local", "national", "regional", "global", "Cycles",
                  "Pledgebook", "no", "source", "Pages", ", ", "; ", "%(name)s: %(value)s",
                  "%(day)s – %(event)s, %(actor)s"}  # fmt: skip
    for key, message in by_id(catalogues.existing(name)).items():
        for form in texts(message):
            if key[0] not in same_words:
                assert form != key[0]
                assert re.search(SCRIPTS.get(name, r"[a-z]"), form), form


@pytest.mark.parametrize(
    ("name", "count", "words"),
    [
        ("en", 1, "1 delivered"), ("ar", 0, "لم يُنجز أي منها"), ("ar", 1, "واحد منجز"),
        ("ar", 2, "اثنان منجزان"), ("ar", 5, "5 منجزة"), ("ar", 11, "11 منجزا"),
        ("ar", 99, "99 منجزا"), ("ar", 100, "100 منجز"), ("ar", 103, "103 منجزة"),
        ("zh", 3, "3 项已兑现"), ("fr", 0, "0 tenu"),
        ("fr", 2, "2 tenus"), ("es", 0, "0 cumplidos"), ("es", 1, "1 cumplido"),
    ],
)  # fmt: skip
def test_a_number_takes_its_plural_form(name: str, count: int, words: str) -> None:
    """The rule of each catalogue picks the form that its grammar asks for."""
    form = Language.of(name).words.ngettext("%(count)s delivered", "%(count)s delivered", count)
    assert form % {"count": count} == words


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, "отмечено 1 обязательство"), (3, "отмечено 3 обязательства"),
     (11, "отмечено 11 обязательств"), (21, "отмечено 21 обязательство")],
)  # fmt: skip
def test_russian_counts_by_the_last_digits(count: int, words: str) -> None:
    """One, few and many are told apart, and 11 is many."""
    one, more = "%(count)s commitment observed", "%(count)s commitments observed"
    assert Language.of("ru").words.ngettext(one, more, count) % {"count": count} == words


@pytest.mark.parametrize(
    ("name", "day", "moment", "country", "number"),
    [
        ("ar", "2 مارس 2024", "2 مارس 2024 09:05 UTC", "ألبانيا", "1,234"),
        ("zh", "2024年3月2日", "2024年3月2日 09:05 UTC", "阿尔巴尼亚", "1,234"),
        ("en", "2 March 2024", "2 March 2024 09:05 UTC", "Albania", "1,234"),
        ("fr", "2 mars 2024", "2 mars 2024 09:05 UTC", "Albanie", "1\u202f234"),
        ("ru", "2 марта 2024\u202fг.", "2 марта 2024\u202fг. 09:05 UTC", "Албания", "1\xa0234"),
        ("es", "2 de marzo de 2024", "2 de marzo de 2024 09:05 UTC", "Albania", "1.234"),
    ],
)
def test_days_numbers_and_countries_are_written_as_the_language_does(
    name: str, day: str, moment: str, country: str, number: str
) -> None:
    """And every figure is 0 to 9, whatever the language."""
    spoken = Language.of(name)
    assert spoken.day("2024-03-02") == day
    assert spoken.moment(1_709_370_300) == moment
    assert spoken.country("ALB") == country
    assert spoken.number(1_234) == number
    assert spoken.day("spring 2019") == "spring 2019"


def test_the_names_of_events_are_those_of_event_types() -> None:
    """None is left of a type that went; a new one is shown in English until it stands there."""
    assert set(EVENT_NAMES) <= {spelt(type_) for type_ in SENTENCES}
    assert len(EVENT_NAMES) == len({*EVENT_NAMES})
    assert Language.of("es").label("PartnershipRemoved/1") == "Alianza excluida del registro"
    assert Language.of("es").label("NeverHeardOf/1") == '<bdi lang="en">Never heard of</bdi>'


def test_what_has_no_words_is_shown_in_english_and_marked() -> None:
    """A value that no label knows stays readable, and a day among values is a day."""
    french = Language.of("fr")
    assert french.label("listed") == "inscrit au registre"
    assert french.label("2024-03-02") == "2 mars 2024"
    assert french.label("a_new<kind>") == '<bdi lang="en">a new&lt;kind&gt;</bdi>'
    assert Language.of("en").label("a_new_kind") == "a new kind"
    assert french.label(12) == "12"


@pytest.mark.parametrize(
    ("accepted", "choice"),
    [
        ("ar", "ar"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("zh-Hant-HK", "zh"), ("fr-CA", "fr"),
        ("ru-RU, ru;q=0.9, en;q=0.8", "ru"), ("es-419", "es"), ("ES", "es"), ("en-GB,ar", "en"),
        ("fr,ar", "fr"), ("de,en;q=0.5,es;q=0.7", "es"), ("fr;q=0,ru;q=0.1", "ru"),
        ("fr; q=0.2 , es; q = 0.3", "es"), ("ar;q=7,fr;q=0.1", "fr"), ("ar;level=1,fr", "fr"),
        ("*", "en"), ("", "en"), ("de", "en"), (";q=1", "en"), ("ar" * 9_000, "en"),
    ],
)  # fmt: skip
def test_the_readers_wishes_decide(accepted: str, choice: str) -> None:
    """By weight, then by order; regions do not matter, and what cannot be read is no wish."""
    assert chosen(accepted) == choice


@pytest.mark.parametrize("name", LANGUAGES)
@pytest.mark.parametrize("path", PATHS)
async def test_every_page_is_made_in_every_language(site: Site, name: str, path: str) -> None:
    """With its language, its direction, and no word of another language that is not marked so."""
    status, headers, text = await site.get(f"/{name}/{path}")
    assert status == (400 if path == "entry/none" else 200)
    assert headers["Content-Language"] == name
    direction = "rtl" if name == "ar" else "ltr"
    assert f'<html lang="{name}" dir="{direction}">' in text
    body = re.sub(r'<nav class="languages".*?</nav>', "", text, flags=re.DOTALL)
    assert {code for code, letters in SCRIPTS.items() if re.search(letters, body)} == (
        {name} & SCRIPTS.keys()
    )


@pytest.mark.parametrize("name", LANGUAGES)
async def test_a_page_names_itself_in_every_language(site: Site, name: str) -> None:
    """The question goes along; who reads none of the six is led to English, or may choose."""
    path = "register?q=water+and&country=NLD"
    _, _, text = await site.get(f"/{name}/{path}")
    links = re.findall(r'<link rel="alternate" hreflang="([\w-]+)" href="([^"]+)">', text)
    assert {code: entities.unescape(href) for code, href in links} == {
        **{code: f"/{code}/{path}" for code in LANGUAGES}, "x-default": f"/en/{path}",
    }  # fmt: skip
    switch = re.search(r'<nav class="languages".*?</nav>', text, re.DOTALL)
    assert switch is not None
    assert re.findall(r'href="/(\w+)/register\?q=water\+and&amp;country=NLD"', switch[0]) == [
        *LANGUAGES
    ]
    current = re.findall(r'lang="(\w+)"[^>]*aria-current="true"', switch[0])
    assert current == [name]


async def test_the_home_page_lets_the_browser_choose(site: Site) -> None:
    """Its address for any language is the one that asks the browser."""
    _, _, text = await site.get("/fr/")
    assert '<link rel="alternate" hreflang="x-default" href="/">' in text
    status, headers, _ = await site.get("/", Accept_Language="ru;q=0.8, ar;q=0.9")
    assert (status, headers["Location"]) == (302, "/ar/")


async def test_a_page_without_a_language_offers_the_home_pages(site: Site) -> None:
    """An address that has no language is the same in no other one."""
    _, _, text = await site.get("/static/none.css?v=1")
    assert '<link rel="alternate" hreflang="ar" href="/ar/">' in text


async def test_hashes_ids_and_commands_run_from_left_to_right(site: Site) -> None:
    """Also on a page in Arabic: signs of a log are the same for everyone."""
    _, _, text = await site.get("/ar/entry/0")
    for tag in re.findall(
        r'<pre[^>]*>|<code class="hash"[^>]*>|<p class="sentence"><bdi[^>]*>', text
    ):
        assert 'dir="ltr"' in tag
    _, _, text = await site.get(f"/ar/register/{stories.PARTNERSHIP}")
    assert re.search(r'aria-label="القيد \d+ من دفتر القيود"><bdi translate="no" dir="ltr">#', text)
    assert '<bdi lang="en" dir="ltr">Submitted for listing' in text
    _, _, sheet = await site.get("/static/site.css")
    assert re.search(r"code, pre \{[^}]*direction: ltr; unicode-bidi: isolate", sheet)
