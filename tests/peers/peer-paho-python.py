"""A client of Paho Python that does what it is told: see README."""
import functools
import sys
import threading
import time

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

TEXT_MAX = 64


def say(*words):
    sys.stdout.write(" ".join(str(word) for word in words) + "\n")
    sys.stdout.flush()


@functools.lru_cache(None)
def pattern(size):
    return bytes((i * 31 + (i >> 8)) & 255 for i in range(size))


def to_payload(word):
    if word == "-":
        return b""
    return pattern(int(word[1:])) if word[0] == "*" else word.encode()


def from_payload(payload):
    if not payload:
        return "-"
    if len(payload) <= TEXT_MAX:
        return payload.decode()
    return ("*" if payload == pattern(len(payload)) else "garbled:") + str(len(payload))


def properties(packet, **values):
    result = Properties(packet)
    for name, value in values.items():
        setattr(result, name, value)
    return result


class Peer:
    def __init__(self):
        self.client = None
        self.lock = threading.Lock()
        self.voice = threading.Lock()
        self.open = set()      # identifiers of publishes whose end is not told yet
        self.ended = set()     # those that ended before publish() had returned
        self.room = None       # of a burst

    def connect(self, *words):
        args = dict(word.split("=", 1) for word in words if "=" in word)
        with self.voice:
            former, self.client = self.client, None
            say("connecting")
        if former:
            former.disconnect()
        self.five = args["version"] == "5"
        clean = args["clean"] == "1"
        client = mqtt.Client(args["id"], clean_session=None if self.five else clean,
                             protocol=mqtt.MQTTv5 if self.five else mqtt.MQTTv311)
        own = "own" in words
        self.slow = int(args.get("slow", 0))
        if not own:
            client.reconnect_delay_set(0.02, 0.02)
        client.on_connect = self.on_connect
        client.on_disconnect = self.on_disconnect
        client.on_subscribe = lambda _client, _data, _id, granted, *_: say(
            "subscribed", granted[0].value if self.five else granted[0])
        client.on_unsubscribe = lambda *_: say("unsubscribed")
        client.on_publish = self.on_publish
        client.on_message = self.on_message
        if "will" in args:
            topic, qos, retain, payload = args["will"].split(",")
            props = None
            if "delay" in args:
                props = properties(PacketTypes.WILLMESSAGE, WillDelayInterval=int(args["delay"]))
            client.will_set(topic, payload, int(qos), retain == "1", props)
        more = {}
        if self.five:
            more["clean_start"] = mqtt.MQTT_CLEAN_START_FIRST_ONLY if own and clean else clean
            if "expiry" in args:
                more["properties"] = properties(PacketTypes.CONNECT,
                                                SessionExpiryInterval=int(args["expiry"]))
        self.client, self.leaving, self.up = client, False, False
        client.connect("127.0.0.1", int(args["port"]), int(args.get("keepalive", 60)), **more)
        client.loop_start()

    def say_for(self, client, *words):
        """Threads of former clients have no voice."""
        with self.voice:
            if client is self.client:
                say(*words)

    def on_connect(self, client, _data, flags, code, *_):
        if client is not self.client:
            return
        code = code.value if self.five else code
        self.up = code == 0
        if self.up:
            say("connected", flags["session present"])
        else:
            say("refused", code)

    def on_disconnect(self, client, *_):
        if client is not self.client:
            return
        if self.leaving:
            say("disconnected")
        elif self.up:
            say("closed")
        self.up = False

    def on_publish(self, client, _data, number):
        if client is not self.client:
            return
        with self.lock:
            if number not in self.open:
                self.ended.add(number)
                return
            self.open.remove(number)
        self.tell_end()

    def tell_end(self):
        if self.room:
            self.room.release()
        else:
            say("published")

    def on_message(self, client, _data, message):
        words = ["message", message.topic, message.qos, int(message.retain),
                 from_payload(message.payload)]
        props = message.properties if self.five else None
        for name, word in (("MessageExpiryInterval", "expiry"), ("ContentType", "type"),
                           ("ResponseTopic", "reply"), ("CorrelationData", "correlation"),
                           ("UserProperty", "user"), ("SubscriptionIdentifier", "id")):
            value = getattr(props, name, None)
            if value is None:
                continue
            if name == "CorrelationData":
                value = value.decode()
            elif name == "UserProperty":
                value = ":".join(value[0])
            elif name == "SubscriptionIdentifier":
                value = value[0]
            words.append(word + "=" + str(value))
        self.say_for(client, *words)
        time.sleep(self.slow)

    def subscribe(self, topic, qos, *words):
        args = dict(word.split("=", 1) for word in words)
        if not self.five:
            self.client.subscribe(topic, int(qos))
            return
        options = SubscribeOptions(int(qos), args.get("nolocal") == "1", args.get("rap") == "1",
                                   int(args.get("handling", 0)))
        props = None
        if "id" in args:
            props = properties(PacketTypes.SUBSCRIBE, SubscriptionIdentifier=int(args["id"]))
        self.client.subscribe(topic, options=options, properties=props)

    def unsubscribe(self, topic):
        self.client.unsubscribe(topic)

    def put(self, topic, qos, payload, retain=False, props=None):
        info = self.client.publish(topic, payload, qos, retain, props)
        if info.rc == mqtt.MQTT_ERR_NO_CONN and qos == 0:
            say("not taken")
            return
        with self.lock:
            if info.mid not in self.ended:
                self.open.add(info.mid)
                return
            self.ended.remove(info.mid)
        self.tell_end()

    def publish(self, topic, qos, retain, payload, *words):
        props = None
        if "props" in words:
            props = properties(PacketTypes.PUBLISH, MessageExpiryInterval=60,
                               ContentType="text/plain", ResponseTopic="reply/to",
                               CorrelationData=b"c0rr", UserProperty=("colour", "green"))
        self.put(topic, int(qos), to_payload(payload), retain == "1", props)

    def burst(self, topic, qos, count, window):
        self.room = threading.Semaphore(int(window))
        for i in range(int(count)):
            self.room.acquire()
            self.put(topic.replace("%", str(i)), int(qos), str(i))
        for _ in range(int(window)):
            self.room.acquire()
        self.room = None
        say("done")

    def disconnect(self):
        self.leaving = True
        self.client.disconnect()


def main():
    if sys.argv[1:] == ["--version"]:
        import paho.mqtt
        print("Paho Python", paho.mqtt.__version__)
        return
    peer = Peer()
    for line in sys.stdin:
        name, *words = line.split()
        getattr(peer, name)(*words)


main()
