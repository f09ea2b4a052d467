// What every page does: times in the browser's own zone, questions before what cannot be undone.

const LANGUAGE = document.documentElement.lang;
const MOMENT = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeStyle: "medium" });

export function localTimes(root) {
  for (const each of root.querySelectorAll("time[datetime]:not([data-local])")) {
    const moment = new Date(each.dateTime);
    if (!Number.isNaN(moment.valueOf())) {
      each.title = each.textContent;
      each.textContent = MOMENT.format(moment);
      each.dataset.local = "";
    }
  }
}

// Sends a form's data in the background; the answer's text, or an Error with what the service said.
export async function send(path, data, options = {}) {
  const { base, csrf } = document.body.dataset;
  const answer = await fetch(`${base}/${path}`, {
    method: "POST", body: data, headers: { "X-CSRF-Token": csrf, Accept: "text/html" }, ...options,
  });
  if (answer.redirected) { // to the log-in: the session has ended
    location.reload();
    return new Promise(() => {});
  }
  const text = await answer.text();
  if (!answer.ok) {
    const page = new DOMParser().parseFromString(text, "text/html");
    throw new Error(page.querySelector("[data-error]")?.textContent.trim() || answer.statusText);
  }
  return text;
}

document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.question;
  if (question && !window.confirm(question)) event.preventDefault();
});
document.addEventListener("click", (event) => {
  for (const each of document.querySelectorAll("details.settings[open]")) {
    if (!each.contains(event.target)) each.open = false;
  }
});
localTimes(document);
