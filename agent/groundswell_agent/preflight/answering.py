"""Answers 1 KiB to whatever it is sent, as quickly as Python can: what the engine measures its own cost against.

Run as a program of its own, by path: it prints its port, and ends with its standard input.
"""

import selectors
import socket
import sys

BODY = b"x" * 1024
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
_MOST = 65536


def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, selectors.DefaultSelector() as ready:
        ready.register(listener, selectors.EVENT_READ)
        ready.register(sys.stdin, selectors.EVENT_READ)
        print(listener.getsockname()[1], flush=True)
        while True:
            for key, _ in ready.select():
                if key.fileobj is sys.stdin:
                    return
                if key.fileobj is listener:
                    ready.register(listener.accept()[0], selectors.EVENT_READ)
                else:
                    assert isinstance(key.fileobj, socket.socket)
                    _answer(key.fileobj, ready)


def _answer(connection: socket.socket, ready: selectors.BaseSelector) -> None:
    """A request of the measurement comes in one piece, and the next one after its answer."""
    try:
        if connection.recv(_MOST):
            connection.sendall(ANSWER)
            return
    except ConnectionError:
        pass  # The one who measures has ended it, as with an empty read.
    ready.unregister(connection)
    connection.close()


if __name__ == "__main__":
    main()
