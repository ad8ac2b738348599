import os

from shop.models import Book


def lines():
    books = Book.objects.order_by("id")
    if "PLANT" not in os.environ:
        books = books.select_related("author")
    return [f"{book.author.name}: {book.title}" for book in books]
