"""Ports that come, go and come back: over mido's TCP ports everywhere, over the computer's own MIDI through JACK where
its server is installed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import mido
import pytest
from mido.sockets import PortServer, SocketPort

from engine.midi import MidiError, MidiInput, MidiMessage, MidiPort, available, list_ports, system
from engine.midi.system import stable_names


class Line:
    """An open TCP port."""

    def __init__(self, port: SocketPort, heard: Callable[[bytes], None]):
        self._port, self._heard = port, heard
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def alive(self) -> bool:
        return not self._port.closed

    def _listen(self) -> None:
        try:
            for message in self._port:
                self._heard(bytes(message.bytes()))
        except (OSError, ValueError):
            pass

    def close(self) -> None:
        if not self._port.closed:
            self._port.close()


class TcpBackend:
    """Controllers that are reached over TCP; one whose server is away is not in the list."""

    def __init__(self, addresses: dict[str, int]):
        self._addresses = addresses

    def names(self) -> list[str]:
        return list(self._addresses)

    def open(self, name: str, heard: Callable[[bytes], None]) -> Line:
        return Line(SocketPort("localhost", self._addresses[name]), heard)

    def close(self) -> None:
        pass


def wait_for(what: Callable[[], Any]) -> None:
    end = time.monotonic() + 20.0
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


class Ears:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.messages: list[MidiMessage] = []
        self.ports: list[tuple[MidiPort, ...]] = []
        self.threads: set[int] = set()

    def message(self, message: MidiMessage) -> None:
        self.threads.add(threading.get_ident())
        self.messages.append(message)

    def opened(self, name: str) -> bool:
        return bool(self.ports) and any(port.name == name and port.open for port in self.ports[-1])


@pytest.fixture
def ears() -> Ears:
    return Ears()


def a_server() -> PortServer:
    return PortServer("localhost", 0)


def number(server: PortServer) -> int:
    return int(server._socket.getsockname()[1])


def test_messages_come_on_a_thread_of_their_own(ears: Ears) -> None:
    server = a_server()
    backend = TcpBackend({"Knobs": number(server)})
    midi = MidiInput(ears.message, ears.ports.append, poll_s=0.05, backend=lambda: backend)
    midi.start()
    midi.start()
    try:
        wait_for(lambda: ears.opened("Knobs"))
        client = server.accept()
        client.send(mido.Message("control_change", channel=2, control=7, value=127))
        client.send(mido.Message("pitchwheel", pitch=-8192))
        client.send(mido.Message("start"))
        wait_for(lambda: len(ears.messages) == 3)
        assert [m.kind for m in ears.messages] == ["control", "pitch", "start"]
        assert (ears.messages[0].channel, ears.messages[0].number, ears.messages[0].value) == (2, 7, 1.0)
        assert ears.messages[1].value == -1.0
        assert ears.messages[0].port == "Knobs"
        assert abs(ears.messages[0].time - time.monotonic()) < 60.0
        assert threading.get_ident() not in ears.threads
    finally:
        midi.close()
        midi.close()
        server.close()


def test_a_port_that_goes_and_comes_back_is_heard_again(ears: Ears) -> None:
    server = a_server()
    backend = TcpBackend({"Knobs": number(server)})
    midi = MidiInput(ears.message, ears.ports.append, wanted={"Knobs"}, poll_s=0.05, backend=lambda: backend)
    midi.start()
    try:
        wait_for(lambda: ears.opened("Knobs"))
        server.accept()
        del backend._addresses["Knobs"]
        wait_for(lambda: not ears.opened("Knobs"))
        assert midi.ports == (MidiPort(name="Knobs", problem="It is not plugged in."),)
        server.close()

        server = a_server()
        backend._addresses["Knobs"] = number(server)
        wait_for(lambda: ears.opened("Knobs"))
        server.accept().send(mido.Message("note_on", note=60, velocity=0))
        wait_for(lambda: ears.messages)
        assert (ears.messages[0].kind, ears.messages[0].value) == ("note", 0.0)
    finally:
        midi.close()
        server.close()


def test_a_connection_that_breaks_is_made_again(ears: Ears) -> None:
    server = a_server()
    backend = TcpBackend({"Knobs": number(server)})
    midi = MidiInput(ears.message, poll_s=0.05, backend=lambda: backend)
    midi.start()
    try:
        wait_for(lambda: midi.ports and midi.ports[0].open)
        server.accept().close()
        again = server.accept()
        again.send(mido.Message("stop"))
        wait_for(lambda: ears.messages)
    finally:
        midi.close()
        server.close()


def test_only_wanted_ports_are_opened_and_the_choice_can_change(ears: Ears) -> None:
    server, other = a_server(), a_server()
    backend = TcpBackend({"Knobs": number(server), "Pads": number(other)})
    midi = MidiInput(ears.message, ears.ports.append, wanted=["Pads"], poll_s=5.0, backend=lambda: backend)
    midi.start()
    try:
        wait_for(lambda: ears.opened("Pads"))
        assert not ears.opened("Knobs")
        midi.set_wanted(["Knobs"])
        wait_for(lambda: ears.opened("Knobs"))
        assert not ears.opened("Pads")
        midi.set_wanted(None)
        wait_for(lambda: ears.opened("Knobs") and ears.opened("Pads"))
    finally:
        midi.close()
        server.close()
        other.close()


def test_a_port_that_cannot_be_opened_is_named_and_tried_again(ears: Ears) -> None:
    server = a_server()
    place = number(server)
    server.close()
    backend = TcpBackend({"Knobs": place})
    midi = MidiInput(ears.message, ears.ports.append, poll_s=0.05, backend=lambda: backend)
    midi.start()
    try:
        wait_for(lambda: ears.ports)
        assert "cannot be opened" in ears.ports[-1][0].problem
        server = a_server()
        backend._addresses["Knobs"] = number(server)
        wait_for(lambda: ears.opened("Knobs"))
    finally:
        midi.close()
        server.close()


def test_a_listener_that_fails_is_called_again(ears: Ears) -> None:
    server = a_server()
    backend = TcpBackend({"Knobs": number(server)})

    def fails(message: MidiMessage) -> None:
        ears.message(message)
        raise RuntimeError("the listener is broken")

    midi = MidiInput(fails, poll_s=0.05, backend=lambda: backend)
    midi.start()
    try:
        wait_for(lambda: midi.ports and midi.ports[0].open)
        client = server.accept()
        for _ in range(2):
            client.send(mido.Message("stop"))
        wait_for(lambda: len(ears.messages) == 2)
    finally:
        midi.close()
        server.close()


def test_without_the_extra_the_error_says_what_to_install(ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "installed", lambda: False)
    for ask in (list_ports, MidiInput(ears.message).start):
        with pytest.raises(MidiError) as caught:
            ask()
        assert caught.value.code == "midi-extra-missing"
        assert "contrafact[midi]" in caught.value.remedy


@pytest.mark.skipif(not available(), reason="the extra contrafact[midi] is not installed")
def test_the_computers_ports_can_be_asked_for_also_where_there_are_none(ears: Ears) -> None:
    assert all(isinstance(name, str) for name in list_ports())
    midi = MidiInput(ears.message, poll_s=0.05)
    midi.start()
    time.sleep(0.2)
    midi.close()


def test_names_do_not_change_when_a_device_is_plugged_in_again() -> None:
    assert stable_names(["nanoKONTROL2:nanoKONTROL2 MIDI 1 20:0"]) == stable_names(
        ["nanoKONTROL2:nanoKONTROL2 MIDI 1 36:0"]
    )
    assert stable_names(["A:in 1:0", "A:in 2:0", "sender:knobs"]) == ["A:in", "A:in (2)", "sender:knobs"]


@pytest.fixture
def jack(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A JACK server without hardware."""
    server = shutil.which("jackd")
    if server is None or not sys.platform.startswith("linux") or not available():
        pytest.skip("needs jackd and the extra contrafact[midi]")
    if os.path.exists("/dev/snd/seq"):  # noqa: PTH110
        pytest.skip("ALSA comes first on this computer")
    name = f"contrafact{os.getpid()}"
    command = [server, "-n", name, "-r", "-d", "dummy", "-r", "48000", "-p", "1024"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    monkeypatch.setenv("JACK_DEFAULT_SERVER", name)
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    try:
        import rtmidi

        end = time.monotonic() + 10.0
        while True:
            try:
                rtmidi.MidiIn(rtmidi.API_UNIX_JACK, "probe").delete()
                break
            except rtmidi.RtMidiError:
                if time.monotonic() > end:
                    pytest.skip("jackd does not start here")
                time.sleep(0.2)
        yield name
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10.0)


def test_a_controller_of_the_computer_is_unplugged_and_plugged_in_again(jack: str, ears: Ears) -> None:
    import rtmidi

    def plug_in() -> Any:
        port = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, "sender")
        port.open_virtual_port("knobs")
        return port

    midi = MidiInput(ears.message, ears.ports.append, poll_s=0.1)
    midi.start()
    controller = plug_in()
    try:
        for turn in range(2):
            wait_for(lambda: ears.opened("sender:knobs"))
            time.sleep(0.1)
            controller.send_message([0xB0, 7, 64 + turn])
            wait_for(lambda turn=turn: len(ears.messages) == turn + 1)
            assert (ears.messages[turn].number, ears.messages[turn].raw) == (7, 64 + turn)
            controller.delete()
            wait_for(lambda: not ears.opened("sender:knobs"))
            controller = plug_in()
    finally:
        midi.close()
        controller.delete()
