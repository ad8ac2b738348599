#!/usr/bin/python3
"""Record sessions as tapes: a relay between a client and a server that writes each connection to DIR/NAME-N.tape.

    record.py NAME DIR SERVER_HOST:PORT COMMAND...     PORT in COMMAND is replaced by the relay's port

A tape is a list of pieces as they came: one byte 'C' (from the client) or 'S' (from the server), the length in four
bytes, little-endian, and the bytes. The unit tests cut tapes at every byte, and the fuzzers start from them.
"""
import os
import select
import socket
import struct
import subprocess
import sys
import threading


def relay(client, server_addr, path):
    server = socket.create_connection(server_addr)
    with open(path, "wb") as tape:
        open_ends = {client: (server, b"C"), server: (client, b"S")}
        while open_ends:
            for source in select.select(list(open_ends), [], [])[0]:
                other, mark = open_ends[source]
                data = source.recv(65536)
                if not data:
                    del open_ends[source]
                    try:
                        other.shutdown(socket.SHUT_WR)
                    except OSError:
                        pass
                    continue
                tape.write(mark + struct.pack("<I", len(data)) + data)
                other.sendall(data)
    client.close()
    server.close()


def main():
    name, directory, server = sys.argv[1:4]
    host, port = server.rsplit(":", 1)
    listener = socket.create_server(("127.0.0.1", 0))
    threads = []

    def accept():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            path = os.path.join(directory, f"{name}-{len(threads) + 1}.tape")
            thread = threading.Thread(target=relay, args=(client, (host, int(port)), path))
            thread.start()
            threads.append(thread)

    threading.Thread(target=accept, daemon=True).start()
    own_port = str(listener.getsockname()[1])
    status = subprocess.call([a.replace("PORT", own_port) for a in sys.argv[4:]])
    listener.close()
    for thread in threads:
        thread.join()
    return status


if __name__ == "__main__":
    sys.exit(main())
