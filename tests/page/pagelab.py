"""What the tests of the page share: one browser, one proxy with traffic, and a stand-in for the admin port that serves any records."""
import atexit
import http.server
import json
import os
import threading
import unittest

import browser
import lab
from rawclient import RawClient, Refused

WEB = os.path.join(lab.TOP, "web")
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; worker-src 'none'; base-uri 'none'; "
          "form-action 'none'; frame-ancestors 'none'")
shared = {}


def the_browser():
    """The one browser of all tests of this run."""
    if "browser" not in shared:
        shared["browser"] = browser.Browser()
        atexit.register(shared["browser"].close)
    return shared["browser"]


@unittest.skipIf(browser.chromium() is None, "Chromium is not installed")
class PageTest(unittest.TestCase):
    """A test with pages, none of which may report an error."""

    def page(self, url="about:blank", **options):
        page = the_browser().page(**options)
        self.addCleanup(self.finish, page)
        page.open(url)
        return page

    def finish(self, page):
        errors = page.errors
        page.close()
        self.assertEqual(errors, [])


def traffic(port, program="shop"):
    """A small application: a list with an N+1, a transaction, an error, a prepared statement. Returns its client, still connected."""
    client = RawClient(port)
    for text in ("CREATE TABLE IF NOT EXISTS author (id INT PRIMARY KEY, name VARCHAR(40)) CHARACTER SET utf8mb4",
                 "REPLACE INTO author VALUES (1, 'Lem'), (2, 'Le Guin'), (3, 'Borges'), (4, 'Capek'), (5, 'Eco'), (6, 'Dick'), (7, 'Hoban')"):
        client.query(text)
    tag = "/*route='%2Fposts',code.filepath='app/post.rb',code.lineno='17',traceparent='00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'*/"
    client.query("SELECT id FROM author ORDER BY id " + tag)
    for i in range(1, 8):
        client.query(f"SELECT name FROM author WHERE id = {i} {tag}")
    for text in ("BEGIN", "UPDATE author SET name = 'Stanislaw' WHERE id = 1", "COMMIT", "SELECT SLEEP(0.15), COUNT(*) FROM author"):
        client.query(text)
    try:
        client.query("SELECT nmae FROM author")
    except Refused:
        pass
    statement = client.prepare("SELECT name FROM author WHERE id = ? AND name <> ?")
    client.execute(statement, b"3", b"it's")
    return client


class Admin:
    """Serves the files of web/, and records that a test makes, as the admin port would."""

    def __init__(self, records, run="1a2b"):
        self.lines = [json.dumps({"id": f"{run}:{i + 1}", **r}, ensure_ascii=True) for i, r in enumerate(records)]
        self.run = run
        admin = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def reply(self, body, kind="application/json", status=200):
                data = body.encode() if isinstance(body, str) else body
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Security-Policy", POLICY)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                path = self.path.split("?")[0]
                name = "index.html" if path == "/" and "format" not in self.path else path[5:] if path.startswith("/web/") else None
                if name and os.path.exists(os.path.join(WEB, os.path.basename(name))):
                    with open(os.path.join(WEB, os.path.basename(name)), "rb") as f:
                        self.reply(f.read(), TYPES[os.path.splitext(name)[1]])
                elif path == "/records/stream":
                    self.send_response(200)
                    self.send_header("Content-Type", "text/event-stream")
                    self.end_headers()
                    run = json.dumps({"run": admin.run, "first": 1, "last": len(admin.lines)})
                    events = "".join(f"id: {admin.run}:{i + 1}\ndata: {line}\n\n" for i, line in enumerate(admin.lines))
                    self.wfile.write(f"event: run\ndata: {run}\n\n{events}".encode())
                    self.wfile.flush()
                    admin.ended.wait(120)
                elif path == "/records":
                    self.reply("".join(line + "\n" for line in admin.lines[:4000]), "application/x-ndjson")
                elif path in admin.answers:
                    self.reply(json.dumps(admin.answers[path]))
                elif path.endswith("/hex"):
                    self.reply(admin.hex, "text/plain; charset=utf-8")
                else:
                    self.reply('{"error":"there is nothing here"}', status=404)

        self.answers = {"/": {"listen": "127.0.0.1:3307", "remote": "db:3306", "endpoints": []}}
        self.hex = ""
        self.ended = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a page that is closed reads no further
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()
