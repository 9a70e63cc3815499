// Keeps a page fresh and answers the keyboard. Without it every page works, only not by itself.
// The contract with the server stands in src/web/src/live.rs.

const body = document.body;
const words = JSON.parse(document.getElementById("words").textContent);
const markup = globalThis.trustedTypes?.createPolicy("ets", { createHTML: (text) => text });
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

// ---- figures, by the same rules as the server's ----

function decimal(value, digits) {
  const [whole, fraction] = Math.abs(value).toFixed(digits).split(".");
  const long = whole.length > 4 || words.decimal === ".";
  const grouped = long ? whole.replace(/\B(?=(\d{3})+$)/g, words.group) : whole;
  return (value < 0 ? "\u2212" : "") + grouped + (fraction ? words.decimal + fraction : "");
}

const millis = (value) =>
  decimal(value, value === 0 ? 0 : value < 0.1 ? 3 : value < 1 ? 2 : value < 100 ? 1 : 0);

function percent(ratio) {
  let value = Math.round(ratio * 1000) / 10;
  if (ratio > 0 && value === 0) value = 0.1;
  if (ratio < 1 && value === 100) value = 99.9;
  return decimal(value, value % 1 ? 1 : 0);
}

function duration(seconds) {
  const piece = (number, unit) => `${number}\u00a0${words[unit]}`;
  const two = (size, unit, rest, restUnit) => {
    const minor = Math.floor((seconds % size) / rest);
    const shown = unit === "day" ? minor : String(minor).padStart(2, "0");
    return piece(Math.floor(seconds / size), unit) + (minor ? ` ${piece(shown, restUnit)}` : "");
  };
  seconds = Math.max(0, Math.floor(seconds));
  if (seconds < 60) return piece(seconds, "second");
  if (seconds < 3600) return two(60, "minute", 1, "second");
  if (seconds < 86400) return two(3600, "hour", 60, "minute");
  if (seconds < 864000) return two(86400, "day", 3600, "hour");
  return piece(decimal(Math.floor(seconds / 86400), 0), "day");
}

// ---- time goes on ----

// How far the hub's clock is ahead of the browser's, in milliseconds.
let ahead = Number(body.dataset.loaded) - Date.now();
const hubNow = () => Date.now() + ahead;
const setText = (element, text) => {
  if (element && element.textContent !== text) element.textContent = text;
};

// The hub's zone, read off the clock that the server printed; it knows the zone, we do not.
const zone = (() => {
  const clock = $("#clock");
  if (!clock) return 0;
  const [hours, minutes, seconds] = clock.textContent.split(":").map(Number);
  const utc = new Date(clock.dateTime);
  const shown = (hours * 60 + minutes) * 60 + seconds;
  const day = (utc.getUTCHours() * 60 + utc.getUTCMinutes()) * 60 + utc.getUTCSeconds();
  return (((shown - day + 129600) % 86400) - 43200) * 1000;
})();
const clockTime = (at) => new Date(at + zone).toISOString().slice(11, 19);

function countOn() {
  for (const element of $$("[data-since]")) {
    setText(element, duration((hubNow() - Number(element.dataset.since)) / 1000));
  }
  for (const element of $$("[data-until]")) {
    setText(element, duration((Number(element.dataset.until) - hubNow()) / 1000));
  }
  const age = $("#age");
  if (!age) return;
  const at = Number(age.dataset.at);
  const old = (hubNow() - at) / 1000;
  setText(age, old < 2.5 ? words.fresh : words.age.replace("\u0001", duration(old)));
  setText($("#clock"), clockTime(at));
}
setInterval(countOn, 1000);

// ---- what changed, said aloud at most once in ten seconds ----

let unsaid = [];
let saying = 0;

function say(text) {
  if (text && !unsaid.includes(text)) unsaid.push(text);
  if (saying || !unsaid.length) return;
  setText($("#say"), unsaid.slice(0, 5).join("; "));
  unsaid = [];
  saying = setTimeout(() => {
    saying = 0;
    say();
  }, 10000);
}

// ---- segments ----

let followers = new Map();

function findFollowers() {
  followers = new Map();
  for (const element of $$("[data-seg], [data-group]")) {
    const key = element.dataset.seg ?? `~${element.dataset.group}`;
    followers.has(key) ? followers.get(key).push(element) : followers.set(key, [element]);
  }
}
findFollowers();

// The name of the segment that the element shows, where it says one.
function nameOf(element) {
  const named = element.dataset.name ?? $("a", element)?.textContent;
  return (named ?? $("title", element)?.textContent.replace(/:[^:]*$/, "") ?? "").trim();
}

// Shows another state at one element: colour, shape and word.
function recast(element, state) {
  element.dataset.state = state;
  for (const use of $$("use", element)) {
    const kind = use.getAttribute("href").slice(0, 3);
    use.setAttribute("href", kind + state);
    const icon = use.closest(".ic");
    if (icon) icon.setAttribute("class", `ic ${state}`);
  }
  for (const word of $$("[data-f=state]", element)) setText(word, words[state]);
  if (element.classList.contains("st")) element.className = `st ${state}`;
  const title = $("title", element);
  if (title) setText(title, `${title.textContent.replace(/:[^:]*$/, "")}: ${words[state]}`);
}

function spark(svg, values) {
  const most = Math.max(Number(svg.dataset.floor) || 1, ...values.filter((value) => value != null));
  const step = 110 / (Math.max(values.length, 2) - 1);
  let line = "", lost = "", joined = false;
  values.forEach((value, index) => {
    const x = Math.round(index * step);
    if (value == null) lost += `M${x} 22v-5`;
    else line += `${joined ? "L" : "M"}${x} ${(20 - (value / most) * 18).toFixed(1)}${joined ? "" : "h0"}`;
    joined = value != null;
  });
  for (const [name, path] of [["v", line], ["x", lost]]) {
    let element = $(`.${name}`, svg);
    if (!element) {
      element = svg.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "path"));
      element.setAttribute("class", name);
    }
    element.setAttribute("d", path);
  }
}

function figures(element, segment) {
  const put = (name, text) => $$(`[data-f=${name}]`, element).forEach((place) => setText(place, text));
  put("rtt", segment.rtt == null ? "–" : millis(segment.rtt));
  put("loss", segment.loss == null ? "?" : percent(segment.loss));
  for (const place of $$("[data-f=since]", element)) {
    const time = $("[data-since]", place) ?? place;
    time.dataset.since = segment.since;
    setText(time, duration((hubNow() - segment.since) / 1000));
  }
  if (segment.spark) for (const svg of $$("[data-f=spark] svg", element)) spark(svg, segment.spark);
}

function highlight(row) {
  row.classList.remove("changed");
  void row.offsetWidth;
  row.classList.add("changed");
}

function onSegment(segment) {
  let name = "";
  for (const element of followers.get(segment.id) ?? []) {
    const changed = element.dataset.state !== segment.state;
    if (changed) {
      name ||= element.matches("path") ? "" : nameOf(element);
      recast(element, segment.state);
      if (element.matches("tr")) {
        reorder(element);
        highlight(element);
      }
      if (element.matches(".n")) renewSoon(element.closest("[data-fragment]")?.dataset.fragment);
    }
    figures(element, segment);
  }
  if (name) {
    tellStory(segment, name);
    say(`${name}: ${words[segment.state]}`);
  }
}

const needs = ["down", "degraded", "maintenance", "unknown", "up"];
const collator = new Intl.Collator(document.documentElement.lang);

// Puts a row where who needs a person comes first, then by name; whoever had the focus keeps it.
function reorder(row) {
  if (!row.closest("[data-order=need]")) return;
  const key = (one) => [needs.indexOf(one.dataset.state), nameOf(one)];
  const [rank, name] = key(row);
  const before = $$("tr[data-seg]", row.parentNode).find((other) => {
    const [otherRank, otherName] = key(other);
    return other !== row && (otherRank > rank || (otherRank === rank && collator.compare(otherName, name) > 0));
  });
  if (row.nextElementSibling === (before ?? null)) return;
  const focused = row.contains(document.activeElement) ? document.activeElement : null;
  row.parentNode.insertBefore(row, before ?? null);
  focused?.focus({ preventScroll: true });
}

// The card of outages says the same as the heading, at once; its words come with the fragment.
function tellStory(segment, name) {
  const card = ownHeading && $("[data-fragment=outages]");
  if (!card) return;
  const known = $$(`[data-story="${CSS.escape(segment.id)}"]`, card);
  const over = segment.state === "up" || segment.state === "degraded";
  known.forEach((story) => (story.hidden = over));
  if (segment.state === "down" && !known.length) card.prepend(bareStory(segment.id, name));
  const calm = $("[data-calm]", card);
  if (calm) calm.hidden = $$(".story", card).some((story) => !story.hidden);
}

function bareStory(id, name) {
  const story = document.createElement("article");
  story.className = "story down";
  story.dataset.story = id;
  const link = document.createElement("a");
  link.href = `/segments/${id}`;
  link.textContent = `${name} — ${words.down}`;
  const small = document.createElement("small");
  small.className = "id";
  small.textContent = id;
  story.appendChild(document.createElement("h3")).append(link, " ", small);
  return story;
}

function onGroup(group) {
  for (const element of followers.get(`~${group.key}`) ?? []) {
    if (element.dataset.state !== group.state) recast(element, group.state);
    const fragment = element.closest("[data-fragment]")?.dataset.fragment;
    if (element.matches(".n")) renewSoon(fragment);
  }
}

// Whether the stream tells the heading of this very page; elsewhere it comes with the fragments.
const ownHeading = /[?&]heading=own/.test(body.dataset.live ?? "");

function onSummary(summary) {
  if (ownHeading && summary.title) document.title = summary.title + document.title.slice(document.title.lastIndexOf(" · "));
  if (ownHeading && summary.heading && $("#heading").textContent !== summary.heading) {
    setText($("#heading"), summary.heading);
    // The page of a segment has said its name and state already.
    if (summary.counts?.length) say(summary.heading);
  }
  for (const { state, number, word } of summary.counts ?? []) {
    const place = $(`[data-count=${state}]`);
    if (!place) continue;
    setText($("b", place), number);
    setText($("b ~ span", place), word);
    place.classList.toggle("zero", number === "0");
  }
  for (const [id, count] of summary.badges ?? []) {
    setText($(`[data-badge="${CSS.escape(id)}"]`), count ? decimal(count, 0) : "");
  }
}

// ---- fragments: fetched again when they are out of date ----

const outdated = new Set();
let renewing = 0;

// Soon, not at once: changes come in swarms, and not every viewer should ask in the same moment.
function renewSoon(name) {
  if (!name || !$(`[data-fragment="${CSS.escape(name)}"]`)) return;
  outdated.add(name);
  renewing ||= setTimeout(renew, 250 + Math.random() * 500);
}

async function renew() {
  const names = [...outdated];
  let pause = 250;
  outdated.clear();
  try {
    const headers = { "X-Fragments": names.join() };
    const response = await fetch(location.href, { headers });
    if (!response.ok) throw new Error(response.statusText);
    const text = await response.text();
    const fresh = new DOMParser().parseFromString(markup ? markup.createHTML(text) : text, "text/html");
    for (const name of names) {
      // Somebody is typing there: later.
      if (swap(name, fresh) === false) [pause] = [2000, outdated.add(name)];
    }
    if (!ownHeading && $("#heading", fresh)) {
      setText($("#heading"), $("#heading", fresh).textContent);
      document.title = fresh.title;
    }
    findFollowers();
    countOn();
  } catch {
    names.forEach((name) => outdated.add(name));
    pause = 2000;
  } finally {
    renewing = outdated.size ? setTimeout(renew, pause) : 0;
  }
}

// How to find the focused element again in a fragment that has been replaced.
function trace(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  const href = element.getAttribute("href");
  return href ? `[href="${CSS.escape(href)}"]` : null;
}

function swap(name, fresh) {
  const place = `[data-fragment="${CSS.escape(name)}"]`;
  const [old, next] = [$(place), $(place, fresh)];
  if (!old || !next) return;
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  if (focused?.matches("input, textarea, select")) {
    return false;
  }
  const open = $$("details", old).map((details) => details.open);
  const at = $("tr.at a", old)?.getAttribute("href");
  next.querySelectorAll("details").forEach((details, index) => (details.open = open[index] ?? details.open));
  const path = focused && trace(focused);
  old.replaceWith(document.adoptNode(next));
  if (at) $(`tr a[href="${CSS.escape(at)}"]`, next)?.closest("tr").classList.add("at");
  if (path) $(path, next)?.focus({ preventScroll: true });
}

// ---- a picture that comes whole each second, and holds still when asked ----

let held = false;

// Makes one element like another without replacing it: focus, selection and open parts stay.
function liken(old, next) {
  if (old.nodeName !== next.nodeName || old.childNodes.length !== next.childNodes.length) {
    return old.replaceWith(document.adoptNode(next));
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  if (old.classList.contains("at")) next.classList.add("at");
  for (const { name, value } of next.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const name of old.getAttributeNames()) {
    if (name !== "open" && !next.hasAttribute(name)) old.removeAttribute(name);
  }
  const parts = [...next.childNodes];
  [...old.childNodes].forEach((part, index) => liken(part, parts[index]));
}

// What has the focus: rows change places or are gone for a second, the reader's place is not.
let place = { path: "", element: null };

function onPicture({ html }) {
  if (held) return;
  const fresh = new DOMParser().parseFromString(markup ? markup.createHTML(html) : html, "text/html");
  for (const next of $$("[data-fragment]", fresh)) {
    const old = $(`[data-fragment="${next.dataset.fragment}"]`);
    if (!old) continue;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    if (focused && focused !== place.element) place.path = trace(focused);
    liken(old, next);
    if (!focused || !place.path) continue;
    const same = $(place.path, $(`[data-fragment="${next.dataset.fragment}"]`));
    if (same && same !== document.activeElement) same.focus({ preventScroll: true });
    place.element = document.activeElement;
  }
}

const pause = $("#pause");
if (pause) {
  pause.hidden = false;
  pause.setAttribute("aria-pressed", "false");
  pause.addEventListener("click", () => {
    held = !held;
    [pause.textContent, pause.dataset.other] = [pause.dataset.other, pause.textContent];
    pause.setAttribute("aria-pressed", held);
  });
}

// ---- the stream ----

let lastId = "";
let heard = Date.now();
let silent = false;
let wait = 1000;

function connect() {
  const url = new URL(body.dataset.live, location);
  if (lastId) url.searchParams.set("last", lastId);
  const stream = new EventSource(url);
  const on = (name, act) =>
    stream.addEventListener(name, (event) => {
      heard = Date.now();
      wait = 1000;
      if (event.lastEventId) lastId = event.lastEventId;
      act(event.data ? JSON.parse(event.data) : {});
    });
  on("segment", onSegment);
  on("group", onGroup);
  on("summary", (summary) => held || onSummary(summary));
  on("picture", onPicture);
  on("change", (change) => held || change.fragments.forEach(renewSoon));
  on("reset", () => $$("[data-fragment]").forEach((part) => renewSoon(part.dataset.fragment)));
  on("gone", () => location.reload());
  on("tick", ({ now, at }) => {
    ahead = now - Date.now();
    const age = $("#age");
    if (age && !held) age.dataset.at = at;
    notice();
  });
  // The browser reconnects by itself, except where the answer was an error.
  stream.onerror = () => {
    if (stream.readyState !== EventSource.CLOSED) return;
    setTimeout(connect, wait + Math.random() * wait);
    wait = Math.min(wait * 2, 30000);
  };
  addEventListener("pagehide", () => stream.close(), { once: true });
}

// Says so when nothing has come for more than five seconds, and when it comes again.
function notice() {
  const quiet = (Date.now() - heard) / 1000;
  const banner = $("#stale");
  if (quiet > 5) {
    const time = clockTime(Number($("#age")?.dataset.at ?? heard + ahead));
    setText(banner, words.stale.replace("\u0001", duration(quiet)).replace("\u0002", time));
    banner.hidden = false;
  } else if (silent) {
    banner.hidden = true;
    say(words.back);
  }
  silent = quiet > 5;
}

if (body.dataset.live) {
  connect();
  setInterval(notice, 1000);
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}

// ---- output that runs on: a form whose answer is a stream of lines ----

for (const form of $$("form[data-stream]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const into = document.getElementById(form.dataset.into);
    const button = $("button", form);
    into.hidden = false;
    into.textContent = "";
    button.disabled = true;
    const query = new URLSearchParams([...new FormData(form)].filter(([name]) => name !== "csrf"));
    const stream = new EventSource(`${form.dataset.stream}?${query}`);
    const end = () => {
      stream.close();
      button.disabled = false;
    };
    stream.addEventListener("line", ({ data }) => into.append(`${data}\n`));
    stream.addEventListener("done", end);
    stream.onerror = end;
  });
}

// ---- drafts: what was typed is never lost ----

function fieldsOf(form) {
  return [...form.elements].filter(
    ({ name, type }) => name && !["hidden", "file", "password", "submit"].includes(type),
  );
}

const stateOf = (field) => (/checkbox|radio/.test(field.type) ? field.checked : field.value);

function keepDraft(form) {
  const key = `draft:${form.dataset.draft}`;
  const sent = sessionStorage.getItem(key);
  sessionStorage.removeItem(key);
  const failed = Boolean($(".errors"));
  if (sent && !failed) localStorage.removeItem(key);
  const kept = JSON.parse(localStorage.getItem(key) ?? "null");
  const fields = fieldsOf(form);
  if (kept && !failed && fields.some((field, index) => kept[index] !== stateOf(field))) {
    fields.forEach((field, index) => {
      if (typeof kept[index] === "boolean") field.checked = kept[index];
      else if (kept[index] != null) field.value = kept[index];
    });
    tellOfDraft(form, key);
  }
  form.addEventListener("input", () => localStorage.setItem(key, JSON.stringify(fields.map(stateOf))));
  form.addEventListener("submit", () => sessionStorage.setItem(key, "sent"));
}

function tellOfDraft(form, key) {
  const line = document.createElement("p");
  line.className = "notice plain";
  line.setAttribute("role", "status");
  const afresh = document.createElement("button");
  afresh.type = "button";
  afresh.textContent = words.discard;
  afresh.addEventListener("click", () => {
    localStorage.removeItem(key);
    form.reset();
    line.remove();
  });
  line.append(`${words.draft} `, afresh);
  form.before(line);
}

// A draft that was sent and led to another page has done its work.
for (const key of Object.keys(sessionStorage).filter((key) => key.startsWith("draft:"))) {
  if ($(`form[data-draft="${CSS.escape(key.slice(6))}"]`)) continue;
  localStorage.removeItem(key);
  sessionStorage.removeItem(key);
}
$$("form[data-draft]").forEach(keepDraft);
$("[data-focus]")?.focus();

// ---- a picture that is too large is made smaller before it is sent ----

const drawn = (canvas) => new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));

async function shrink(file, limit) {
  const picture = await createImageBitmap(file);
  const canvas = document.createElement("canvas");
  const brush = canvas.getContext("2d");
  for (let most = 1920; most > 300; most *= 0.8) {
    const scale = Math.min(1, most / Math.max(picture.width, picture.height));
    canvas.width = picture.width * scale;
    canvas.height = picture.height * scale;
    brush.fillStyle = "#fff";
    brush.fillRect(0, 0, canvas.width, canvas.height);
    brush.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await drawn(canvas);
    if (blob?.size <= limit) return new File([blob], "photo.jpg", { type: "image/jpeg" });
  }
  return file;
}

for (const field of $$("input[data-limit]")) {
  field.addEventListener("change", async () => {
    const [file] = field.files;
    const limit = Number(field.dataset.limit);
    if (!file || file.size <= limit) return;
    const button = $("button", field.form);
    button.disabled = true;
    // What is no picture goes as it is; the hub says what is wrong with it.
    const smaller = await shrink(file, limit).catch(() => file);
    if (field.files[0] === file) {
      const list = new DataTransfer();
      list.items.add(smaller);
      field.files = list.files;
    }
    button.disabled = false;
  });
}

// ---- menus and the help ----

const help = $("#help");
const helpButton = $("#help-open");
if (help && helpButton) {
  helpButton.hidden = false;
  helpButton.addEventListener("click", () => help.showModal());
}

const closeMenus = (except) => $$("details.view[open]").forEach((menu) => menu !== except && (menu.open = false));
addEventListener("click", ({ target }) => closeMenus(target.closest?.("details.view")));

// ---- filters fold on a phone, as long as nothing is chosen ----

const phone = matchMedia("(max-width: 44rem)");
const fold = () => $$("details.filters").forEach((filters) => {
  filters.open = !phone.matches || filters.classList.contains("used");
});
phone.addEventListener("change", fold);
fold();

// ---- keys ----

let going = 0;

function moveRow(by) {
  const rows = $$("main tbody tr").filter((row) => $("a", row) && row.offsetParent);
  if (!rows.length) return;
  const current = rows.findIndex((row) => row.classList.contains("at"));
  const next = rows[Math.min(Math.max(current + by, 0), rows.length - 1)];
  rows[current]?.classList.remove("at");
  next.classList.add("at");
  $("a", next).focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function follow(key) {
  const link = $$("[data-key]").find(
    (place) => place.dataset.key === key && !place.hasAttribute("aria-current"),
  );
  link?.click();
  return Boolean(link);
}

function onKey(key) {
  if (going) {
    clearTimeout(going);
    going = 0;
    $(`[data-go="${CSS.escape(key)}"]`)?.click();
    return true;
  }
  switch (key) {
    case "/":
      $("#q")?.focus();
      $("#q")?.select();
      return Boolean($("#q"));
    case "?":
      help?.showModal();
      return Boolean(help);
    case "g":
      going = setTimeout(() => (going = 0), 1500);
      return true;
    case "j":
      moveRow(1);
      return true;
    case "k":
      moveRow(-1);
      return true;
    case "w":
      if (body.dataset.wall) location.href = body.dataset.wall;
      return true;
    default:
      return follow(key);
  }
}

// A key on a Cyrillic or Kazakh layout means the Latin letter on the same place.
const latin = ({ key, code, shiftKey }) => {
  if (/^[a-z/?]$/.test(key)) return key;
  if (/^Key[A-Z]$/.test(code)) return code.slice(3).toLowerCase();
  if (code === "Slash") return shiftKey ? "?" : "/";
  return key;
};

addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    $$("tr.at").forEach((row) => row.classList.remove("at"));
    closeMenus();
    if (body.classList.contains("wall")) location.href = "/";
    help?.close();
    if (event.target.id === "q") event.target.blur();
  }
  const typing = event.target.closest?.("input, textarea, select, [contenteditable], dialog");
  if (body.dataset.keys === "off" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (onKey(latin(event))) event.preventDefault();
});
