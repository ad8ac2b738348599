"""Each allocation of a session fails once: no crash, no hang, no leak; the client sees its result or a closed connection."""
import unittest

import lab
from rawclient import Gone, RawClient, Refused, SENT_AHEAD

FAULTS = 2000
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


def settled_stages(proxy):
    """Blocks by stage, without what keeps something for good."""
    return {stage: n for stage, n in proxy.stages().items() if stage not in lab.CACHES}


def whole(rounds):
    return [1, 100, 1, 1, 1] * rounds + [None]


class Faults(unittest.TestCase):
    def test_each_allocation(self):
        with lab.Proxy("--profile-fault-injection", "--workers", "1", "--profile-sample-bytes", "1",
                       expect_opaque=True) as proxy:

            def allocations(rounds):
                proxy.post("/fault?nth=1000000000")
                self.assertEqual(session(proxy.port, rounds), whole(rounds))
                proxy.idle()
                return proxy.json("/fault")["seen"]
            allocations(1)
            # a session that is long enough to have so many allocations
            rounds = 1
            while (counted := allocations(rounds)) <= FAULTS + 20:
                rounds = 2 * rounds
            before = settled_stages(proxy)
            closed = 0
            for nth in NUMBERS:
                proxy.post(f"/fault?nth={nth}")
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
            lab.wait_for(lambda: settled_stages(proxy) == before, f"the stages to return: {before}, {proxy.stages()}")
        print(f"# {counted} allocations in a session of {6 * rounds} statements; {fired} faults, {closed} sessions closed by them")
        self.assertEqual(fired, len(NUMBERS))
        self.assertGreater(closed, 0)


if __name__ == "__main__":
    unittest.main()
