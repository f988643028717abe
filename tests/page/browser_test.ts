import assert from "node:assert/strict";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { testWith } from "../support/programs.ts";
import { waitFor } from "../support/wait_for.ts";
import { BROWSER, PlayedScanner, startBrowser } from "./support.ts";

/** A page that somebody looks at, and what the browser complained of. */
class Looking implements AsyncDisposable {
  readonly complaints: string[] = [];

  private constructor(readonly page: Page) {
    page.on("console", (message) => this.complaints.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("dialog", (dialog) => this.complaints.push(`dialog: ${dialog.message()}`));
    page.on("request", (request) => this.requests.push(request.url()));
  }

  readonly requests: string[] = [];

  static async at(
    browser: Browser,
    scanner: PlayedScanner,
    options: Parameters<Browser["newPage"]>[0] = {},
  ): Promise<Looking> {
    const looking = new Looking(await browser.newPage(options));
    await looking.page.goto(scanner.url);
    await looking.shows("#link", "Live");
    return looking;
  }

  /** Waits until an element says this. */
  async shows(selector: string, text: string | RegExp): Promise<void> {
    let last = "";
    const says = async () => {
      last = await this.text(selector);
      return typeof text === "string" ? last.includes(text) : text.test(last);
    };
    await waitFor(says, `"${text}" in ${selector}`).catch((error) => {
      throw new Error(`${error.message}, which says "${last}"; ${this.complaints.join()}`);
    });
  }

  async text(selector: string): Promise<string> {
    return (await this.page.locator(selector).filter({ visible: true }).allInnerTexts()).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.close();
  }
}

/** Names as somebody would send them who wants to be more than a name. */
const HOSTILE_NAMES: readonly string[] = [
  "<script>document.title='owned'</script>",
  "<img src=x onerror=\"document.title='owned'\">",
  "</bdi></summary></details></li></ul><h1 id=id>owned</h1>",
  "javascript:alert(1)",
  "{{constructor.constructor('alert(1)')()}}",
  "\u202eevil\u202d \u2066isolated",
  "\x00\x07\x1b[2J\r\ndata: {}\r\n\r\nid: 0",
  "A".repeat(10_000),
  "Z\u0300\u0301\u0302\u0303\u0304\u0305".repeat(100),
  "\ud800\udfff\ud800",
  "__proto__",
];

testWith([BROWSER], "the page in Chromium", async (t) => {
  const browser = await startBrowser();
  try {
    for (const [name, tryIt] of Object.entries(STEPS)) {
      await t.step(name, async () => {
        await using scanner = await new PlayedScanner().start();
        scanner.allWell();
        await tryIt(browser, scanner);
      });
    }
  } finally {
    await browser.close();
  }
});

const STEPS: Readonly<Record<string, (browser: Browser, scanner: PlayedScanner) => Promise<void>>> = {
  "tells what the scanner hears, where it sends and what it loses, and loads nothing from elsewhere": async (
    browser,
    scanner,
  ) => {
    scanner.hears({
      localName: "Kitchen",
      localNameComplete: true,
      manufacturerData: [{ companyId: 0x0499, data: new Uint8Array() }],
    });
    await using looking = await Looking.at(browser, scanner);
    await looking.shows("h1", /^attic$/);
    await looking.shows("#about", "on raspberrypi · bt-scanner 1.2.3");
    await looking.shows("#scan", "Scanning");
    await looking.shows("#scan-why", "hci0");
    await looking.shows("#broker", "Connected");
    await looking.shows("#broker-why", "broker.local:8883 (192.0.2.7), TLS, QoS 1");
    await looking.shows("#losses", "Nothing");
    scanner.hears({
      localName: "Kitchen",
      localNameComplete: true,
      manufacturerData: [{ companyId: 0x0499, data: new Uint8Array() }],
    });
    await looking.shows("#devices", /Kitchen\s+Ruuvi\s+−67 dBm/);
    scanner.vitals.setConnection({ kind: "waiting", reason: "connection refused", retryInMs: 1_000, failures: 1 });
    scanner.warnings.logged("warning", "broker connection lost", { host: "broker.local" });
    await looking.shows("#broker", "Not connected");
    await looking.shows("#broker-why", "connection refused");
    await looking.shows("#warnings", /warning broker connection lost\s+host=broker.local/i);
    await looking.shows("#news", "not connected to the broker");
    scanner.vitals.counter.ended("droppedRateLimited");
    await looking.shows("#dropped-rate-limited", /^1$/);
    scanner.vitals.setScan({ kind: "stopped", reason: "no adapter" });
    await looking.shows("#scan-why", "no adapter");
    assert.deepEqual(looking.complaints, []);
    assert.deepEqual(looking.requests.filter((url) => !url.startsWith(scanner.url)), []);
  },

  "shows names as text, whatever they hold": async (browser, scanner) => {
    await using looking = await Looking.at(browser, scanner);
    HOSTILE_NAMES.forEach((localName, index) =>
      scanner.hears({ localName, localNameComplete: true, address: `AA:BB:CC:00:00:${10 + index}` })
    );
    scanner.warnings.logged("error", "<b>bold</b>\u202e", { reason: "<script>document.title='owned'</script>\u202e" });
    await waitFor(
      async () => await looking.page.locator("#devices li").count() === HOSTILE_NAMES.length,
      "all devices",
    );
    const shown = await looking.page.locator("#devices .name").allTextContents();
    for (const name of HOSTILE_NAMES.slice(0, 5)) assert.ok(shown.includes(name), `${name}: ${shown}`);
    assert.ok(shown.includes("\\u202eevil\\u202d \\u2066isolated"));
    assert.deepEqual(shown.filter((name) => /[\p{C}\p{Zl}\p{Zp}]/u.test(name) || name.length > 1_000), []);
    await looking.shows("#warnings", "<b>bold</b>\\u202e");
    const facts = await looking.page.evaluate(`({
      title: document.title,
      scripts: document.scripts.length,
      headings: document.querySelectorAll("h1").length,
      pictures: document.images.length,
      width: document.documentElement.scrollWidth - innerWidth,
    })`);
    assert.deepEqual(facts, { title: "attic · bt-scanner", scripts: 1, headings: 1, pictures: 0, width: 0 });
    assert.deepEqual(looking.complaints, []);
  },

  "would not let a script run even if it came to be in the page": async (browser, scanner) => {
    await using looking = await Looking.at(browser, scanner);
    const tried = await looking.page.evaluate(`(async () => {
      const owned = "document.title = 'owned'";
      const script = document.createElement("script");
      const picture = document.createElement("img");
      const attempts = [
        () => document.body.innerHTML = "<img>",
        () => document.body.insertAdjacentHTML("beforeend", "<img>"),
        () => script.text = owned,
        () => script.append(owned),
        () => picture.setAttribute("onerror", owned),
      ];
      const refused = attempts.map((attempt) => {
        try {
          attempt();
          return "not refused";
        } catch (error) {
          return error.name;
        }
      });
      document.body.append(script, picture);
      picture.src = "http://localhost:9/";
      await new Promise((resolve) => picture.addEventListener("error", () => setTimeout(resolve, 50)));
      return { refused, title: document.title };
    })()`) as { readonly refused: readonly string[]; readonly title: string };
    assert.deepEqual(tried.refused.slice(0, 3), ["TypeError", "TypeError", "TypeError"]);
    assert.equal(tried.title, "attic · bt-scanner");
    assert.match(looking.complaints.join(), /img-src 'self'/);
  },

  "says that it is not connected, and goes on where it was when the scanner answers again": async (
    browser,
    scanner,
  ) => {
    scanner.hears({ localName: "before", localNameComplete: true });
    await using looking = await Looking.at(browser, scanner);
    scanner.hears({ localName: "before", localNameComplete: true });
    await looking.shows("#devices", "before");
    await scanner.unplug();
    await looking.shows("#link", "Not connected since");
    await looking.shows("#news", "Not connected to the scanner");
    await looking.shows("#devices", "before");
    scanner.hears({ localName: "meanwhile", localNameComplete: true, address: "AA:BB:CC:DD:EE:02" });
    await scanner.plugIn();
    await looking.shows("#link", "Live");
    await looking.shows("#devices", "before");
    await looking.shows("#devices", "meanwhile");
    const since = looking.requests.map((url) => new URL(url).searchParams.get("since")).filter((id) => id !== null);
    assert.equal(since[0], "");
    assert.match(since.at(-1) ?? "", /^\w+-\d/);
  },

  "begins anew where another run of the scanner answers": async (browser, scanner) => {
    await using looking = await Looking.at(browser, scanner);
    scanner.hears({ localName: "old", localNameComplete: true });
    scanner.warnings.logged("error", "old trouble", {});
    await looking.shows("#devices", "old");
    await looking.shows("#warnings", "old trouble");
    const { port } = scanner;
    await scanner.stop();
    await using other = await new PlayedScanner(port).start();
    other.allWell();
    await looking.shows("#no-warnings", "None");
    other.hears({ localName: "new", localNameComplete: true, address: "AA:BB:CC:DD:EE:02" });
    await looking.shows("#devices", "new");
    assert.doesNotMatch(await looking.text("#devices"), /old/);
  },

  "has nothing that keeps people from using it, on a phone as on a desk, by day and by night": async (
    browser,
    scanner,
  ) => {
    scanner.warnings.logged("warning", "broker connection lost", { host: "broker.local" });
    scanner.warnings.logged("error", "it broke", {});
    const views = [
      { viewport: { width: 390, height: 844 }, colorScheme: "light" },
      { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
    ] as const;
    for (const view of views) {
      await using looking = await Looking.at(browser, scanner, view);
      for (let device = 10; device < 16; device++) {
        scanner.hears({ address: `AA:BB:CC:DD:EE:${device}`, localName: "W".repeat(200), localNameComplete: true });
      }
      await looking.shows("#near-count", "6");
      await looking.page.locator("#devices summary").first().click();
      await looking.page.evaluate(axe.source);
      const violations = await looking.page.evaluate(
        `axe.run().then(({ violations }) => violations.map(({ id, nodes }) =>
        id + ": " + nodes.map(({ html, failureSummary }) => html + failureSummary).join()))`,
      );
      assert.deepEqual(violations, [], `at ${view.viewport.width} px, ${view.colorScheme}`);
      await looking.page.setViewportSize({ width: 320, height: 700 });
      const overflow = await looking.page.evaluate("document.documentElement.scrollWidth - innerWidth");
      assert.equal(overflow, 0, "something is wider than 320 px");
      assert.deepEqual(looking.complaints, []);
    }
  },

  "can be used with a keyboard alone": async (browser, scanner) => {
    await using looking = await Looking.at(browser, scanner);
    const { page } = looking;
    for (let device = 10; device < 50; device++) {
      scanner.hears({ localName: `Sensor ${device}`, localNameComplete: true, address: `AA:BB:CC:DD:EE:${device}` });
    }
    await looking.shows("#more-devices", "Show all 40");
    await tabTo(page, "#find");
    await page.keyboard.type("sensor 3");
    await looking.shows("#device-note", "10 of 40 devices");
    assert.equal(await page.locator("#devices li").count(), 10);
    await page.keyboard.press("Control+A");
    await page.keyboard.press("Delete");
    await tabTo(page, "#order");
    await page.keyboard.type("by name");
    await waitFor(
      async () => (await page.locator("#devices .name").first().innerText()) === "Sensor 10",
      "the order by name",
    );
    await tabTo(page, "#devices summary");
    await page.keyboard.press("Enter");
    await looking.shows("#devices .facts", /Address\s+AA:BB:CC:DD:EE:10/);
    await looking.shows("#devices .facts", /Last payload\s+empty/);
    const focused = "document.activeElement.textContent.includes('Sensor 10')";
    scanner.hears({ localName: "Sensor 00", localNameComplete: true, address: "AA:BB:CC:DD:EE:00" });
    await looking.shows("#in-range", "41");
    await page.waitForTimeout(100);
    assert.equal(await page.evaluate(focused), true);
    await tabTo(page, "#more-devices");
    await page.keyboard.press("Enter");
    await looking.shows("#more-devices", "Show the first 25 only");
    assert.deepEqual(looking.complaints, []);
  },
};

/** Presses Tab until this element has the focus. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    if (await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`The keyboard does not come to ${selector}`);
}
