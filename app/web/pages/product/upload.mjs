// Photographs by dropping, pasting, from a folder or the camera; with the progress and the error of each file.
//
// All are sent together, for each request makes a bank version. Where the service refuses one, which refuses all of
// its request, the others are sent again without it.

const form = document.querySelector("[data-upload]");
const { dataset } = form;
const [input, list, dialog] = ["[name=images]", "[data-files]", "[data-dialog]"].map((each) => form.querySelector(each));
let waiting = [];

class Shown {
  constructor(file) {
    this.file = file;
    this.row = document.createElement("li");
    this.progress = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
    this.state = document.createElement("span");
    const name = Object.assign(document.createElement("span"), { className: "name", textContent: file.name });
    this.progress.setAttribute("aria-label", file.name);
    this.row.append(name, this.progress, this.state);
    list.append(this.row);
    this.tell(dataset.waiting);
  }

  tell(state, share = 0) {
    if (this.state.textContent !== state) this.state.textContent = state;
    this.progress.value = share;
  }

  refuse(why) {
    this.refused = true;
    this.tell(`✕ ${dataset.refused}`);
    this.row.append(Object.assign(document.createElement("p"), { className: "why", textContent: why.replace(/^Image \d+ \(.*?\): /, "") }));
  }
}

function take(files) {
  for (const file of files) {
    const shown = new Shown(file);
    if (file.size > dataset.mostBytes) shown.refuse(dataset.tooLarge);
    else waiting.push(shown);
  }
  input.required = !waiting.length;
}

function problem(request) {
  const type = request.getResponseHeader("Content-Type") ?? "";
  if (type.includes("json")) return JSON.parse(request.responseText).detail;
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  return page.querySelector("[data-error]")?.textContent.trim() || request.statusText;
}

function post(group) {
  const data = new FormData(form);
  data.delete("images");
  for (const each of group) data.append("images", each.file, each.file.name);
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.upload.onprogress = ({ loaded }) => {
      let before = 0;
      for (const each of group) {
        const share = Math.max(0, Math.min(1, (loaded - before) / each.file.size));
        each.tell(share < 1 ? dataset.sending : dataset.looking, share);
        before += each.file.size;
      }
    };
    request.onload = () => {
      if (request.status >= 400) failed(new Error(problem(request)));
      else if (new URL(request.responseURL).pathname.endsWith("/login")) failed(new Error(dataset.loggedOut));
      else done();
    };
    request.onerror = () => failed(new Error(dataset.cut));
    request.open("POST", form.action);
    request.send(data);
  });
}

// Errors begin with the image they are about: "Image 2 (b.png): …", or "b.png is a …".
function blamed(why, group) {
  const place = /^Image (\d+) \(/.exec(why)?.[1];
  return place ? group[place - 1] : group.find((each) => why.startsWith(`${each.file.name} is `)
    || why.startsWith(`Image ${each.file.name} is `));
}

async function sendAll(group) {
  while (group.length) {
    try {
      await post(group);
      for (const each of group) each.tell(`✓ ${dataset.done}`, 1);
      return;
    } catch (error) {
      const wrong = blamed(error.message, group);
      for (const each of wrong ? [wrong] : group) each.refuse(error.message);
      group = group.filter((each) => !each.refused);
    }
  }
}

// As many at a time as the service takes.
function groups(files) {
  const found = [];
  let bytes = Infinity;
  for (const each of files) {
    const size = each.file.size + 1024;
    if (bytes + size > dataset.mostBytes - 8192 || found.at(-1).length >= dataset.most) {
      found.push([]);
      bytes = 0;
    }
    found.at(-1).push(each);
    bytes += size;
  }
  return found;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const sent = waiting;
  waiting = [];
  event.submitter.disabled = true;
  for (const group of groups(sent)) await sendAll(group);
  event.submitter.disabled = false;
  input.required = true;
  if (sent.some((each) => each.refused)) form.querySelector("[data-again]").hidden = sent.every((each) => each.refused);
  else window.location.reload();
});

input.addEventListener("change", () => {
  const files = [...input.files];
  input.value = "";
  take(files);
});

async function filesIn(entry) {
  if (entry.isFile) return [await new Promise((done, failed) => entry.file(done, failed))];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) return found;
    for (const each of some) found.push(...await filesIn(each));
  }
}

const pictures = (files) => files.filter((each) => each.type.startsWith("image/"));
document.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("over"); });
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) form.classList.remove("over"); });
document.addEventListener("drop", async (event) => {
  event.preventDefault();
  form.classList.remove("over");
  const entries = [...event.dataTransfer.items].map((each) => each.webkitGetAsEntry());
  const folders = entries.filter((each) => each?.isDirectory);
  take([...event.dataTransfer.files].filter((_, place) => !entries[place]?.isDirectory));
  for (const folder of folders) take(pictures(await filesIn(folder)));
});
document.addEventListener("paste", (event) => take(pictures([...event.clipboardData.files])));
form.querySelector("[data-folder]").addEventListener("click", () => {
  const folder = Object.assign(document.createElement("input"), { type: "file", webkitdirectory: true });
  folder.addEventListener("change", () => take(pictures([...folder.files])));
  folder.click();
});

const video = dialog.querySelector("video");
const camera = form.querySelector("[data-camera]");
camera.hidden = !navigator.mediaDevices?.getUserMedia;
camera.addEventListener("click", async () => {
  const taken = dialog.querySelector("[data-taken]");
  taken.textContent = "";
  dialog.showModal();
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia(
      { video: { facingMode: "environment", width: { ideal: 3840 }, height: { ideal: 2160 } } });
  } catch (error) {
    taken.textContent = error.message;
  }
});
dialog.querySelector("[data-take]").addEventListener("click", () => {
  if (!video.videoWidth) return;
  const canvas = Object.assign(document.createElement("canvas"), { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  const name = `camera-${new Date().toISOString().replaceAll(":", ".")}.png`;
  canvas.toBlob((blob) => {
    take([new File([blob], name, { type: "image/png" })]);
    dialog.querySelector("[data-taken]").textContent = name;
  });
});
dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => {
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  video.srcObject = null;
});
form.querySelector("[data-more]").hidden = false;
