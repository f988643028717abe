import { startAedes } from "../support/aedes.ts";
import { Mosquitto, mosquittoTest } from "../support/mosquitto.ts";
import { publisherContract } from "../support/publisher_contract.ts";
import { test } from "../support/test.ts";

publisherContract("Mosquitto", mosquittoTest, () => Mosquitto.start());
publisherContract("aedes", test, startAedes);
