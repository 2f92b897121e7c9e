/** The one notice above everything, and what screen readers are told beside it. */

import { Refused } from "./errors.js";
import { waitOf } from "./list.js";
import { NOTICES } from "./words.js";

const ICONS = { closed: "done", gone: "problem", folder: "problem", cookieless: "problem", lost: "problem", unreachable: "problem" };
const STAYS = 800; // ms; else it would go and come with every try that fails at once, and all below would jump
const MOST_LINES = 8; // old ones go: nobody reads this but as it comes
const $ = (id) => document.getElementById(id);

/** Tells a screen reader, one thing after another. */
export function announce(text) {
  if (!text) return;
  const line = document.createElement("p");
  line.textContent = text;
  $("announce").append(line);
  while ($("announce").childElementCount > MOST_LINES) $("announce").firstElementChild.remove();
}

/**
 * Shows one of words.NOTICES, with what the server has `said` where it speaks of that; `action` is {word, act} for a button.
 * Those of another kind than the last are told.
 */
export function show(kind, { fill = "", said = "", action = null, focus = false, isTold = false } = {}) {
  const { title } = NOTICES[kind];
  const text = NOTICES[kind].text.replace("{said}", () => said).replace("{}", () => fill); // names may hold a dollar sign
  const box = $("notice");
  const isNew = box.hidden || box.dataset.kind !== kind;
  box.dataset.kind = kind;
  box.hidden = false;
  box.querySelector("use").setAttribute("href", `#i-${ICONS[kind] ?? "clock"}`);
  $("notice-title").textContent = title;
  $("notice-text").textContent = text;
  $("notice-action").hidden = action === null;
  if (action) {
    $("notice-action").textContent = action.word;
    $("notice-action").onclick = action.act;
  }
  if (focus) $("notice-title").focus();
  else if (isNew && !isTold) announce(`${title}. ${text}`);
}

/** The same for what nobody has to do anything about: it is not told, and gives way to any other. */
export function showQuietly(kind, fill) {
  if ($("notice").hidden || $("notice").dataset.kind === kind) show(kind, { fill, isTold: true });
}

/** Takes the notice away if it is of one of these kinds. */
export function hide(...kinds) {
  if (kinds.includes($("notice").dataset.kind)) {
    $("notice").hidden = true;
    $("notice").dataset.kind = "";
  }
}

/** Shows while a lane waits that it does, and how long. */
export function followLanes(lanes, countdown) {
  let ticking = null;
  let going = null;
  const tell = () => {
    clearTimeout(going);
    const lane = lanes.find((one) => one.until > 0);
    if (!lane) {
      clearInterval(ticking);
      ticking = null;
      going = setTimeout(() => hide("limit", "away", "lost"), STAYS);
      return;
    }
    ticking ??= setInterval(tell, 1000);
    if (["over", "closed"].includes($("notice").dataset.kind)) return;
    const kind = !(lane.why instanceof Refused) ? "lost" : lane.why.status === 429 ? "limit" : "away";
    show(kind, { fill: countdown(waitOf(lane).seconds), said: lane.why.message });
  };
  for (const lane of lanes) lane.addEventListener("wait", tell);
}
