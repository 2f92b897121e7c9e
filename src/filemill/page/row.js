/** One file on the page: a row that is made once and changed in place, so that nobody's focus is lost. */

import { choices } from "./choices.js";
import { formatOf } from "./formats.js";
import * as words from "./words.js";

const ICONS = { completed: "done", failed: "problem", missing: "problem", waiting: "clock", uploaded: "clock" };

export class Row {
  /** `acts` are {target(entry, name), download(entry), again(entry), remove(entry)}. */
  constructor(entry, targets, acts) {
    this.entry = entry;
    this.element = document.getElementById("row").content.firstElementChild.cloneNode(true);
    const find = (selector) => this.element.querySelector(selector);
    this.parts = {
      status: find(".status span"),
      icon: find(".status svg"),
      use: find(".status use"),
      progress: find("progress"),
      notes: find(".notes"),
      select: find("select"),
      fixed: find(".fixed"),
      target: find(".target"),
      download: find(".download"),
      again: find(".again"),
      againWord: find(".again span"),
      remove: find(".remove"),
    };
    this.#name(find);
    this.parts.select.append(...choices(targets));
    this.parts.select.onchange = () => acts.target(entry, this.parts.select.value);
    for (const act of ["download", "again", "remove"]) this.parts[act].onclick = () => acts[act](entry);
  }

  #name(find) {
    const { name } = this.entry;
    const id = `target-${this.entry.jobId}`;
    find(".badge").textContent = formatOf(name).slice(0, 8) || "?";
    find(".name").textContent = find(".name").title = name; // a long one is cut off after two lines
    find("label").textContent = `Convert ${name} to`;
    find("label").htmlFor = this.parts.select.id = id;
    this.parts.remove.setAttribute("aria-label", `Remove ${name} from the list`);
    this.parts.download.setAttribute("aria-label", `Download ${name} as converted`);
  }

  /** Shows how the entry stands. `wait` is {seconds, isLost} while the lane it stands in waits. */
  update(wait) {
    const { entry, parts } = this;
    const hasTargets = parts.select.options.length > 0;
    this.element.dataset.status = entry.status;
    this.#say(words.status(entry, wait), wait ? "clock" : (entry.error || entry.notes.length ? "problem" : ICONS[entry.status]));
    this.#measure();
    this.#note();
    parts.select.hidden = !entry.isOpen || !hasTargets;
    parts.fixed.hidden = !parts.select.hidden;
    parts.fixed.textContent = entry.target ? words.format(entry.target) : "";
    parts.target.hidden = !entry.target || (entry.status === "failed" && entry.remedy === null);
    if (entry.target) parts.select.value = entry.target;
    parts.download.hidden = entry.status !== "completed";
    parts.download.setAttribute("aria-disabled", entry.saving !== null); // one that is disabled would lose the focus
    parts.download.classList.toggle("strong", !entry.isSaved);
    parts.download.classList.toggle("quiet", entry.isSaved);
    if (entry.remedy === null && document.activeElement === parts.again) parts.remove.focus();
    parts.again.hidden = entry.remedy === null;
    if (entry.remedy) {
      parts.againWord.textContent = words.REMEDY[entry.remedy];
      parts.again.setAttribute("aria-label", `${words.REMEDY[entry.remedy]}: ${entry.name}`);
    }
  }

  #say(text, icon) {
    const { parts } = this;
    if (parts.status.textContent !== text) parts.status.textContent = text;
    parts.icon.toggleAttribute("hidden", !icon);
    if (icon) parts.use.setAttribute("href", `#i-${icon}`);
  }

  #note() {
    const { entry, parts } = this;
    const lines = words.notes(entry.notes);
    this.element.classList.toggle("noted", lines.length > 0);
    parts.notes.hidden = lines.length === 0;
    if (parts.notes.childElementCount === lines.length) return; // they never change once they are there
    parts.notes.replaceChildren(...lines.map((text) => Object.assign(document.createElement("p"), { textContent: text })));
  }

  #measure() {
    const { entry, parts } = this;
    const part = entry.saving ?? entry.progress;
    const isMoving = entry.saving !== null || entry.status === "uploading" || (entry.status === "processing" && entry.place === null);
    parts.progress.hidden = !isMoving;
    if (!isMoving) return;
    if (part === null) parts.progress.removeAttribute("value");
    else parts.progress.value = part;
    const what = entry.saving !== null ? "Download" : entry.status === "uploading" ? "Upload" : "Conversion";
    parts.progress.setAttribute("aria-label", `${what} of ${entry.name}`);
  }
}
