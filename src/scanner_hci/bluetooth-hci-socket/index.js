"use strict";
// Stands in for the native @abandonware/bluetooth-hci-socket, which Deno cannot load (it is built on
// NAN, Deno supports Node-API alone). Bytes go through whatever link src/scanner_hci attaches.
const { EventEmitter } = require("node:events");

module.exports = class BluetoothHciSocket extends EventEmitter {
  #link = null;

  attach(link) {
    this.#link = link;
  }

  bindRaw() {}

  bindUser() {}

  start() {}

  stop() {}

  setFilter() {}

  isDevUp() {
    return this.#link.isUp();
  }

  write(packet) {
    this.#link.send(packet);
  }
};
