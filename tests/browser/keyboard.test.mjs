// What an administrator does, by keyboard alone. covers: N11, N1.2

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask, base, choose, enter, fault, heal, launch, picture, until } from "./lab.mjs";

const DOWN = "s005";
// A segment of this run's own, so that the tests can be run again on the same star.
const run = Math.floor(Date.now() / 1000) % 25_000;
const network = `10.${128 + Math.floor(run / 250)}.${run % 250}`;
const FRESH = { id: `t${run}`, network, port: `new${run}` };
let browser, context, page;

before(async () => {
  browser = await launch();
  context = await enter(browser, { viewport: { width: 1280, height: 900 } });
  await choose(context, { lang: "ru", theme: "light" });
  page = await context.newPage();
  page.setDefaultTimeout(10_000);
  // Nothing here may be done with a mouse.
  page.mouse.click = () => assert.fail("by keyboard alone");
});

after(async () => {
  await heal(DOWN).catch(() => {});
  await browser?.close();
});

const press = (...keys) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
const heading = () => page.locator("h1").innerText();

// Tabs on until the focus is on something that is called so; says how it is called.
async function tabTo(name, most = 250) {
  for (let step = 0; step < most; step += 1) {
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return "";
      const label = element.labels?.[0]?.textContent ?? element.getAttribute("aria-label");
      return (label ?? element.textContent ?? "").replace(/\s+/g, " ").trim();
    });
    if (name instanceof RegExp ? name.test(focused) : focused === name) return focused;
    await press("Tab");
  }
  throw new Error(`the focus never came to ${name}`);
}

async function fill(label, text) {
  await tabTo(label);
  await press("Control+a");
  await page.keyboard.type(text);
}

async function goes(action) {
  await Promise.all([page.waitForEvent("load"), action()]);
}

test("find a segment that is down, and see why", async () => {
  await page.goto(`${base}/`);
  await fault("link-down", DOWN);
  await until("the star shows it", () => page.locator(`[data-seg=${DOWN}][data-state=down]`).count());
  await press("/");
  await page.keyboard.type(DOWN);
  await goes(() => press("Enter"));
  assert.equal(new URL(page.url()).pathname, `/segments/${DOWN}`);
  assert.match(await heading(), /нет связи/);
  await until("the outage is told", () => page.locator(".story").count());
  await tabTo(/нет связи$/);
  await goes(() => press("Enter"));
  assert.match(new URL(page.url()).pathname, /^\/outages\/\d+$/);
  assert.match(await page.locator("main").innerText(), /пропал сигнал|без ответа/);
});

test("ping it and read the answers", async () => {
  await page.goto(`${base}/segments/${DOWN}`);
  await heal(DOWN);
  await until("it is up again", () => page.locator(`.st[data-seg=${DOWN}][data-state=up]`).count());
  await tabTo("Отправить пробы");
  await press("Enter");
  const output = page.locator("#ping-output");
  await until("five answers", async () => (await output.innerText()).includes("Отправлено 5"));
  assert.match(await output.innerText(), /1: ответ за/);
});

test("see its month", async () => {
  await page.goto(`${base}/segments/${DOWN}`);
  await tabTo("Месяц");
  await goes(() => press("Enter"));
  assert.equal(new URL(page.url()).searchParams.get("period"), "month");
  assert.match(await page.locator("main").innerText(), /Последние 30 дней/);
});

test("add a segment with its institution", async () => {
  await page.goto(`${base}/`);
  await goes(() => press("g", "s"));
  await tabTo("Добавить сегмент");
  await goes(() => press("Enter"));
  await fill(/^Обозначение/, FRESH.id);
  await fill(/^Сети/, `${FRESH.network}.0/24`);
  await fill(/^Проверяемый адрес/, `${FRESH.network}.1`);
  await fill(/^Порт узла/, FRESH.port);
  await fill(/^Название учреждения по-русски/, "Пятидесятое учреждение");
  await tabTo("Необязательные сведения");
  await press("Enter");
  await fill(/^Короткое название по-русски/, "Пятидесятый");
  await goes(() => press("Enter"));
  assert.match(await page.locator(".errors").innerText(), /у узла нет порта/, "it may come later");
  await tabTo("Сохранить всё равно");
  await goes(() => press("Enter"));
  assert.equal(new URL(page.url()).pathname, `/segments/${FRESH.id}`);
  assert.match(await heading(), /Пятидесятый/);
});

test("a fault in a form is found by its link and nothing typed is lost", async () => {
  await page.goto(`${base}/registry/new`);
  await fill(/^Обозначение/, "s051");
  await fill(/^Сети/, `${FRESH.network}.0/25`);
  await fill(/^Проверяемый адрес/, `${FRESH.network}.77`);
  await fill(/^Порт узла/, "eth51");
  await fill(/^Название учреждения по-русски/, "Ещё одно");
  await goes(() => press("Enter"));
  assert.equal(await page.locator(".errors:focus").count(), 1, "the summary has the focus");
  await tabTo("Сети");
  await press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "f-prefixes");
  assert.equal(await page.locator("#f-id").inputValue(), "s051");
  await page.evaluate(() => localStorage.clear());
});

test("import a CSV file and mend its faults", async () => {
  const file = await ask(page, "/registry/export.csv");
  const lines = file.trimEnd().split("\n");
  const columns = lines[0].split(",");
  const broken = lines.map((line, index) => {
    if (index !== 1) return line;
    return line.replace(/10\.10\.1\.0\/24/, "10.10.1.0/33");
  });
  assert.ok(columns.includes("prefixes"));
  await page.goto(`${base}/registry/import`);
  await tabTo(/^Файл CSV/);
  const chooser = page.waitForEvent("filechooser");
  await press("Space");
  await (await chooser).setFiles({
    name: "segments.csv",
    mimeType: "text/csv",
    buffer: Buffer.from(broken.join("\n") + "\n"),
  });
  await tabTo("Проверить файл");
  await goes(() => press("Enter"));
  assert.match(await heading(), /1 ошибка/);
  assert.match(await page.locator("table").first().innerText(), /10\.10\.1\.0\/33/);
  await tabTo(/^Текст файла/);
  await press("Control+a");
  const mended = lines.map((line) => line.replace(FRESH.port, `other${run}`));
  await page.keyboard.insertText(mended.join("\n") + "\n");
  await tabTo("Проверить ещё раз");
  await goes(() => press("Enter"));
  assert.match(await heading(), /изменённых 1/);
  await tabTo("Загрузить");
  await goes(() => press("Enter"));
  assert.match(await page.locator(".flash").innerText(), /Загружено/);
});

test("retire a segment and read its journal", async () => {
  await page.goto(`${base}/segments/${FRESH.id}/edit`);
  await tabTo("Снять с учёта");
  await goes(() => press("Enter"));
  assert.match(await heading(), /Снять с учёта/);
  await tabTo("Снять с учёта");
  await goes(() => press("Enter"));
  assert.match(await heading(), /снят с учёта/);
  const journal = page.locator("section.card", { hasText: "Журнал сегмента" });
  const text = await journal.innerText();
  for (const entry of ["добавлен сегмент", "изменён сегмент", "снят с учёта"]) {
    assert.ok(text.includes(entry), `${entry} in ${text}`);
  }
});

test("add a provider point and remove it again", async () => {
  await page.goto(`${base}/segments`);
  await tabTo("Точки провайдеров");
  await goes(() => press("Enter"));
  await tabTo("Добавить точку");
  await goes(() => press("Enter"));
  await fill(/^Обозначение/, `pp-${run}`);
  await fill(/^Название по-русски/, "Узел «Проба»");
  await goes(() => press("Enter"));
  assert.equal(new URL(page.url()).pathname, `/registry/points/pp-${run}`);
  assert.equal(await heading(), "Узел «Проба»: сегментов нет");
  await tabTo("Изменить");
  await goes(() => press("Enter"));
  await tabTo("Удалить точку");
  await goes(() => press("Enter"));
  await tabTo("Удалить точку");
  await goes(() => press("Enter"));
  assert.match(await page.locator(".flash").innerText(), /Точка удалена/);
});

test("see which segments stand in the way of removing a point", async () => {
  await page.goto(`${base}/registry/points/pp-center/edit`);
  await tabTo("Удалить точку");
  await goes(() => press("Enter"));
  assert.match(await heading(), /^Нельзя удалить/);
  assert.ok((await page.locator("main a[href^='/segments/']").count()) > 0, "they are links");
});

test("place a photograph that is too large, and remove it", async () => {
  await page.goto(`${base}/segments/s004/photo/edit`);
  const large = await picture(page, 900);
  assert.ok(large.buffer.length > 1_000_000, `${large.buffer.length} bytes`);
  await tabTo(/^Файл с фотографией/);
  const chooser = page.waitForEvent("filechooser");
  await press("Space");
  await (await chooser).setFiles(large);
  const button = page.locator("main form.form button.primary");
  await until("it is small enough", () => page.evaluate(() => document.querySelector("#f-photo").files[0].size <= 524_288));
  await until("the button can be pressed", () => button.isEnabled());
  await tabTo("Загрузить");
  await goes(() => press("Enter"));
  assert.equal(new URL(page.url()).pathname, "/segments/s004");
  await until("it is drawn", () => page.evaluate(() => document.querySelector(".photo img").naturalWidth > 300));
  await tabTo("Заменить");
  await goes(() => press("Enter"));
  await tabTo("Убрать фотографию");
  await goes(() => press("Enter"));
  await tabTo("Убрать фотографию");
  await goes(() => press("Enter"));
  assert.match(await page.locator(".flash").innerText(), /Фотография убрана/);
  assert.equal(await page.locator(".photo").count(), 0);
});

test("go through a table with j and k", async () => {
  await page.goto(`${base}/segments`);
  await press("j", "j", "k", "j");
  const second = page.locator("main tbody tr").nth(1);
  const name = await second.locator("a").first().innerText();
  await goes(() => press("Enter"));
  assert.ok((await heading()).startsWith(name));
});

test("switch between star and table, and go by letters", async () => {
  await page.goto(`${base}/`);
  await goes(() => press("t"));
  assert.equal(new URL(page.url()).searchParams.get("view"), "table");
  await goes(() => press("t"));
  assert.equal(new URL(page.url()).search, "");
  for (const [letter, path] of [["i", "/outages"], ["j", "/journal"], ["h", "/system"], ["o", "/"]]) {
    await goes(() => press("g", letter));
    assert.equal(new URL(page.url()).pathname, path);
  }
  await press("?");
  await page.locator("dialog[open]").waitFor();
  await press("Escape");
});

test("print the overview", async () => {
  await page.goto(`${base}/`);
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator("nav.nav").isVisible(), false, "no navigation on paper");
  assert.ok(await page.locator("h1").isVisible());
  const paper = await page.pdf({ format: "A4" });
  assert.ok(paper.length > 10_000);
  await page.emulateMedia({ media: "screen" });
});

test("switch language and theme", async () => {
  await page.goto(`${base}/settings`);
  await tabTo("Қазақша", 300);
  await goes(() => press("Enter"));
  assert.equal(await page.locator("html").getAttribute("lang"), "kk");
  await page.goto(`${base}/settings`);
  await tabTo("Күңгірт", 300);
  await goes(() => press("Enter"));
  assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
});
