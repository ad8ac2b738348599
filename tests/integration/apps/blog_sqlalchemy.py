"""A small application with SQLAlchemy and PyMySQL: blog_sqlalchemy.py PORT SCENARIO runs one scenario of test_applications.py."""
import queue
import sys
import threading

from sqlalchemy import Column, ForeignKey, Integer, String, create_engine, func, select
from sqlalchemy.orm import Session, declarative_base, relationship, selectinload

engine = create_engine(f"mysql+pymysql://root@127.0.0.1:{sys.argv[1]}/shop", future=True, pool_size=4)
Base = declarative_base()


class Author(Base):
    __tablename__ = "app_author"
    id = Column(Integer, primary_key=True)
    name = Column(String(40))


class Post(Base):
    __tablename__ = "app_post"
    id = Column(Integer, primary_key=True)
    title = Column(String(40))
    author_id = Column(ForeignKey("app_author.id"))
    author = relationship(Author)
    comments = relationship("Comment")


class Comment(Base):
    __tablename__ = "app_comment"
    id = Column(Integer, primary_key=True)
    post_id = Column(ForeignKey("app_post.id"))
    body = Column(String(40))


def page(n, *options):
    return select(Post).options(*options).order_by(Post.id).limit(n)


def lazy():
    with Session(engine) as s:
        print([len(p.comments) for p in s.scalars(page(20))])


def preloaded():
    with Session(engine) as s:
        print([(p.author.name, len(p.comments)) for p in s.scalars(page(20, selectinload(Post.author), selectinload(Post.comments)))])


def batches():
    with Session(engine) as s:
        posts = s.scalars(page(10, selectinload(Post.comments))).all()
        while posts:
            posts = s.scalars(page(10, selectinload(Post.comments)).where(Post.id > posts[-1].id)).all()


def updates():
    with Session(engine) as s:
        for post in s.scalars(page(15)):
            post.title += "."
        s.commit()


def inserts():
    with Session(engine) as s:
        s.add_all([Comment(post_id=1000 + 7 * i % 60, body="x") for i in range(12)])
        s.commit()


def again():
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
        for _ in range(6):
            c.execute(select(func.count()).select_from(Author)).scalar()


def threads():
    """The rows of a list are handed to threads, each with a connection of the pool."""
    with Session(engine) as s:
        ids = s.scalars(select(Post.id).order_by(Post.id).limit(24)).all()
    rest = queue.SimpleQueue()
    for i in ids:
        rest.put(i)

    def work():
        while True:
            try:
                i = rest.get_nowait()
            except queue.Empty:
                return
            with Session(engine) as s:
                s.scalar(select(func.count()).select_from(Comment).where(Comment.post_id == i))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()


globals()[sys.argv[2]]()
engine.dispose()
