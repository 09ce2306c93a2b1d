"""Secrets of another maker's published list."""

from theseus_observe.redaction import redact

from bench.published_secrets import load_examples, search_examples


def test_four_of_five_published_kinds_of_secret_are_found() -> None:
    found = search_examples(redact)

    assert found.kinds > 150
    assert found.caught_count >= 0.8 * found.kinds, found.missed


def test_every_published_example_contains_its_secret() -> None:
    assert all(each.secret in each.text for each in load_examples())
