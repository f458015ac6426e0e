# SPDX-License-Identifier: MIT
"""A tap on one TCP connection: forwards it and keeps what each side said."""

import socket
import threading


class Tap:
    """Listens on a port of its own in front of another one."""

    def __init__(self, port):
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.dialler, self.listener = bytearray(), bytearray()
        self._done = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        try:
            near, _ = self._listener.accept()
            self._listener.close()
        except OSError:
            return
        far = socket.create_connection(("127.0.0.1", self._to))
        back = threading.Thread(
            target=_pump, args=(far, near, self.listener), daemon=True)
        back.start()
        _pump(near, far, self.dialler)
        back.join()
        near.close()
        far.close()
        self._done.set()

    def ended(self, limit):
        """Waits until both sides have closed."""
        return self._done.wait(limit)

    def close(self):
        self._listener.close()


def _pump(source, sink, kept):
    try:
        while data := source.recv(65536):
            kept += data
            sink.sendall(data)
    except OSError:
        pass
    # The end travels on too; a reset arrives as an end, which is all a cell needs.
    try:
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass
