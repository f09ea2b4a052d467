// What may be wrong with each reference, put beside it. Told by a page of its own, since looking takes a while.

const place = document.querySelector("[data-findings]");

async function shown() {
  const answer = await fetch(place.dataset.findings);
  // Who has to log in first has seen nothing.
  if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const found of page.querySelectorAll("[data-of]")) {
    document.querySelector(`[data-reference="${found.dataset.of}"] .name`)?.after(document.adoptNode(found));
  }
}

if (place) shown().catch(() => { place.append(` – ${place.dataset.failed}`); });
