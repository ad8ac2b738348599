"""Records whose every field was written by somebody who means harm: no script runs, the layout holds, and what is copied does nothing in a shell."""
import itertools
import json
import os
import shutil
import subprocess
import tempfile

import lab
from pagelab import Admin, PageTest

BIDI = "\u202egpj.exe\u2066\u2069"
TEXTS = [
    "<img src=x onerror=\"document.title='hacked'\">", "<script>document.title='hacked'</script>", "\"><svg onload=\"document.title='hacked'\">",
    "javascript:document.title='hacked'", "'; touch CANARY; '", "$(touch CANARY)`touch CANARY`", "\n touch CANARY\n", "\\! touch CANARY", "a'\nsystem touch CANARY\n",
    BIDI, "\x1b[2J\x1b]0;x\x07\x00\x03\x04", "\u200b\u2060\ufeff\u00ad", "A" + "\u0301" * 300, "\ud800 \udfff", "W" * 3000, "\U000e0041\U000f0000", "\ufdfd" * 40, "!!:s/a/b/ !-1",
    "__proto__", "constructor", "x\\", "\\'; touch CANARY #", "*/ ; touch CANARY /*", "\u2028\u2029\r\n\t", "'" * 50, "%00%0a&q=x#y", "../../etc/passwd", "{\"a\":1}", "0", "",
]
FIELDS = ["client_addr", "proxy_listen_addr", "remote_addr", "username", "database", "character_set", "server_version", "auth_plugin", "auth_path", "tls", "remote_tls",
          "compression", "command", "query", "digest", "digest_text", "stmt_prepare_query", "traceparent", "sqlstate", "error", "info", "reason", "rule", "direction", "packet_name",
          "event"]
EVERY_TEXT_IN_EVERY_FIELD = 1100
RECORDS = 10000 if os.environ.get("QUERYTAP_LONG") else EVERY_TEXT_IN_EVERY_FIELD
MAPS = ["connect_attributes", "query_attributes", "tags", "session_changes"]


def hostile_records(n):
    base = {"ts": "2026-11-30T12:00:00.000000Z", "event": "query", "conn_id": 1, "conn_seq_num": 1, "username": "u", "query": "SELECT 1", "command": "COM_QUERY",
            "duration_us": 10, "server_us": 10, "rows": 1}
    count = 0
    for number, text in itertools.cycle(enumerate(TEXTS)):
        for field in FIELDS + MAPS + ["values", "rows", "findings", "loop", "all"]:
            if count == n:
                return
            r = dict(base, conn_seq_num=count, ts=f"2026-11-30T12:{count // 600 % 60:02}:{count // 10 % 60:02}.{count % 10}00000Z")
            if field in FIELDS:
                r[field] = text
            elif field in MAPS:
                r[field] = {text: text, "route": text, "code.filepath": text, "code.lineno": text}
            elif field == "values":
                r.update(command="COM_STMT_EXECUTE", query=None, stmt_prepare_query="SELECT ?, ? /* ? */", stmt_execute_values=[text, {"text": text, "length": 9} if number % 2 else text])
                del r["query"]
            elif field == "rows":
                r.update(column_names=[[text, text]], first_rows=[[text, {"hex": text}], [None, {"unknown": True}]])
            elif field == "findings":
                r.update(findings=[text, "n_plus_one"], errno=1064, error=text)
            elif field == "loop":
                r.update(event="n_plus_one", repeated=7, findings=["n_plus_one"], info="after 7 rows of " + text, query=text)
            else:
                r.update({f: text for f in FIELDS if f not in ("event", "command")}, tags={text: text}, findings=[text])
            yield r
            count += 1


class Hostile(PageTest):
    def open(self, admin, hash_="", **options):
        page = self.page(admin.url + hash_, **options)
        page.wait("typeof document.querySelector('main').childElementCount === 'number' && document.querySelector('main').childElementCount > 0")
        return page

    def held(self, page, what):
        self.assertFalse(page.js("[...document.querySelectorAll('.chip')].some(c => c.textContent === 'undefined')"), what)
        self.assertNotIn("hacked", page.js("document.title"), what)
        self.assertEqual(page.js("document.querySelectorAll('main img, main script, main iframe, main object, dialog img').length"), 0, what)
        self.assertTrue(page.js("document.documentElement.scrollWidth <= innerWidth && document.querySelector('main').scrollWidth <= innerWidth + 1"), what)
        # No character of the record is invisible or changes the direction of the text.
        self.assertFalse(page.js(r"/[\u202a-\u202e\u2066-\u2069\u200b-\u200f\u2028\u2029\ufeff\u00ad\u0000-\u0008\u000e-\u001f\u007f-\u009f]|\u0301{9}/.test(document.body.innerText)"), what)

    def test_every_text_in_every_field(self):
        with Admin(hostile_records(RECORDS)) as admin:
            admin.hex = "2026-11-30T12:00:00.000001Z  #1 client > server  seq 0  len 3  " + TEXTS[0] + "\n  000000  41  " + TEXTS[1] + "\n"
            admin.answers["/sessions"] = {"sessions": [dict.fromkeys(("username", "database", "client_addr", "phase", "query", "command"), text) | dict(
                conn_id=i, command_us=1, age_us=1, records=1, bytes_sent=1, bytes_received=1, statements=1, opaque_reason=text) for i, text in enumerate(TEXTS)]}
            admin.answers["/findings"] = {"evicted": 0, "findings": [dict.fromkeys(("kind", "digest", "digest_text", "example"), text) | dict(
                info="after 7 rows of " + text, count=1, time_us=1, conn_id=1, last_seen=text, tags=[{"name": name, "value": text} for name in ("file", text)]) for text in TEXTS]}
            page = self.open(admin, width=1280, height=800)
            page.wait(f"document.querySelector('.status-line').textContent.startsWith('{RECORDS:,} records')")
            # Every row is looked at, without waiting for frames; all have the height of a row.
            self.assertEqual(page.js("""(async () => {
                const list = document.querySelector('.vlist');
                for (let top = 0; top * 20 < """ + str(RECORDS) + """; top++) {
                    list.scrollTop = top * 27 * 20;
                    await new Promise(r => setTimeout(r, 0));
                }
                return [...document.querySelectorAll('.vlist-rows .row:not([hidden])')].filter(r => r.getBoundingClientRect().height !== 27).length;
            })()"""), 0)
            self.held(page, "the list")
            # Each text in each field, in the details.
            page.js("""(async () => {
                const { source } = await import('/web/source.js');
                const { statementPanel } = await import('/web/statement.js');
                const box = document.createElement('div');
                box.className = 'panel';
                document.querySelector('main').append(box);
                for (const r of source.ring.records.slice(0, """ + str(EVERY_TEXT_IN_EVERY_FIELD) + """)) box.replaceChildren(statementPanel(r, {filter() {}, close() {}, step() {}, replace() {}}));
                box.remove();
            })()""")
            self.held(page, "the details")
            for width, views in ((360, ("live", "findings", "transactions?by=scope", "sessions", "packets/1", "statement/1a2b%3A1085", "transactions/session%3A1")), (1280, ("sessions", "live?group=scope"))):
                page.size(width, 740)
                for view in views:
                    page.js(f"location.hash = '#/{view}'")
                    page.wait("document.querySelector('main').textContent.length > 40 && !document.querySelector('main').textContent.includes('Reading…')")
                    if view == "findings":
                        page.wait("document.querySelectorAll('main tbody tr').length > 40", "rows of findings")
                    self.assertEqual(page.js("[...document.querySelectorAll('p.banner[role=alert]:not([hidden])')].map(p => p.textContent).join()"), "", view)
                    self.held(page, f"{view} at {width}")

    def test_addresses_and_storage(self):
        with Admin(hostile_records(40)) as admin:
            page = self.open(admin)
            page.js("localStorage.setItem('querytap.filters', JSON.stringify(['<img src=x onerror=alert(1)>', 7, null, {a: 1}, 'x'.repeat(99999)])); "
                    "localStorage.setItem('querytap.columns', '{\"length\":3}'); localStorage.setItem('querytap.theme', '[1'); localStorage.setItem('querytap.group', '\"__proto__\"')")
            for hash_ in ("#/live?q=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&from=NaN&to=1e999&group=constructor&r=%00", "#/__proto__", "#/statement/%E0%A4%A", "#/digests/<script>",
                          "#/transactions/scope:%3Cb%3E=%22", "#/packets/..%2f..", "#/memory/__proto__", "#/live?__proto__=1&q=%E2%80%AE"):
                page.js(f"location.hash = {json.dumps(hash_)}")
                page.wait("document.querySelector('main').childElementCount > 0")
                self.assertEqual(page.js("document.querySelectorAll('main img, main b').length"), 0, hash_)
            page.js("location.hash = '#/live'")
            page.click("[aria-label='Saved filters']")
            page.wait("document.querySelector('.menu-panel').innerText.includes('<img src=x')")
            page.js("localStorage.clear()")

    def test_a_record_that_is_gone(self):
        """What needs the whole of a record that the proxy no longer has says so, and is no error of the page."""
        with Admin([{"ts": "2026-11-30T12:00:00.000000Z", "event": "query", "conn_id": 1, "command": "COM_QUERY", "query": "SELECT 1", "truncated": 5000}]) as admin:
            page = self.open(admin)
            page.wait("(r => r && (r.click(), true))(document.querySelector('.vlist-rows .row'))", "the record")
            for label, where in (("Show all", "#toast"), ("SQL", ".copy-as ~ .error-text"), ("Hex", ".copy-as ~ .error-text")):
                page.js(f"[...document.querySelectorAll('.panel button')].find(b => b.textContent === {label!r}).click()")
                page.wait(f"document.querySelector({where!r}).textContent.includes('there is nothing here')", label)

    def test_what_is_copied_runs_nothing(self):
        records = list(hostile_records(EVERY_TEXT_IN_EVERY_FIELD))
        with Admin(records) as admin:
            page = self.open(admin)
            commands = page.js("""(async () => {
                const { source } = await import('/web/source.js');
                const copy = await import('/web/copy.js');
                for (let i = 0; source.ring.records.length < """ + str(EVERY_TEXT_IN_EVERY_FIELD) + """ && i < 500; i++) await new Promise(r => setTimeout(r, 20));
                return source.ring.records.map(r => {
                    const attempt = f => { try { return f(); } catch (e) { if (e instanceof copy.Refused) return null; throw e; } };
                    return { sql: attempt(() => copy.runnable(r)), client: attempt(() => copy.clientCommand(r, '127.0.0.1:1')), curl: copy.curlCommand(r, location.origin), json: copy.jsonOf(r) };
                });
            })()""")
        self.assertEqual(len(commands), EVERY_TEXT_IN_EVERY_FIELD)
        self.assertGreater(sum(c["client"] is not None for c in commands), 300)
        lines = []
        for r, c in zip(records, commands):
            for text in filter(None, (c["sql"], c["client"], c["curl"])):
                self.assertTrue(all(ch.isprintable() for ch in text), ascii(text))
            self.assertEqual({k: v for k, v in json.loads(c["json"]).items() if k != "id"}, r)
            lines += [x for x in (c["client"], c["curl"]) if x]
        # As lines of a script, each shell sees one command with the same arguments, and runs nothing else.
        folder = tempfile.mkdtemp(dir=lab.FOLDER)
        functions = "".join(f"{name}() {{ for a; do printf '%s\\0' \"$a\"; done; printf '\\n\\0'; }}\n" for name in ("mariadb", "curl"))
        for shell in ("bash", "dash", "zsh"):
            if not shutil.which(shell):
                continue
            with open(os.path.join(folder, "script"), "w", encoding="utf-8") as f:
                f.write(functions + "\n".join(lines) + "\n")
            ran = subprocess.run([shell, "script"], cwd=folder, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}, stdin=subprocess.DEVNULL, capture_output=True)
            self.assertFalse(os.path.exists(os.path.join(folder, "CANARY")), shell)
            calls = ran.stdout.split(b"\n\0")[:-1]
            self.assertEqual(len(calls), len(lines), shell)
            if shell == "bash":
                sent = [c.split(b"--execute=")[1][:-1].decode() for c in calls if b"--execute=" in c]
                self.assertEqual(sent, [c["sql"] for c in commands if c["client"]])

    def test_the_client_runs_no_commands_of_its_own(self):
        """mariadb has commands such as \\! and system: with the options that the page writes, they are none."""
        folder = tempfile.mkdtemp(dir=lab.FOLDER)
        server = lab.server()
        statements = ["SELECT 1 \\! touch CANARY", "SELECT 1;\nsystem touch CANARY", "\\! touch CANARY", "system touch CANARY", "SELECT '\\! touch CANARY'"]
        records = [{"ts": "2026-11-30T12:00:00.000000Z", "event": "query", "conn_id": 1, "command": "COM_QUERY", "username": "root", "query": s} for s in statements]
        with Admin(records) as admin:
            page = self.open(admin)
            commands = page.js("""(async () => {
                const { source } = await import('/web/source.js');
                const { clientCommand, Refused } = await import('/web/copy.js');
                for (let i = 0; source.ring.records.length < 5 && i < 500; i++) await new Promise(r => setTimeout(r, 20));
                return source.ring.records.map(r => { try { return clientCommand(r); } catch (e) { if (e instanceof Refused) return null; throw e; } });
            })()""")
        self.assertEqual(sum(c is not None for c in commands), len(statements))
        for command in commands:
            line = command.replace("--password", f"--password= --socket={server.socket} --force")
            subprocess.run(["bash", "-c", line], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
            self.assertEqual(os.listdir(folder), [], command)
