# Publishes the lines of a file as fast as paho-mqtt does, PORT QOS FILE: a thousand messages wait at most.
from collections import deque
import sys
import paho.mqtt.client as mqtt

port, qos, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
with open(path, encoding="utf-8") as file:
    lines = file.read().splitlines()
version = [mqtt.CallbackAPIVersion.VERSION2] if hasattr(mqtt, "CallbackAPIVersion") else []
client = mqtt.Client(*version, client_id="peer")
client.connect("127.0.0.1", port)
client.loop_start()
waiting = deque()
for line in lines:
    waiting.append(client.publish("ble/raw/s1/C0:00:00:00:00:00", line, qos))
    if len(waiting) == 1000:
        waiting.popleft().wait_for_publish()
for info in waiting:
    info.wait_for_publish()
client.disconnect()
client.loop_stop()
