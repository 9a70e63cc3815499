// A person with a token: a key made on it, a certificate issued for it, a browser in a window that
// asks for the PIN, the closed part, and its end. covers: T-1, T-2, T1.2, T1.3, T2.1, T2.2, T2.3
//
// Headless mode waits for the PIN for ever, so there is a screen of our own (Xvfb); the token is
// SoftHSM's, the tools are OpenSC's and OpenSSL's.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { lab, until } from "./lab.mjs";

const MODULE = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"].find(existsSync);
const POLICIES = "/etc/chromium/policies/managed";
const [PIN, WRONG] = ["482913", "111111"];
const port = new URL(lab.portal_url).port;
const portal = `https://portal.ets.localhost:${port}`;
const dir = mkdtempSync(path.join(tmpdir(), "ets-token-"));
const policy = path.join(POLICIES, `ets-${process.pid}.json`);
const display = `:${100 + (process.pid % 400)}`;
const environment = {
  ...process.env,
  HOME: dir,
  DISPLAY: display,
  SOFTHSM2_CONF: path.join(dir, "softhsm.conf"),
  PKCS11_MODULE_PATH: MODULE,
};
const skip = process.getuid() === 0 ? false : "only root may choose a certificate for a browser by policy";
const started = [];

const run = (program, args, input) =>
  execFileSync(program, args, { env: environment, input, stdio: ["pipe", "pipe", "pipe"] }).toString();
const start = (program, args) => {
  const child = spawn(program, args, { env: environment, stdio: "ignore", detached: true });
  started.push(child);
  return child;
};
const end = (child) => {
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
};
const hub = (...args) => JSON.parse(run(process.env.ETS_HUB, ["ca", "--json", "--dir", process.env.ETS_LAB_DIR, ...args]));
const file = (name) => path.join(dir, name);

// A key on the token and a request signed by it; the key never leaves.
function request(id) {
  const name = file(`request-${id}.pem`);
  run("pkcs11-tool", ["--module", MODULE, "--login", "--pin", PIN, "--keypairgen", "--key-type", "EC:prime256v1", "--id", id, "--label", "ets"]);
  const key = `pkcs11:token=ets;id=%${id};type=private;pin-value=${PIN}`;
  run("openssl", ["req", "-new", "-engine", "pkcs11", "-keyform", "engine", "-key", key, "-subj", "/CN=ets", "-out", name]);
  return name;
}

function put(cert, id) {
  const der = file("certificate.der");
  run("openssl", ["x509", "-in", cert, "-outform", "DER", "-out", der]);
  run("pkcs11-tool", ["--module", MODULE, "--login", "--pin", PIN, "--write-object", der, "--type", "cert", "--id", id, "--label", "ets"]);
}

// A browser in a window of its own, with the token and without any session of before.
async function browser() {
  const profile = mkdtempSync(path.join(dir, "profile-"));
  const debug = 20_000 + Math.floor(Math.random() * 20_000);
  const child = start(process.env.ETS_CHROMIUM ?? "/usr/bin/chromium", [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync", "--disable-background-networking",
    `--user-data-dir=${profile}`, `--remote-debugging-port=${debug}`, "--window-size=1200,900", "about:blank",
  ]);
  const connected = await until("the browser", () => chromium.connectOverCDP(`http://127.0.0.1:${debug}`).catch(() => null), 30_000);
  const [context] = connected.contexts();
  const page = context.pages()[0] ?? (await context.newPage());
  return { child, page, close: async () => { await connected.close(); end(child); } };
}

const windows = () => {
  try {
    return run("xdotool", ["search", "--name", "Unlock Security Device|Sign in to Security Device"]).trim().split("\n").filter(Boolean);
  } catch {
    return [];
  }
};

// Types a PIN into the window that asks for it.
async function type(pin) {
  const [window] = await until("the window that asks for the PIN", () => {
    const all = windows();
    return all.length > 0 && all;
  }, 20_000);
  run("xdotool", ["windowfocus", "--sync", window]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  run("xdotool", ["type", "--delay", "30", pin]);
  run("xdotool", ["key", "Return"]);
}

const visit = (page, address) => page.goto(address, { timeout: 20_000 }).then((answer) => answer.status(), () => 0);

let person;

before(() => {
  if (skip) return;
  assert.ok(MODULE, "SoftHSM is missing: apt-get install softhsm2");
  mkdirSync(file("tokens"));
  writeFileSync(environment.SOFTHSM2_CONF, `directories.tokendir = ${file("tokens")}\nobjectstore.backend = file\n`);
  run("softhsm2-util", ["--init-token", "--free", "--label", "ets", "--pin", PIN, "--so-pin", "87654321"]);
  const nss = `sql:${file(".pki/nssdb")}`;
  mkdirSync(file(".pki/nssdb"), { recursive: true });
  run("certutil", ["-d", nss, "-N", "--empty-password"]);
  run("certutil", ["-d", nss, "-A", "-n", "ets", "-t", "CT,C,C", "-i", lab.ca_cert]);
  run("modutil", ["-dbdir", nss, "-add", "ets", "-libfile", MODULE, "-force"]);
  mkdirSync(POLICIES, { recursive: true });
  const pattern = JSON.stringify({ pattern: `https://portal.ets.localhost:${port}`, filter: {} });
  writeFileSync(policy, JSON.stringify({ AutoSelectCertificateForUrls: [pattern] }));
  start("Xvfb", [display, "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]);
  const csr = request("01");
  person = hub("issue", "--profile", "civil-servant", "--subject", "CN=Айгүл Омарова,O=Әкімдік,serialNumber=850101400123", "--csr", csr, "--out", file("people"));
  put(person.cert, "01");
});

after(() => {
  started.forEach(end);
  rmSync(policy, { force: true });
  rmSync(dir, { recursive: true, force: true });
});

test("the token with its PIN opens the closed part, and the rights page is what one sees", { skip }, async () => {
  const { page, close } = await browser();
  const opened = visit(page, `${portal}/me`);
  await type(PIN);
  assert.equal(await opened, 200);
  assert.match(await page.textContent("main"), /Айгүл Омарова/);
  assert.match(await page.textContent("main"), new RegExp(person.serial.slice(-6), "i"));
  await close();
});

test("a wrong PIN opens nothing", { skip }, async () => {
  const { page, close } = await browser();
  const opened = visit(page, `${portal}/me`);
  await type(WRONG);
  const again = await until("the window that asks again, or a refusal", () => windows().length > 0 || null, 10_000);
  assert.ok(again);
  await close();
  assert.notEqual(await opened, 200);
});

test("a lost token is replaced within a minute, and the old certificate is dead", { skip }, async () => {
  const { page, close } = await browser();
  const opened = visit(page, `${portal}/me`);
  await type(PIN);
  assert.equal(await opened, 200);
  const begun = Date.now();
  hub("revoke", "--serial", person.serial, "--reason", "keyCompromise");
  const revoked = Date.now();
  const dead = await visit(page, `${portal}/me`);
  assert.notEqual(dead, 200, "a revoked certificate opened a page");
  await close();
  const csr = request("02");
  const again = hub("issue", "--profile", "civil-servant", "--subject", "CN=Айгүл Омарова,O=Әкімдік,serialNumber=850101400123", "--csr", csr, "--out", file("people"));
  run("pkcs11-tool", ["--module", MODULE, "--login", "--pin", PIN, "--delete-object", "--type", "cert", "--id", "01"]);
  put(again.cert, "02");
  const next = await browser();
  const entered = visit(next.page, `${portal}/me`);
  await type(PIN);
  assert.equal(await entered, 200);
  console.log(`reissued and in again after ${((Date.now() - begun) / 1000).toFixed(1)} s, ${revoked - begun} ms of them the revocation`);
  assert.ok(Date.now() - begun < 60_000);
  await next.close();
});

test("a pulled token opens nothing", { skip }, async () => {
  rmSync(file("tokens"), { recursive: true });
  mkdirSync(file("tokens"));
  const { page, close } = await browser();
  const status = await visit(page, `${portal}/me`);
  assert.notEqual(status, 200);
  assert.doesNotMatch((await page.textContent("body").catch(() => "")) ?? "", /Айгүл Омарова/);
  await close();
});
