// What all browser tests share: the running lab, a browser, a way in.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

const file = process.env.ETS_LAB_JSON;
if (!file) throw new Error("ETS_LAB_JSON is not set: name the lab.json of a running lab");
export const lab = JSON.parse(readFileSync(file, "utf8"));
const dir = process.env.ETS_LAB_DIR ?? path.dirname(file);
export const base = lab.dashboard_plain_url ?? lab.dashboard_url;

// A new one-time link, made over the hub's local socket as a command of this machine would.
export function entryLink() {
  const socketPath = path.join(dir, "serve.sock");
  const options = { socketPath, path: "/api/v1/entry-links", method: "POST" };
  return new Promise((resolve, reject) => {
    const request = http.request({ ...options, headers: { host: "localhost" } }, (response) => {
      let body = "";
      response.on("data", (part) => (body += part));
      response.on("end", () => {
        if (response.statusCode !== 201) return reject(new Error(`no entry link: ${body}`));
        const link = new URL(JSON.parse(body).url);
        resolve(base + link.pathname + link.search);
      });
    });
    request.on("error", reject);
    request.end();
  });
}

export function launch() {
  const executablePath = process.env.ETS_CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
}

// A context of its own, signed in by a one-time link as a person does it.
export async function enter(browser, options = {}) {
  const context = await browser.newContext({ locale: "ru-RU", ...options });
  const page = await context.newPage();
  await page.goto(await entryLink());
  await page.locator("main form button").click();
  await page.waitForURL(`${base}/`);
  await page.close();
  return context;
}

export const choose = (context, choices) =>
  context.addCookies(Object.entries(choices).map(([name, value]) => ({ name, value, url: base })));

// A fault of the lab, or its healing: fault("link-down", "s007"), heal("s007").
const run = promisify(execFile);
export const fault = (kind, ...segments) =>
  run(process.env.ETS_HUB, ["lab", "fault", kind, ...segments, "--dir", dir]);
export const heal = (...segments) =>
  run(process.env.ETS_HUB, ["lab", "heal", ...segments, "--dir", dir]);

// What an address of the hub answers, asked by the page itself: only a browser knows *.localhost.
export const ask = (page, address) =>
  page.evaluate(async (address) => (await fetch(address)).text(), address);

// A PNG of noise as the page draws it, for a file field: larger than the hub takes when it is wide.
export async function picture(page, width) {
  const base64 = await page.evaluate(async (width) => {
    const canvas = new OffscreenCanvas(width, width);
    const brush = canvas.getContext("2d");
    const noise = brush.createImageData(width, width);
    let seed = 1;
    for (let at = 0; at < noise.data.length; at += 1) {
      seed = (seed * 48271) % 2147483647;
      noise.data[at] = at % 4 === 3 ? 255 : seed & 255;
    }
    brush.putImageData(noise, 0, 0);
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
  }, width);
  return { name: "site.png", mimeType: "image/png", buffer: Buffer.from(base64, "base64") };
}

// Waits until the page shows something.
export async function until(what, holds, milliseconds = 10_000) {
  const end = Date.now() + milliseconds;
  for (;;) {
    const value = await holds();
    if (value) return value;
    if (Date.now() > end) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
