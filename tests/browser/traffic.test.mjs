// Traffic on the screen of a real browser: it goes on each second, holds still when asked, and a
// moment has an address of its own. covers: N5.1

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { base, choose, enter, launch, until } from "./lab.mjs";

let browser, context;

before(async () => {
  browser = await launch();
  context = await enter(browser);
  await choose(context, { lang: "en" });
});

after(async () => {
  await browser?.close();
});

const freeze = (page) => page.locator(".freeze a").getAttribute("href");

test("the picture changes each second and holds still on pause", async () => {
  const page = await context.newPage();
  await page.goto(`${base}/traffic`);
  assert.match(await page.locator("h1").innerText(), /to segments, .* from segments/);
  const seen = new Set();
  const begun = Date.now();
  await until("ten pictures", async () => seen.add(await freeze(page)).size > 10, 20_000);
  const pace = (Date.now() - begun) / 10;
  console.log(`a new picture every ${Math.round(pace)} ms`);
  assert.ok(pace > 700 && pace < 1_300, `${pace} ms`);

  await page.keyboard.press("p");
  const held = await freeze(page);
  const heading = await page.locator("h1").innerText();
  await page.waitForTimeout(3_000);
  assert.equal(await freeze(page), held);
  assert.equal(await page.locator("h1").innerText(), heading);
  assert.equal(await page.locator("#pause").getAttribute("aria-pressed"), "true");
  await page.locator("#pause").click();
  await until("it goes on", async () => (await freeze(page)) !== held);

  // The moment that was held is found again under its address.
  await page.goto(base + held);
  assert.match(await page.locator("h1").innerText(), /to segments, .* from segments/);
  assert.ok((await page.locator("main table").count()) > 0);
  await page.close();
});

test("the focus stays with its segment while rows change places", async () => {
  const page = await context.newPage();
  await page.goto(`${base}/traffic`);
  const link = page.locator("[data-fragment=busiest] a").first();
  const href = await link.getAttribute("href");
  await link.focus();
  await page.waitForTimeout(3_000);
  const now = await page.evaluate(() => document.activeElement?.getAttribute("href"));
  const listed = await page.locator(`[data-fragment=busiest] a[href="${href}"]`).count();
  if (listed) assert.equal(now, href);
  await page.close();
});

test("a segment's traffic goes on as well", async () => {
  const page = await context.newPage();
  await page.goto(`${base}/segments/s001/traffic`);
  const seen = new Set();
  const text = () => page.locator("[data-fragment=flow]").innerText();
  await until("figures that change", async () => seen.add(await text()).size > 3, 30_000);
  await page.close();
});
