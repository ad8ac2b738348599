"""A relay that remembers every byte of each connection, both ways; it can hand bytes on one by one."""
import selectors
import socket
import threading


class Recorder:
    """Listens on a free port and relays to `port`. `connections` holds a pair of bytearrays (to server, to client) each."""

    def __init__(self, port, single=False):
        self.target = port
        self.single = single
        self.connections = []
        self.threads = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.acceptor = threading.Thread(target=self.accept, daemon=True)
        self.acceptor.start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            record = (bytearray(), bytearray())
            self.connections.append(record)
            thread = threading.Thread(target=self.relay, args=(client, record), daemon=True)
            self.threads.append(thread)
            thread.start()

    def relay(self, client, record):
        server = socket.create_connection(("127.0.0.1", self.target))
        for s in (client, server):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector = selectors.DefaultSelector()
        selector.register(client, selectors.EVENT_READ, (server, record[0]))
        selector.register(server, selectors.EVENT_READ, (client, record[1]))
        while selector.get_map():
            for key, _ in selector.select():
                other, log = key.data
                try:
                    data = key.fileobj.recv(1 << 18)
                except ConnectionError:
                    data = b""
                log += data
                try:
                    if self.single:
                        for i in range(len(data)):
                            other.sendall(data[i:i + 1])
                    else:
                        other.sendall(data)
                    if not data:
                        other.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
                if not data:
                    selector.unregister(key.fileobj)
        client.close()
        server.close()

    def finish(self):
        """Wait until the connections so far have ended."""
        for thread in self.threads:
            thread.join(120)
            assert not thread.is_alive(), "a relayed connection does not end"
        self.listener.close()
