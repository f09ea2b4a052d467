// Takes photographs by drop, paste and camera, inspects them without leaving the page, and lays the pictures over
// each other.

import { localTimes, send } from "../base/base.mjs";
import { enliven } from "./viewer.mjs";

const form = document.querySelector("form.inspect");
const result = document.querySelector("#result");
const status = form.querySelector("[data-status]");
const camera = form.querySelector(".camera");
const video = camera.querySelector("video");
const controls = [form.querySelector("button.primary"), camera.querySelector("[data-take]")];

async function inspect() {
  const data = new FormData(form);
  for (const each of controls) each.disabled = true;
  status.textContent = form.dataset.busy;
  try {
    const page = new DOMParser().parseFromString(await send("inspect", data), "text/html");
    result.replaceChildren(...page.querySelector("#result").childNodes);
    localTimes(result);
    enliven(result);
    status.textContent = "";
    result.scrollIntoView({ block: "start" });
  } catch (error) {
    // What stood there belongs to another photograph.
    result.replaceChildren();
    status.textContent = error.message;
  } finally {
    for (const each of controls) each.disabled = false;
  }
}

function take(file) {
  if (!file) return;
  const files = new DataTransfer();
  files.items.add(file);
  form.elements.image.files = files.files;
  if (form.reportValidity()) inspect();
}

function stop() {
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  video.srcObject = null;
  camera.hidden = true;
}

async function start() {
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "environment", width: { ideal: 4096 }, height: { ideal: 4096 } },
    });
    camera.hidden = false;
    await video.play();
  } catch {
    stop();
    status.textContent = form.dataset.noCamera;
  }
}

function shoot() {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d").drawImage(video, 0, 0);
  canvas.toBlob((blob) => blob && take(new File([blob], "camera.png", { type: "image/png" })), "image/png");
}

form.addEventListener("submit", (event) => { event.preventDefault(); inspect(); });
document.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("dropping"); });
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) form.classList.remove("dropping");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  form.classList.remove("dropping");
  take(event.dataTransfer.files[0]);
});
document.addEventListener("paste", (event) => {
  const [file] = event.clipboardData.files;
  if (file) { event.preventDefault(); take(file); }
});
form.querySelector("[data-hint]").hidden = false;
form.querySelector("[data-camera]").hidden = !navigator.mediaDevices;
form.querySelector("[data-camera]").addEventListener("click", start);
camera.querySelector("[data-stop]").addEventListener("click", stop);
camera.querySelector("[data-take]").addEventListener("click", shoot);
enliven(result);
