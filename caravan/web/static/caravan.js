// Small comforts; every page works without them: local times, a countdown, one click that counts once, smaller photos, words completed,
// codes scanned, payments seen the moment they come. And one for the shop: how long a product's page is seen.
"use strict";

const PHOTO_SIDE = 720;
const PHOTO_CHARACTERS_MAX = 88000;
const LOOK_MS_LONG = 30000;
const LOOK_MS_MAX = 3600000;

for (const time of document.querySelectorAll("time[datetime]")) {
  if (/ UTC$/.test(time.textContent)) time.title = new Date(time.dateTime).toLocaleString();
}

for (const time of document.querySelectorAll("time[data-countdown]")) {
  const end = new Date(time.dateTime).getTime();
  const left = document.createElement("span");
  time.after(" ", left);
  const tick = () => {
    const seconds = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    left.textContent = `(${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")})`;
    if (seconds === 0) time.closest(".held")?.classList.add("is-over");
    else setTimeout(tick, 1000);
  };
  tick();
}

for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", () => {
    setTimeout(() => form.querySelectorAll("button").forEach((button) => { button.disabled = true; }));
  });
}
// A page that comes back out of the browser's memory has its buttons back, too.
addEventListener("pageshow", () => document.querySelectorAll("form[data-once] button").forEach((button) => { button.disabled = false; }));

// A file is read here into the field that it could be pasted into.
for (const area of document.querySelectorAll("textarea[name=network]")) {
  const input = Object.assign(document.createElement("input"), { type: "file", accept: ".json,application/json", className: "photo" });
  input.setAttribute("aria-label", "File");
  area.after(input);
  input.addEventListener("change", async () => { if (input.files.length) area.value = await input.files[0].text(); });
}

// What a form would find is looked for while it is filled in; an answer that comes late is passed over.
for (const form of document.querySelectorAll("form[data-live]")) {
  let asked = 0;
  form.addEventListener("input", async () => {
    const mine = ++asked;
    await new Promise((resolve) => { setTimeout(resolve, 300); });
    if (mine !== asked) return;
    const fields = new URLSearchParams(new FormData(form));
    fields.delete("csrf");
    const answer = await fetch(`${form.getAttribute("action")}?${fields}`).catch(() => null);
    if (!answer?.ok || mine !== asked) return;
    const found = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(form.dataset.live);
    if (found && mine === asked) document.getElementById(form.dataset.live).replaceChildren(...found.childNodes);
  });
}

for (const form of document.querySelectorAll("form[data-sure]")) {
  form.addEventListener("submit", (event) => { if (!confirm(form.dataset.sure)) event.preventDefault(); });
}

// A photo is made small here and put into the drawing's field, so that no large file travels.
for (const area of document.querySelectorAll("textarea[name=image]")) {
  const input = Object.assign(document.createElement("input"), { type: "file", accept: "image/*", className: "photo" });
  input.setAttribute("aria-label", "Photo");
  area.after(input);
  input.addEventListener("change", async () => {
    if (!input.files.length) return;
    const bitmap = await createImageBitmap(input.files[0]);
    const side = Math.min(bitmap.width, bitmap.height);
    const canvas = Object.assign(document.createElement("canvas"), { width: PHOTO_SIDE, height: PHOTO_SIDE });
    const from = [(bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side];
    canvas.getContext("2d").drawImage(bitmap, ...from, 0, 0, PHOTO_SIDE, PHOTO_SIDE);
    let markup = "";
    for (let quality = 0.85; quality > 0.1; quality -= 0.1) {
      const data = canvas.toDataURL("image/jpeg", quality);
      markup = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400"><image href="${data}" width="400" height="400"/></svg>`;
      if (markup.length <= PHOTO_CHARACTERS_MAX) break;
    }
    area.value = markup;
  });
}

// What is typed into the search is completed; an answer that comes late is passed over.
const typed = document.querySelector("input[list=q-suggestions]");
if (typed) {
  let asked = 0;
  typed.addEventListener("input", async () => {
    const mine = ++asked;
    await new Promise((resolve) => { setTimeout(resolve, 80); });
    if (mine !== asked || typed.value.trim().length < 2) return;
    const answer = await fetch(`/v1/suggest?q=${encodeURIComponent(typed.value.slice(0, 100))}`).catch(() => null);
    if (!answer?.ok || mine !== asked) return;
    const found = (await answer.json()).data;
    document.getElementById("q-suggestions").replaceChildren(...found.map((words) => Object.assign(document.createElement("option"), { value: words })));
  });
}

// A code is read with the camera, where the browser knows how; what it says goes into the field that it could be pasted into.
const scanned = document.querySelector("form[data-scan]");
if (scanned && "BarcodeDetector" in window && navigator.mediaDevices) {
  const open = Object.assign(document.createElement("button"), { type: "button", className: "button button-wide scan", textContent: scanned.dataset.scan });
  const video = Object.assign(document.createElement("video"), { className: "scan-video", muted: true, playsInline: true, hidden: true });
  scanned.prepend(open, video);
  open.addEventListener("click", async () => {
    const camera = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } }).catch(() => null);
    if (!camera) return;
    [video.srcObject, video.hidden, open.hidden] = [camera, false, true];
    await video.play();
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    const look = async () => {
      const [code] = await detector.detect(video).catch(() => []);
      if (!code) return void setTimeout(look, 200);
      camera.getTracks().forEach((track) => track.stop());
      scanned.elements.payload.value = code.rawValue;
      scanned.requestSubmit();
    };
    look();
  });
}

// What somebody waits for is looked at again every two seconds, as long as the page is seen.
const watched = document.querySelector("[data-watch]");
if (watched) {
  const look = async () => {
    if (!document.hidden) {
      const answer = await fetch(location.href).catch(() => null);
      const fresh = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#main");
      const now = fresh?.querySelector("[data-watch]");
      if (fresh && now?.textContent !== watched.textContent) return void location.reload();
    }
    setTimeout(look, 2000);
  };
  setTimeout(look, 2000);
}

// How long a product's page is really seen is told once: when it is left, or as soon as that was long and the page is hidden, because
// phones end hidden pages without a word. Who has chosen another option is still looking.
const followed = document.querySelector("[data-left]");
if (followed) {
  let since = document.hidden ? null : performance.now();
  let seenMs = 0;
  let isTold = false;
  const stop = () => {
    if (since !== null) seenMs += performance.now() - since;
    since = null;
  };
  const tell = () => {
    if (isTold) return;
    isTold = true;
    const told = { csrf: followed.dataset.csrf, dwell_ms: Math.min(Math.round(seenMs), LOOK_MS_MAX) };
    navigator.sendBeacon(followed.dataset.left, new URLSearchParams(told));
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) stop();
    else since = performance.now();
    if (document.hidden && seenMs >= LOOK_MS_LONG) tell();
  });
  followed.addEventListener("click", (event) => { if (event.target.closest(".options a")) isTold = true; });
  addEventListener("pagehide", () => { stop(); tell(); });
}
