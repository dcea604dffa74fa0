"""The words of the page: each language has every key and the same values, every key that is used is there, and no text stands outside."""

import re

from harness import PAGE, ROOT
from loss import open_ballot

LANGUAGES = ["en", "de", "fr", "es"]


def words(page, server, folders=("words", "admin/words")):
    page.goto(server.url)
    read = "async ([language, folders]) => Object.assign({}, ...await Promise.all(folders.map(async folder => (await import(`/${folder}/${language}.js`)).default)))"
    return {language: page.evaluate(read, [language, folders]) for language in LANGUAGES}


def scripts():
    return [file for file in PAGE.rglob("*.js") if file.parent.name not in ("vendor", "words")]


def no_language_lacks_a_key(browser, server):
    with browser.person(server) as page:
        found = words(page, server)
        categories = page.evaluate("languages => languages.map(one => new Intl.PluralRules(one).resolvedOptions().pluralCategories)", LANGUAGES)
    english = found["en"]
    for language, plural in zip(LANGUAGES, categories):
        assert found[language].keys() == english.keys(), f"{language}: {found[language].keys() ^ english.keys()}"
        for key, text in found[language].items():
            forms = text if isinstance(text, dict) else {"other": text}
            assert set(forms) <= set(plural) and "other" in forms, f"{language} {key}: {set(forms)}"
            of_english = english[key]["other"] if isinstance(english[key], dict) else english[key]
            assert values(forms["other"]) == values(of_english), f"{language} {key}: {forms['other']}"
            assert all(form.strip() for form in forms.values()), f"{language} {key}"
        if language != "en":
            same = [key for key, text in found[language].items() if text == english[key] and len(str(text)) > 24]
            assert not same, f"{language} is English at {same}"


def values(text):
    return set(re.findall(r"\{(\w+)\}", text))


def every_key_that_is_used_is_there(browser, server):
    with browser.person(server) as page:
        english, shared = words(page, server)["en"], words(page, server, ["words"])["en"]
    code = "\n".join(file.read_text() for file in scripts())
    used = set(re.findall(r"\bt\('([\w.]+)'", code))
    missing = used - english.keys()
    assert not missing, missing
    # What all pages share is known to each of them.
    elsewhere = "\n".join(file.read_text() for file in scripts() if file.parent.name not in ("admin", "outbox"))
    missing = set(re.findall(r"\bt\('([\w.]+)'", elsewhere)) - shared.keys()
    assert not missing, missing
    parts = set(re.findall(r"\bt\(`([\w.]*)\$\{", code))
    unused = [key for key in english if key not in used and not key.startswith("problem.") and f"'{key}'" not in code
              and not any(key.startswith(part) for part in parts if part) and not key.startswith("event.") and not key.endswith(".do")]
    assert not unused, unused


def every_reason_of_a_refused_photograph_has_words(browser, server):
    with browser.person(server) as page:
        english = words(page, server)["en"]
    codes = re.findall(r'Self::\w+[^=]*=> "(\w+)"', (ROOT / "workers/renditions/src/unusable.rs").read_text())
    codes += re.findall(r'code: "(\w+)"', (ROOT / "workers/photographs/src/look.rs").read_text())
    assert len(codes) > 9, codes
    assert {f"unusable.{code}" for code in codes} == {key for key in english if key.startswith("unusable.")}, codes


def no_text_stands_outside(browser, server):
    wrong = []
    for file in scripts():
        code = re.sub(r"/\*.*?\*/|//[^\n]*", "", file.read_text(), flags=re.S)
        for template in re.findall(r"html`(.*?)`", code.replace("html`", "\0html`"), flags=re.S):
            bare = re.sub(r"\$\{[^{}]*(\{[^{}]*\}[^{}]*)*\}", "", template)
            for text in re.findall(r">([^<>$]*)<", bare):
                if re.search(r"[A-Za-z]{2,}", text) and not re.search(r"[=;(){}]|=>|&&", text) and text.strip() not in ("PhotoVote", "photovote sign-in"):
                    wrong.append(f"{file.relative_to(ROOT)}: {text.strip()}")
        for attribute, text in re.findall(r'\b(aria-label|title|alt|placeholder)="([^"$]*[A-Za-z][^"$]*)"', code):
            wrong.append(f"{file.relative_to(ROOT)}: {attribute}={text}")
    assert not wrong, "\n".join(wrong)


def the_browsers_language_is_spoken(browser, server):
    _, [token] = server.election((("Nature", 3),), closes_at="2030-05-17T18:30:00Z")
    for locale, review in [("de-AT", "Durchsehen"), ("fr-CA", "Relire"), ("es-MX", "Revisar"), ("ja-JP", "Review")]:
        with browser.person(server, locale=locale) as page:
            open_ballot(page, server, token)
            page.get_by_role("button", name=review).wait_for()
            assert page.evaluate("document.documentElement.lang") == (locale[:2] if locale[:2] in LANGUAGES else "en")


TESTS = [no_language_lacks_a_key, every_key_that_is_used_is_there, every_reason_of_a_refused_photograph_has_words,
         no_text_stands_outside, the_browsers_language_is_spoken]
