"""A real client library and the client machine with the profile of its name do the same, packet by
packet. Each scene is a server of one client, written by hand, which is played to both; what they
send, when, and what they tell their application must agree. Speaks TAP.

    duel.py PROFILE REAL-PEER... -- MODEL-PEER...
"""
import asyncio
import socket
import struct
import sys
import time

PATIENCE = 20    # for what must come
QUIET = 0.4      # after which nothing more comes
GRAIN = 1.6      # libraries count whole seconds, and this machine may be busy

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, SUBACK = range(1, 10)
PINGREQ, PINGRESP, DISCONNECT = 12, 13, 14
NAMES = ("", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE",
         "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH")


class Closed(Exception):
    """The client has ended its connection."""


class Packet:
    """Of the client. Identifiers are named 1, 2, ... in the order in which they appear, since a
    library may use up some that never show."""

    def __init__(self, first, body, version, ids):
        self.kind = first >> 4
        self.id = 0
        words = [NAMES[self.kind]]
        at = 0
        if self.kind == PUBLISH:
            self.qos = first >> 1 & 3
            size, = struct.unpack_from("!H", body)
            at = 2 + size
            words += ["DUP"] * (first >> 3 & 1) + ["RETAIN"] * (first & 1)
            words += ["QoS", str(self.qos), body[2:at].decode()]
            if self.qos:
                self.id, = struct.unpack_from("!H", body, at)
                at += 2
        elif self.kind in (PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE):
            self.id, = struct.unpack_from("!H", body)
            at = 2
            if first & 15 != (2 if self.kind in (PUBREL, SUBSCRIBE) else 0):
                words.append("flags %x" % (first & 15))
        if self.id:
            own = self.kind in (PUBLISH, PUBREL, SUBSCRIBE)
            words.append("#%d" % (ids.setdefault(self.id, len(ids) + 1) if own else self.id))
        if body[at:]:
            words.append(body[at:].hex())
        self.text = " ".join(words)


class Stage:
    """One client, and the server that it talks to."""

    def __init__(self, argv, profile, version):
        self.argv, self.profile, self.version = argv, profile, version
        self.log = []       # what is compared
        self.times = []     # (what, seconds): compared within GRAIN
        self.arrivals = asyncio.Queue()
        self.ids = {}
        self.told = asyncio.Queue()
        self.reader = self.writer = None
        self.mark = time.monotonic()

    async def __aenter__(self):
        self.server = await asyncio.start_server(
            lambda r, w: self.arrivals.put_nowait((time.monotonic(), r, w)), "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        self.peer = await asyncio.create_subprocess_exec(
            *self.argv, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL)
        self.listener = asyncio.ensure_future(self.listen())
        return self

    async def __aexit__(self, *_):
        self.peer.kill()
        await self.peer.wait()
        await self.listener
        self.cut()
        self.server.close()

    async def listen(self):
        while True:
            line = await self.peer.stdout.readline()
            if not line:
                return
            self.told.put_nowait(line.decode().strip())

    # ---- the application

    def say(self, line):
        self.peer.stdin.write(line.encode() + b"\n")

    async def hear(self, words):
        """The application is told this next."""
        while True:
            line = await asyncio.wait_for(self.told.get(), PATIENCE)
            if line not in ("connecting", "closed"):
                break
        self.log.append("application: " + line)
        return line

    def publish(self, qos, name, payload="p"):
        self.say("publish %s %d 0 %s" % (name, qos, payload))

    # ---- the server

    def note(self, text):
        self.log.append(text)

    async def accept(self, within=PATIENCE):
        """The next connection; its CONNECT is read. False: none came."""
        try:
            arrived, self.reader, self.writer = await asyncio.wait_for(self.arrivals.get(), within)
        except asyncio.TimeoutError:
            self.note("(no connection)")
            return False
        self.since, self.mark = arrived - self.mark, time.monotonic()
        self.note((await self.read()).text)
        return True

    def connect(self, clean=0, keep_alive=60, more=""):
        five = self.version == 5
        words = ["connect port=%d id=duel version=%d" % (self.port, self.version),
                 "clean=%d keepalive=%d own%s" % (clean, keep_alive, more)]
        if five and not clean:
            words.append("expiry=100")
        if self.profile:
            words.append("profile=" + self.profile)
        if self.profile == "paho-python" and five and clean:
            words.append("clean_start=first")
        self.say(" ".join(words))

    async def start(self, present=0, properties=b"", clean=0, keep_alive=60, more=""):
        self.connect(clean, keep_alive, more)
        await self.accept()
        self.connack(present, 0, properties)
        await self.hear("connected")

    async def resume(self, present=1, properties=b""):
        """Cuts the connection, and takes the next."""
        self.cut()
        self.mark = time.monotonic()
        await self.accept()
        self.connack(present, 0, properties)
        await self.hear("connected")

    def write(self, first, body):
        self.writer.write(bytes([first, len(body)]) + body)

    def connack(self, present=0, code=0, properties=b""):
        more = bytes([len(properties)]) + properties if self.version == 5 else b""
        self.write(CONNACK << 4, bytes([present, code]) + more)

    def ack(self, kind, number, reason=0):
        body = struct.pack("!H", number) + (bytes([reason]) if reason else b"")
        self.write(kind << 4 | (2 if kind == PUBREL else 0), body)

    def give(self, qos, number, payload, dup=0):
        more = b"\0" if self.version == 5 else b""
        ident = struct.pack("!H", number) if qos else b""
        self.write(PUBLISH << 4 | dup << 3 | qos << 1, b"\0\1t" + ident + more + payload)

    def cut(self):
        if self.writer:
            self.writer.close()
        self.writer = None

    async def read(self, within=PATIENCE):
        try:
            first, = await asyncio.wait_for(self.reader.readexactly(1), within)
            size, shift = 0, 0
            while True:
                byte, = await self.reader.readexactly(1)
                size |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    break
            body = await self.reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise Closed from None
        return Packet(first, body, self.version, self.ids)

    async def expect(self):
        """The next packet, which is noted."""
        packet = await self.read()
        self.note(packet.text)
        return packet

    async def rest(self, quiet=QUIET):
        """Notes all that comes until there is quiet; a closed connection is noted too."""
        packets = []
        try:
            while True:
                packets.append(await self.read(quiet))
                self.note(packets[-1].text)
        except asyncio.TimeoutError:
            self.note("(quiet)")
        except Closed:
            self.note("(closed)")
        return packets

    async def until_closed(self):
        """Notes what comes till the client closes, and when, in seconds since the last mark."""
        try:
            while True:
                packet = await self.read()
                self.times.append((packet.text, time.monotonic() - self.mark))
        except Closed:
            self.times.append(("closed", time.monotonic() - self.mark))

    async def hear_rest(self, quiet=QUIET):
        """What the application is told until there is quiet."""
        try:
            while True:
                line = await asyncio.wait_for(self.told.get(), quiet)
                if line not in ("connecting", "closed"):
                    self.note("application: " + line)
        except asyncio.TimeoutError:
            pass


# ---- scenes; a name ends with the versions that it is for

RECEIVE_MAXIMUM = 0x21


async def hello(s):
    """CONNECT, SUBSCRIBE, DISCONNECT as they are."""
    await s.start()
    s.say("subscribe a/+ 1")
    packet = await s.expect()
    s.write(SUBACK << 4, struct.pack("!H", packet.id) + b"\0" * (s.version == 5) + b"\1")
    await s.hear("subscribed")
    s.say("disconnect")
    await s.rest()


async def window(s, limit=None, count=25):
    properties = b"" if limit is None else struct.pack("!BH", RECEIVE_MAXIMUM, limit)
    await s.start(properties=properties)
    for i in range(count):
        s.publish(1, "w%d" % i)
    packets = await s.rest()
    for packet in packets[:3]:
        s.ack(PUBACK, packet.id)
        await s.hear("published")
    await s.rest()


async def narrower_5(s):
    await window(s, 3, 8)


async def wider_5(s):
    await window(s, 30, 40)


async def stays_5(s):
    """The Receive Maximum of a former connection."""
    await s.start(properties=struct.pack("!BH", RECEIVE_MAXIMUM, 3))
    await s.resume()
    for i in range(8):
        s.publish(1, "s%d" % i)
    await s.rest()


async def cut_publish(s, present=1):
    """QoS 1 and 2, unacknowledged."""
    await s.start()
    s.publish(1, "one")
    s.publish(2, "two")
    await s.expect()
    await s.expect()
    await s.resume(present)
    packets = await s.rest()
    s.ack(PUBACK, packets[0].id)
    s.ack(PUBREC, packets[1].id)
    await s.expect()
    s.ack(PUBCOMP, packets[1].id)
    await s.hear("published")
    await s.hear("published")


async def cut_publish_lost(s):
    """The same, and the server has forgotten the session."""
    await cut_publish(s, 0)


async def cut_pubrel(s, present=1, clean=0):
    await s.start(clean=clean)
    s.publish(2, "two")
    packet = await s.expect()
    s.ack(PUBREC, packet.id)
    await s.expect()
    await s.resume(present)
    await s.rest()
    for kind in (PUBREC, PUBCOMP):
        s.ack(kind, packet.id)
        await s.rest()
    await s.hear("published")


async def cut_pubrel_lost(s):
    await cut_pubrel(s, 0)


async def cut_pubrel_clean(s):
    """Neither side is to keep the session, and the publication goes on."""
    await cut_pubrel(s, 0, 1)


async def away(s, count=3):
    """Published without a connection, and sent for the first time when there is one."""
    await s.start()
    s.cut()
    while await asyncio.wait_for(s.told.get(), PATIENCE) != "closed":
        pass
    s.publish(0, "zero")
    await s.hear("not taken")
    for i in range(count):
        s.publish(1 + i % 2, "a%d" % i)
    s.mark = time.monotonic()
    await s.accept()
    s.connack(1)
    await s.hear("connected")
    return await s.rest()


async def away_long(s):
    """More than the window takes."""
    packets = await away(s, 27)
    s.ack(PUBACK, packets[0].id)
    await s.rest()


async def late(s):
    """What waited behind the window when the connection was cut."""
    await s.start()
    for i in range(23):
        s.publish(1, "l%d" % i)
    await s.rest()
    await s.resume()
    await s.rest()


async def refused_1_5(s):
    await s.start()
    s.publish(1, "no")
    s.ack(PUBACK, (await s.expect()).id, 0x87)
    await s.rest()
    await s.hear_rest()


async def refused_2_5(s):
    await s.start()
    s.publish(2, "no")
    packet = await s.expect()
    s.ack(PUBREC, packet.id, 0x87)
    await s.rest()
    s.ack(PUBCOMP, packet.id, 0x92)
    await s.rest()
    await s.hear_rest()


async def unknown(s):
    """Identifiers that the client does not know."""
    await s.start()
    for kind in (PUBACK, PUBCOMP, PUBREC, PUBREL):
        s.ack(kind, 7000 + kind)
        await s.rest()


async def again(s):
    """A second PUBREC, and a second PUBCOMP."""
    await s.start()
    s.publish(2, "two")
    packet = await s.expect()
    for kind in (PUBREC, PUBREC, PUBCOMP, PUBCOMP):
        s.ack(kind, packet.id)
        await s.rest()
    await s.hear_rest()


async def receive(s):
    await s.start()
    s.give(0, 0, b"zero")
    await s.hear("message")
    s.give(1, 5, b"one")
    await s.expect()
    await s.hear("message")
    s.give(2, 5, b"two")
    await s.expect()
    await s.hear_rest()
    s.ack(PUBREL, 5)
    await s.expect()
    await s.hear("message")
    s.give(2, 5, b"three")
    await s.expect()
    s.ack(PUBREL, 5)
    await s.expect()
    await s.hear("message")


async def receive_cut(s, present=1):
    await s.start()
    s.give(2, 5, b"two")
    await s.expect()
    await s.resume(present)
    s.ack(PUBREL, 5)
    await s.expect()
    await s.hear_rest()


async def receive_cut_lost(s):
    await receive_cut(s, 0)


async def receive_twice(s):
    """The same PUBLISH twice; then its identifier is free for the next two."""
    await s.start()
    for dup in (0, 1):
        s.give(2, 5, b"two", dup)
        await s.expect()
    for payload in (b"three", b"four", None):
        s.ack(PUBREL, 5)
        await s.expect()
        await s.hear_rest()
        if payload:
            s.give(2, 5, payload)
            await s.expect()


async def receive_other(s):
    """Another PUBLISH with the identifier of one that is unreleased."""
    await s.start()
    for payload in (b"two", b"three"):
        s.give(2, 5, payload)
        await s.expect()
    for _ in range(3):
        s.ack(PUBREL, 5)
        await s.expect()
        await s.hear_rest()


async def receive_other_cut(s):
    """The same, and the server has forgotten the session in between."""
    await s.start()
    s.give(2, 5, b"two")
    await s.expect()
    await s.resume(0)
    s.give(2, 5, b"three")
    await s.expect()
    for _ in range(3):
        s.ack(PUBREL, 5)
        await s.expect()
        await s.hear_rest()


async def receive_many_5(s):
    """Cut again and again between PUBREC and PUBREL: what that does to its Receive Maximum."""
    await s.start()
    for i in range(24):
        s.give(2, 5, b"two", i > 0)
        await s.expect()
        if i % 6 == 5:
            await s.resume()
    s.ack(PUBREL, 5)
    await s.expect()
    await s.hear_rest()


async def widened(s):
    """Whether what is received makes room for what is sent."""
    await s.start()
    for i in range(3):
        s.give(2, 5 + i, b"in")
        await s.expect()
        s.ack(PUBREL, 5 + i)
        await s.expect()
        await s.hear("message")
    for i in range(25):
        s.publish(1, "w%d" % i)
    await s.rest()


async def surprise(s):
    """Session Present, though the client has none."""
    await s.start(present=1)
    s.publish(1, "one")
    await s.rest()


async def limits_5(s):
    """Maximum QoS 0 and Maximum Packet Size 30."""
    await s.start(properties=bytes([0x24, 0, 0x27, 0, 0, 0, 30]))
    s.publish(1, "one")
    s.publish(0, "zero", "*40")
    s.publish(0, "zero")
    await s.rest()


async def final_5(s):
    """DISCONNECT: whether it connects again."""
    await s.start()
    s.write(DISCONNECT << 4, b"\x8b\0")
    await asyncio.sleep(0.1)
    s.cut()
    await s.accept(3)


async def garbage(s):
    """A PUBLISH of QoS 3."""
    await s.start()
    s.give(3, 5, b"bad")
    await s.rest()
    s.cut()
    await s.accept(3)


async def refused_connect(s):
    s.connect()
    await s.accept()
    s.connack(0, 0x88 if s.version == 5 else 3)
    await s.hear("refused")
    await s.rest(1)
    s.cut()
    await s.accept(3)


async def idle(s):
    """Keep alive of 5 s: a PINGREQ that is answered, one that is not."""
    await s.start(keep_alive=5)
    s.mark = time.monotonic()
    await s.read()
    s.times.append(("PINGREQ", time.monotonic() - s.mark))
    s.write(PINGRESP << 4, b"")
    s.mark = time.monotonic()
    await s.until_closed()


async def deaf(s):
    """It sends, and hears nothing."""
    await s.start(keep_alive=5)
    s.mark = time.monotonic()

    async def talk():
        for i in range(20):
            s.publish(0, "t")
            await asyncio.sleep(1)
    talker = asyncio.ensure_future(talk())
    await s.until_closed()
    talker.cancel()
    s.times = [(what, when) for what, when in s.times if not what.startswith("PUBLISH")]


async def other_keep_alive_5(s):
    """Server Keep Alive of 5 s. libmosquitto's loop knows of it from its next packet on."""
    await s.start(properties=bytes([0x13, 0, 5]), keep_alive=8)
    s.publish(0, "t")
    await s.read()
    s.mark = time.monotonic()
    await s.read()
    s.times.append(("PINGREQ", time.monotonic() - s.mark))


async def slow(s):
    """The application takes 8 s for each message, and the keep alive is 5 s: when the
    acknowledgement leaves, and what meanwhile."""
    await s.start(keep_alive=5, more=" slow=8")
    s.give(1, 5, b"one")
    s.mark = time.monotonic()
    for _ in range(2):
        packet = await s.read()
        s.times.append((packet.text, time.monotonic() - s.mark))


async def no_connack(s):
    s.connect(keep_alive=5)
    await s.accept()
    await s.until_closed()


async def silence(s):
    """Its SYNs are lost for 10 s, since the queue of the listening socket is full: one blocks in
    connect() until the kernel sends its SYN again, the other gives up after 5 s and has a new
    one."""
    await s.start()
    s.server.close()
    loop = asyncio.get_running_loop()
    address = "127.0.0.1", s.port
    with socket.socket() as deaf, socket.socket() as first, socket.socket() as second:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        deaf.bind(address)
        deaf.listen(0)
        for one in deaf, first, second:
            one.setblocking(False)
        for one in first, second:
            one.connect_ex(address)
        s.cut()
        s.mark = time.monotonic()
        await asyncio.sleep(10)
        while True:
            conn, peer = await asyncio.wait_for(loop.sock_accept(deaf), PATIENCE)
            conn.close()
            if peer not in (first.getsockname(), second.getsockname()):
                break
        s.times.append(("connects again", time.monotonic() - s.mark))


async def backoff(s):
    """Three connections without CONNACK, one with, one more."""
    s.connect(clean=1)
    await s.accept()
    for answer in (False, False, False, True, False):
        if answer:
            s.connack()
            await s.hear("connected")
        s.cut()
        s.mark = time.monotonic()
        await s.accept()
        s.times.append(("connects again", s.since))


SCENES = (hello, window, narrower_5, wider_5, stays_5, cut_publish, cut_publish_lost, cut_pubrel,
          cut_pubrel_lost, cut_pubrel_clean, away, away_long, late, refused_1_5, refused_2_5,
          unknown, again, receive, receive_cut, receive_cut_lost, receive_twice, receive_other,
          receive_other_cut, receive_many_5, widened, surprise, limits_5, final_5, garbage,
          refused_connect, idle, deaf, other_keep_alive_5, slow, no_connack, silence, backoff)
AT_ONCE = 24


async def play(scene, argv, profile, version):
    async with Stage(argv, profile, version) as stage:
        try:
            await scene(stage)
        except asyncio.TimeoutError:
            stage.note("(gave up waiting)")
        except Closed:
            stage.note("(closed)")
        except IndexError:
            stage.note("(fewer packets than the scene needs)")
        return stage


def compare(real, model):
    """What differs, in lines."""
    lines = []
    if real.log != model.log:
        lines += ["real:  " + line for line in real.log] + ["model: " + line for line in model.log]
    names = [what for what, _ in real.times], [what for what, _ in model.times]
    late_by = [abs(a - b) for (_, a), (_, b) in zip(real.times, model.times)]
    if names[0] != names[1] or any(late > GRAIN for late in late_by):
        for who, stage in (("real: ", real), ("model:", model)):
            lines += ["%s %s after %.2f s" % (who, what, when) for what, when in stage.times]
    return lines


async def duel(scene, version, room, profile, real, model):
    async with room:
        return compare(*await asyncio.gather(
            play(scene, real, None, version), play(scene, model, profile, version)))


async def main(profile, real, model, only):
    duels = [(scene, version) for scene in SCENES for version in (4, 5)
             if (version == 5 or not scene.__name__.endswith("_5"))
             and (not only or scene.__name__ in only)]
    room = asyncio.Semaphore(AT_ONCE)
    print("1..%d" % len(duels))
    results = await asyncio.gather(*(duel(scene, version, room, profile, real, model)
                                     for scene, version in duels))
    for i, ((scene, version), lines) in enumerate(zip(duels, results), 1):
        print("%sok %d /duel/%s/%s/%s" % ("not " if lines else "", i, profile,
                                         "mqtt5" if version == 5 else "mqtt311", scene.__name__))
        for line in lines:
            print("# " + line)
    return any(results)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    cuts = [i for i, word in enumerate(arguments) if word == "--"] + [len(arguments)] * 2
    sys.exit(asyncio.run(main(arguments[0], arguments[1:cuts[0]], arguments[cuts[0] + 1:cuts[1]],
                              arguments[cuts[1] + 1:])))
