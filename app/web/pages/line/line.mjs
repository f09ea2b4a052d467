// Follows the line, whatever happens to the connection or the server; what may be old is marked as old.

import { localTimes } from "../base/base.mjs";

const SILENT_MS = 8000;
const RETRY_MS = 3000;

const line = document.querySelector("#line");
const now = line.querySelector("[data-now]");
const trouble = line.querySelector("[data-trouble]");
let assets = "";
let watch = 0;

function tell(message) {
  line.classList.toggle("old", message !== "");
  if (trouble.textContent !== message) trouble.textContent = message;
  trouble.hidden = message === "";
}

// The server says something every second: where it does not, nobody knows whether this is still so.
function heard() {
  clearTimeout(watch);
  watch = setTimeout(() => tell(line.dataset.lost), SILENT_MS);
}

function show(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  localTimes(page);
  now.replaceChildren(...page.body.childNodes);
  tell("");
}

async function reopen() {
  try {
    // Whoever has to log in again is sent there.
    const answer = await fetch(location.href);
    if (answer.redirected) { location.assign(answer.url); return; }
  } catch { /* The server is away: the next stream says so. */ }
  setTimeout(open, RETRY_MS);
}

function open() {
  const query = new URLSearchParams(line.dataset.query);
  query.set("zone", -new Date().getTimezoneOffset());
  const source = new EventSource(`${document.body.dataset.base}/line/events?${query}`);
  source.addEventListener("seen", (event) => { heard(); show(event.data); });
  source.addEventListener("beat", () => { heard(); tell(""); });
  source.addEventListener("trouble", (event) => { heard(); tell(event.data); });
  source.addEventListener("assets", (event) => {
    heard();
    // Another release serves now, with other modules.
    if (assets && assets !== event.data) location.reload();
    assets = event.data;
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) { source.close(); reopen(); }
  });
}

const full = document.querySelector("[data-full]");
full.hidden = !line.requestFullscreen;
full.addEventListener("click", () => line.requestFullscreen());
document.querySelector("[data-utc]").hidden = true;
heard();
open();
