// Looks how far a job is until it has ended.

const LOOK_EVERY_MS = 1000;

async function look() {
  try {
    const answer = await fetch(location.href);
    if (answer.redirected) { location.reload(); return; }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const progress = page.querySelector("[data-progress]");
    if (!progress) {
      document.querySelector("main").replaceWith(page.querySelector("main"));
      return;
    }
    document.querySelector("[data-progress]").replaceWith(progress);
  } catch { /* The server is away; it may come back. */ }
  setTimeout(look, LOOK_EVERY_MS);
}

setTimeout(look, LOOK_EVERY_MS);
