// Every page in every language, theme and width: nothing that axe finds, nothing wider than the
// screen, nothing from outside, no glyph from a font that is not ours. covers: N11

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { ask, base, choose, enter, entryLink, fault, heal, launch, picture, until } from "./lab.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const LANGUAGES = ["kk", "ru", "en"];
const THEMES = ["light", "dark"];
const WIDTHS = [1280, 360];
const DOWN = "s007";

const PAGES = [
  "/",
  "/?view=table",
  "/segments",
  "/segments?q=nothing+of+the+kind&list=1",
  `/segments/${DOWN}`,
  "/segments/s001?period=day",
  "/segments/s001?period=month",
  "/segments/s001?period=year",
  "/segments/s001/edit",
  "/segments/s001/retire",
  "/registry/new",
  "/registry/import",
  "/registry/points",
  "/services",
  "/services/documents?person=a",
  "/registry/points/pp-center",
  "/registry/points/pp-center/edit",
  "/registry/points/pp-center/remove",
  "/registry/new-point",
  "/segments/s002/photo/edit",
  "/outages",
  "/outages/1",
  "/traffic",
  "/traffic?at=1795339927",
  "/traffic/top",
  "/traffic/top?period=hour&by=peak",
  "/traffic/top?period=custom&from=2026-11-30&to=2026-11-01",
  "/traffic/reports",
  "/traffic/reports/akimat-region",
  "/traffic/quotas",
  "/traffic/quotas/new",
  "/segments/s001/traffic",
  "/segments/s001/traffic?period=month",
  "/segments/s001/talkers",
  "/segments/s001/talkers?by=port",
  "/rules",
  "/rules/draft",
  "/rules/services/new",
  "/rules/services/documents",
  "/rules/services/documents/edit",
  "/rules/segments/s001",
  "/rules/limits",
  "/ca",
  "/ca/new",
  "/ca/machines",
  "/rights",
  "/me",
  "/rules/text",
  "/rules/history",
  "/rules/history/1",
  "/reachability?q=s00",
  "/reachability?a=s001&b=documents",
  "/offences",
  "/journal?verify=1",
  "/system",
  "/settings",
  "/help",
  "/help/problems",
  "/wall",
  "/wall?scene=outages&hold=1",
  "/wall?scene=table&hold=1",
  "/no-such-page",
];

// Nothing waits and nothing is drafted, whatever was done before.
async function calmRules(page) {
  for (const [path, form] of [["/rules", "form[action$='/withdraw']"], ["/rules/draft", "form[action$='/discard']"]]) {
    await page.goto(base + path);
    if (await page.locator(form).count()) await page.locator(`${form} button`).first().click();
  }
}

// A draft that takes documents from the first segment that has it.
async function draftRules(page) {
  await calmRules(page);
  await page.goto(`${base}/rules/services/documents?which=may`);
  await page.locator("input[name=segment]").first().check();
  await page.locator("button[value=withdraw]").click();
  await page.waitForURL(`${base}/rules/draft`);
}

// Pages that only a form leads to.
const FORMS = {
  "draft of the rules": async (page) => {
    await draftRules(page);
    await page.locator("main details summary").first().click();
  },
  "draft without a reason": async (page) => {
    await draftRules(page);
    await page.locator("main form.form button.primary").click();
    await page.locator(".errors").waitFor();
  },
  "change of the rules that waits": async (page) => {
    await draftRules(page);
    await page.locator("#f-reason").fill("browser tests");
    await page.locator("main form.form button.primary").click();
    await page.locator("[data-until]").waitFor();
  },
  "rules after a change was taken back": calmRules,
  "service with faults": async (page) => {
    await page.goto(`${base}/rules/services/new`);
    await page.locator("#f-id").fill("NO");
    await page.locator("main form.form button.primary").click();
    await page.locator(".errors").waitFor();
  },
  "limits with faults": async (page) => {
    await page.goto(`${base}/rules/limits`);
    await page.locator("#f-packets").fill("many");
    await page.locator("main form.form button.primary").click();
    await page.locator(".errors").waitFor();
  },
  "import with faults": async (page) => {
    await page.goto(`${base}/registry/import`);
    const buffer = Buffer.from("id,prefixes,nonsense\nS 1,10.10.1.0/33,x\n");
    const file = { name: "a.csv", mimeType: "text/csv", buffer };
    await page.locator("input[type=file]").setInputFiles(file);
    await page.locator("main form button.primary").click();
    await page.locator("textarea#f-text").waitFor();
  },
  "import without faults": async (page) => {
    await page.goto(`${base}/registry/import`);
    const file = await ask(page, "/registry/export.csv");
    const buffer = Buffer.from(file.replace(/normal/, "critical"));
    await page.locator("input[type=file]").setInputFiles({ name: "a.csv", mimeType: "text/csv", buffer });
    await page.locator("main form button.primary").click();
    await page.locator("input[name=digest]").waitFor({ state: "attached" });
  },
  "segment with a photograph": async (page) => {
    await page.goto(`${base}/segments/s003/photo/edit`);
    await page.locator("input[type=file]").setInputFiles(await picture(page, 40));
    await page.locator("main form.form button.primary").click();
    await page.waitForURL(`${base}/segments/s003`);
    await until("the photograph is drawn", () => page.evaluate(() => document.querySelector(".photo img").naturalWidth));
  },
  "photograph to be removed": (page) => page.goto(`${base}/segments/s003/photo/remove`),
  "photograph with a fault": async (page) => {
    await page.goto(`${base}/segments/s003/photo/edit`);
    const file = { name: "a.png", mimeType: "image/png", buffer: Buffer.from("no picture") };
    await page.locator("input[type=file]").setInputFiles(file);
    await page.locator("main form.form button.primary").click();
    await page.locator(".errors").waitFor();
  },
  "point with faults": async (page) => {
    await page.goto(`${base}/registry/new-point`);
    await page.locator("#f-id").fill("NO");
    await page.locator("main form.form button.primary").click();
    await page.locator(".errors").waitFor();
  },
  "quota with faults": async (page) => {
    await page.goto(`${base}/traffic/quotas/new`);
    await page.locator("#f-warn").fill("0");
    await page.locator("main form.form button.primary").click();
    await page.locator(".errors").waitFor();
  },
  "form with faults": async (page) => {
    await page.goto(`${base}/registry/new`);
    await page.locator("#f-id").fill("NO");
    await page.locator("main form.form button.primary").click();
    await page.locator(".errors").waitFor();
  },
};

let browser, context;

before(async () => {
  browser = await launch();
  context = await enter(browser, { reducedMotion: "reduce" });
  await fault("link-down", DOWN);
  const page = await context.newPage();
  await page.goto(`${base}/help`);
  await until("an outage is written down", async () => {
    return JSON.parse(await ask(page, "/api/v1/outages?state=open")).length > 0;
  });
  await page.close();
});

after(async () => {
  await heal(DOWN);
  await browser?.close();
});

// Pages from a context without entry.
async function strangers() {
  const stranger = await browser.newContext();
  return { stranger, paths: ["/", `/enter?token=${"0".repeat(64)}`, await entryLink()] };
}

async function look(page, path, problems) {
  const open = FORMS[path] ?? ((page) => page.goto(new URL(path, base).href, { waitUntil: "load" }));
  const outside = (request) => {
    const url = new URL(request.url());
    if (url.origin !== base && url.protocol !== "data:") problems.push(`asks ${url}`);
  };
  const said = (message) => {
    if (message.type() === "error" && !/status of 4(01|04|09|10|22)/.test(message.text())) {
      problems.push(`console: ${message.text()}`);
    }
  };
  page.on("request", outside);
  page.on("console", said);
  await open(page);
  await page.evaluate(() => document.fonts.ready);
  page.off("request", outside);
  page.off("console", said);
}

async function violations(page) {
  // Our own policy forbids foreign scripts; a test may bring one in by the debugger.
  await page.evaluate(axe);
  const result = await page.evaluate(() =>
    globalThis.axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }),
  );
  return result.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).slice(0, 3).join(", ")}`,
  );
}

// Fonts that drew the page's letters: elements are chosen until every letter is among them.
async function foreignFonts(page) {
  const count = await page.evaluate(() => {
    const seen = new Set();
    let count = 0;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      if (!element.checkVisibility() || element.closest("script")) continue;
      const weight = getComputedStyle(element).fontWeight + getComputedStyle(element).fontFamily;
      const fresh = [...node.data].filter((letter) => letter.trim() && !seen.has(letter + weight));
      if (!fresh.length) continue;
      fresh.forEach((letter) => seen.add(letter + weight));
      element.setAttribute("data-glyphs", count++);
    }
    return count;
  });
  const session = await page.context().newCDPSession(page);
  await session.send("DOM.enable");
  await session.send("CSS.enable");
  const { root } = await session.send("DOM.getDocument");
  const selector = "[data-glyphs]";
  const { nodeIds } = await session.send("DOM.querySelectorAll", { nodeId: root.nodeId, selector });
  const foreign = new Set();
  for (const nodeId of nodeIds) {
    // A live page may have renewed the element meanwhile.
    const gone = () => ({ fonts: [] });
    const { fonts } = await session.send("CSS.getPlatformFontsForNode", { nodeId }).catch(gone);
    for (const font of fonts.filter((font) => !font.isCustomFont)) {
      const { outerHTML } = await session.send("DOM.getOuterHTML", { nodeId });
      foreign.add(`${font.familyName} draws a letter of ${outerHTML.slice(0, 160)}`);
    }
  }
  await session.detach();
  assert.ok(count > 0, "the page has letters");
  return [...foreign];
}

async function judge(page, path, width, withFonts) {
  const problems = [];
  await look(page, path, problems);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  if (wide > width) problems.push(`scrolls sideways: ${wide} px`);
  problems.push(...(await violations(page)));
  if (withFonts) problems.push(...(await foreignFonts(page)));
  return problems.map((problem) => `${path}: ${problem}`);
}

// Each language with each theme and each width, each theme with each width: half of all combinations,
// of which every two choices meet. ETS_SIZE=full takes them all.
const FULL = process.env.ETS_SIZE === "full";
const meets = (lang, theme, width) => (LANGUAGES.indexOf(lang) + THEMES.indexOf(theme) + WIDTHS.indexOf(width)) % 2 === 0;
console.log(`size: combinations of language, theme and width = ${FULL ? 12 : 6} of 12`);

for (const lang of LANGUAGES) {
  for (const theme of THEMES) {
    for (const width of WIDTHS.filter((width) => FULL || meets(lang, theme, width))) {
      test(`pages in ${lang}, ${theme}, ${width} px`, async () => {
        await choose(context, { lang, theme });
        const page = await context.newPage();
        await page.setViewportSize({ width, height: 900 });
        const withFonts = width === 1280;
        const problems = [];
        for (const path of [...PAGES, ...Object.keys(FORMS)]) problems.push(...(await judge(page, path, width, withFonts)));
        await page.close();
        const { stranger, paths } = await strangers();
        await choose(stranger, { lang, theme });
        const outside = await stranger.newPage();
        await outside.setViewportSize({ width, height: 900 });
        for (const path of paths) problems.push(...(await judge(outside, path, width, withFonts)));
        await stranger.close();
        assert.deepEqual(problems, []);
      });
    }
  }
}

describe("weight", () => {
  test("the first visit of the overview weighs at most 150 KB, 45 KB of it script", async () => {
    const fresh = await enter(browser);
    const page = await fresh.newPage();
    const session = await fresh.newCDPSession(page);
    await session.send("Network.enable");
    await session.send("Network.setCacheDisabled", { cacheDisabled: true });
    const kinds = new Map();
    let total = 0;
    let scripts = 0;
    session.on("Network.responseReceived", ({ requestId, type }) => kinds.set(requestId, type));
    session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
      total += encodedDataLength;
      if (kinds.get(requestId) === "Script") scripts += encodedDataLength;
    });
    await page.goto(`${base}/`, { waitUntil: "load" });
    await page.evaluate(() => document.fonts.ready);
    await page.waitForTimeout(500);
    console.log(`overview: ${total} bytes, ${scripts} of them script`);
    assert.ok(total <= 150_000, `${total} bytes`);
    assert.ok(scripts <= 45_000, `${scripts} bytes of script`);
    await fresh.close();
  });

  test("without a script every page says the same", async () => {
    const plain = await browser.newContext({ javaScriptEnabled: false });
    await plain.addCookies(await context.cookies());
    const page = await plain.newPage();
    for (const path of ["/", "/?view=table", `/segments/${DOWN}`, "/outages", "/system", "/traffic/reports", "/traffic", "/wall"]) {
      await page.goto(base + path);
      assert.ok(await page.locator("h1").innerText(), path);
    }
    const refresh = await page.locator("noscript, meta[http-equiv=refresh]").count();
    assert.ok(refresh > 0, "a page without a script renews itself");
    await plain.close();
  });
});
