// Times of a filter in the browser's own zone. They are sent in UTC.

const SECONDS = 19;

function shown(utc) {
  const moment = new Date(`${utc}Z`);
  return new Date(moment - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, SECONDS);
}

for (const field of document.querySelectorAll("input[type=datetime-local]")) {
  const sent = Object.assign(document.createElement("input"), { type: "hidden", name: field.name });
  const label = field.parentElement.querySelector("[data-local]");
  label.textContent = label.dataset.local;
  field.removeAttribute("name");
  field.after(sent);
  if (field.value) field.value = shown(field.value);
  field.form.addEventListener("submit", () => {
    sent.value = field.value ? new Date(field.value).toISOString() : "";
  });
}
