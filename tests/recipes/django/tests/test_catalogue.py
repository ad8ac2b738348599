from shop.catalogue import lines
from shop.models import Author, Book


def fill():
    for n in range(8):
        Book.objects.create(title=f"book {n}", author=Author.objects.create(name=f"author {n}"))


def test_lines():
    fill()
    assert lines()[7] == "author 7: book 7"


def test_nothing():
    assert lines() == []
