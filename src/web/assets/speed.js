// Measures the channel of the reader's segment: takes from the hub, then sends to it, and loads the
// page anew to show what the hub found. The hub sets the pace; this only moves bytes.

const button = document.querySelector("[data-measure]");
const told = document.querySelector("[data-told]");
const words = button.dataset;
const number = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });

const tell = (way, bytes, since) => {
  const seconds = (performance.now() - since) / 1000;
  if (seconds > 0.5) {
    told.textContent = `${way}: ${number.format((bytes * 8) / seconds / 1e6)} ${words.unit}`;
  }
};

const take = async () => {
  const response = await fetch("/down", { cache: "no-store" });
  if (!response.ok) {
    throw new Error(await response.text());
  }
  const reader = response.body.getReader();
  const since = performance.now();
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return;
    }
    bytes += value.length;
    tell(words.down, bytes, since);
  }
};

// The hub ends it when its time is up, which a browser takes for a broken connection.
const give = () => new Promise((resolve, reject) => {
  // One small blob many times over, so that nothing large is copied before it begins.
  const chunk = new Blob(Array(16).fill(crypto.getRandomValues(new Uint8Array(65536))));
  const blob = new Blob(Array(Math.ceil(Number(words.measure) / chunk.size)).fill(chunk));
  const request = new XMLHttpRequest();
  const since = performance.now();
  request.open("POST", "/up");
  request.upload.onprogress = (event) => tell(words.up, event.loaded, since);
  request.onload = () => (request.status < 400 ? resolve() : reject(new Error(request.responseText)));
  request.onerror = resolve;
  request.send(blob);
});

button.hidden = false;
button.addEventListener("click", async () => {
  button.disabled = true;
  told.textContent = words.listening;
  try {
    await take();
    told.textContent = words.listening;
    await give();
    location.reload();
  } catch (error) {
    told.textContent = error.message.trim() || words.failed;
    button.disabled = false;
  }
});
