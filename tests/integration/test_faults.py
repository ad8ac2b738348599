"""Each allocation of a session fails once: no crash, no hang, no leak; the client sees its result or a closed connection."""
import http.client
import json
import subprocess
import unittest
import urllib.error

import lab
from rawclient import Gone, RawClient, Refused, SENT_AHEAD

FAULTS = 2000
SPARE = 20  # allocations that a session may have less than another of its length: names that the log knows already
# A shorter run fails each of the first ones, where a session is set up, and a sample of the others.
NUMBERS = range(1, FAULTS + 1) if lab.LONG else [*range(1, 80), *range(80, FAULTS + 1, 37)]


def session(port, rounds=1):
    """Text and prepared statements, the prepared ones kept open until the end; returns what the client saw."""
    try:
        c = RawClient(port, timeout=lab.PATIENCE_S)
        seen = []
        statements = []
        for i in range(rounds):
            seen += [c.query("SELECT 1"), c.query("SELECT seq FROM seq_1_to_100")]
            s = c.prepare(f"SELECT ?, ?, {i}")
            seen += [c.execute(s, 7, b"text"), c.execute(s, 8, b"more")]
            c.send_ahead(s, 1, b"in advance")
            seen.append(c.execute(s, 9, SENT_AHEAD))
            statements.append(s)
        for s in statements:
            c.close_statement(s)
        seen.append(c.query("DO 1"))
        c.quit()
        return seen
    except (Gone, Refused) as error:
        return error


def whole(rounds):
    return [1, 100, 1, 1, 1] * rounds + [None]


class Faults(unittest.TestCase):
    def test_each_allocation(self):
        # each end of a session has to be in the log, however busy the disk is
        with lab.Proxy("--profile-fault-injection", "--workers", "1", "--profile-sample-bytes", "1", "--log-when-full", "block",
                       expect_opaque=True) as proxy:

            def allocations(rounds):
                proxy.post("/fault?nth=1000000000")
                self.assertEqual(session(proxy.port, rounds), whole(rounds))
                proxy.idle()
                return proxy.json("/fault")["seen"]
            allocations(1)
            # Sessions of 1, 2, 4 … rounds, and how many allocations each has: a fault needs one that is long enough for it, and no longer.
            # The first of a length may have more: what it makes libraries enlarge stays large.
            rounds, lengths = 1, []
            while (counted := min(allocations(rounds), allocations(rounds))) <= FAULTS + SPARE:
                lengths.append((counted, rounds))
                rounds = 2 * rounds
            lengths.append((counted, rounds))
            proxy.settled()  # the writer forgets a session when it writes its end
            before = proxy.held()
            closed = 0
            for nth in NUMBERS:
                proxy.post(f"/fault?nth={nth}")
                rounds = next(r for n, r in lengths if n > nth + SPARE)
                seen = session(proxy.port, rounds)
                if isinstance(seen, Exception):
                    closed += 1
                else:
                    self.assertEqual(seen, whole(rounds), f"fault {nth}")
                # a session that was closed early still has allocations to make at its end
                lab.wait_for(lambda: proxy.json("/fault")["seen"] >= nth, f"fault {nth}")
            proxy.post("/fault?nth=0")
            fired = proxy.json("/fault")["fired"]
            self.assertEqual(session(proxy.port), whole(1))
            proxy.idle()
            proxy.await_held(before)
        print(f"# {counted} allocations in a session of {6 * lengths[-1][1]} statements; {fired} faults, {closed} sessions closed by them")
        self.assertEqual(fired, len(NUMBERS))
        self.assertGreater(closed, 0)

    def test_each_record(self):
        """Each allocation site that work of all kinds has, found by sampling each allocation, fails once."""
        with lab.Proxy("--profile-fault-injection", "--workers", "1", "--profile-sample-bytes", "1", "--log-rows", "3",
                       expect_opaque=True, expect_lint=True) as proxy:

            def ask(what, *args):
                """The admin port's own allocations fail too: then this answer does not come, and the next does."""
                for _ in range(3):
                    try:
                        return what(*args)
                    except urllib.error.HTTPError as error:
                        if error.code != 503:  # out of memory, and said so
                            raise
                    except (http.client.HTTPException, ConnectionError, TimeoutError):
                        pass
                return what(*args)

            def fired_so_far():
                return ask(proxy.json, "/fault")["fired"]

            def work():
                seen = session(proxy.port)
                for more in ([], ["--ssl"], ["--compress"]):
                    subprocess.run(["mariadb", "--no-defaults", *(more or ["--skip-ssl"]), "-f", "-h127.0.0.1", f"-P{proxy.port}",
                                    "-uroot"], input=b"SELECT 1, 'x'; SELECT * FROM nowhere; USE mysql; SET NAMES latin1; SELECT 2",
                                   capture_output=True, timeout=lab.PATIENCE_S, check=False)
                ask(proxy.idle)
                return seen
            work()
            work()
            proxy.settled()  # the writer forgets a session when it writes its end
            before = proxy.held()
            records = proxy.json("/stages")["records"]
            step = 1 if lab.LONG else 9
            fired = armed = closed = 0
            for record in range(1, records + 1, step):
                try:
                    ask(proxy.post, f"/fault?record={record}")
                except urllib.error.HTTPError as error:
                    self.assertEqual(error.code, 404)  # of a stage whose allocations can't fail, or an overflow record
                    continue
                armed += 1
                earlier = fired_so_far()
                closed += isinstance(work(), Exception)
                fired += fired_so_far() - earlier
            ask(proxy.post, "/fault?nth=0")
            self.assertEqual(session(proxy.port), whole(1))
            proxy.idle()
            proxy.await_held(before)
        print(f"# {records} records, {armed} armed, {fired} failed once, {closed} sessions closed by them")
        self.assertGreater(fired, armed // 10)  # the others were at the start, or of a size that does not come again

    def test_what_the_page_reads(self):
        """Each of the first allocations of a reply of the admin port fails once: it says so or is whole, and nothing is lost or kept."""
        with lab.Proxy("--profile-fault-injection", "--workers", "1") as proxy:
            self.assertEqual(session(proxy.port), whole(1))
            proxy.settled()
            one = json.loads(proxy.admin("/records?format=json&ids=1&n=1&q=op:select"))["id"]
            paths = ["/records?format=json&ids=1&n=50&q=event:query", f"/records/{one}?format=json", "/findings?format=json", "/transactions?format=json", "/series/statements?format=json",
                     "/openapi.json", "/web/page.css"]

            def events(patience):
                """The last records of the stream. If the fault hits one of them, the sign of life says so, which is not waited for."""
                connection = http.client.HTTPConnection(proxy.admin_addr, timeout=patience)
                try:
                    connection.request("GET", "/records/stream?n=5", headers={"Accept": "text/event-stream"})
                    reply = connection.getresponse()
                    if reply.status != 200:
                        return reply.status
                    found = b""
                    while found.count(b"\ndata: {") < 6:
                        part = reply.read1(65536)
                        if part == b"":
                            break
                        found += part
                    return found
                finally:
                    connection.close()

            def answer(path):
                try:
                    return events(0.3) if path == "stream" else proxy.admin(path)
                except urllib.error.HTTPError as error:
                    return error.code
                except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
                    return type(error)
            wanted = {path: answer(path) for path in paths}
            self.assertTrue(all(isinstance(w, bytes) for w in wanted.values()), wanted)
            refused = fired = 0
            for path in [*paths, "stream"]:
                for nth in range(1, 200 if lab.LONG else 40):
                    proxy.post(f"/fault?nth={nth}")
                    found = answer(path)
                    if isinstance(found, bytes) and b'"event":"gap"' not in found and path not in ("stream", "/series/statements?format=json"):
                        self.assertEqual(found, wanted[path], f"{path}, fault {nth}")
                    self.assertIn(found if isinstance(found, int) else 200, (200, 503), f"{path}, fault {nth}")
                    refused += found == 503
                    fired += proxy.json("/fault")["fired"] > 0
                    if proxy.json("/fault")["seen"] < nth:
                        break
            proxy.post("/fault?nth=0")
            for path in paths[:4]:
                self.assertEqual(answer(path), wanted[path])
            self.assertEqual(events(lab.PATIENCE_S).count(b"\ndata: {\"id\""), 5)
            print(f"# {fired} faults, {refused} replies refused for them")
            self.assertGreater(refused, 0)


if __name__ == "__main__":
    unittest.main()
