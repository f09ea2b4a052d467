// Going through inspections by keys, and saying good or bad without leaving the page.

const rows = document.querySelector("[data-rows]");
const keys = document.querySelector("[data-keys]");
const problem = document.querySelector("[data-problem]");
const links = rows ? [...rows.querySelectorAll("[data-row]")] : [];

function tell(text) {
  problem.textContent = text;
  problem.hidden = !text;
}

// What was said counts once the page of the inspection shows it.
async function judge(form, submitter) {
  const data = new FormData(form, submitter);
  data.delete("back");
  const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(data) });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const truth = page.querySelector("[data-truth]");
  if (truth) {
    form.closest("li").querySelector("[data-truth]").replaceWith(document.adoptNode(truth));
    tell("");
    return true;
  }
  const error = page.querySelector("[data-error]");
  if (answer.redirected) location.reload();
  else tell(error ? error.textContent : answer.statusText);
  return false;
}

function move(from, step) {
  const link = links[links.indexOf(from) + step];
  link?.focus();
  link?.closest("li").scrollIntoView({ block: "nearest" });
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  const row = event.target.closest("li");
  const link = row?.querySelector("[data-row]");
  const press = (truth) => row.querySelector(`button[value="${truth}"]`)?.click();
  const done = {
    j: () => move(link, 1), ArrowDown: () => move(link, 1), k: () => move(link, -1), ArrowUp: () => move(link, -1),
    g: () => press("good"), b: () => press("bad"), o: () => link.click(),
  }[event.key];
  if (!link || !done) return;
  event.preventDefault();
  done();
}

async function onSubmit(event) {
  event.preventDefault();
  const buttons = [...event.target.querySelectorAll("button")];
  const onLink = document.activeElement.matches("[data-row]") && document.activeElement;
  for (const each of buttons) each.setAttribute("aria-disabled", "true");
  try {
    if (await judge(event.target, event.submitter) && onLink) move(onLink, 1);
  } catch {
    tell(rows.dataset.away);
  }
  for (const each of buttons) each.removeAttribute("aria-disabled");
}

if (rows) {
  keys.hidden = false;
  keys.querySelector("button").addEventListener("click", () => links[0].focus());
  rows.addEventListener("keydown", onKey);
  rows.addEventListener("submit", onSubmit);
}
