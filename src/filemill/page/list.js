/** The list of files with the bar above it: rows come and go with the entries, and each is told when its lane waits. */

import { choices } from "./choices.js";
import { BUSY } from "./files.js";
import { Lost } from "./errors.js";
import { Row } from "./row.js";
import * as words from "./words.js";

const $ = (id) => document.getElementById(id);

export class List {
  #rows = new Map();
  #ticking = null;

  /** `acts` are those of a row, and {convert(entries), downloadAll(entries), targetOfAll(name)}. */
  constructor(files, formats, queue, acts) {
    Object.assign(this, { files, formats, queue, acts });
    files.addEventListener("list", () => this.#lay());
    files.addEventListener("entry", ({ detail }) => {
      this.#rows.get(detail.entry)?.update(this.#waitOf(detail.entry));
      if (detail.was !== detail.entry.status) this.#count(); // another one may be the first of its lane now
      this.#sum();
    });
    for (const lane of this.#lanes()) lane.addEventListener("wait", () => this.#tick());
    $("convert").onclick = () => acts.convert(files.of("ready"));
    $("download-all").onclick = () => acts.downloadAll(files.of("completed"));
    $("all-target").onchange = ({ target }) => {
      acts.targetOfAll(target.value);
      target.value = "";
    };
  }

  /** The row that took the place of one that was removed, for the focus to go to. */
  focusNear(index) {
    const rows = [...this.#rows.values()];
    const row = rows[Math.min(index, rows.length - 1)];
    (row?.parts.remove ?? $("choose")).focus();
  }

  /** Where an entry stands in the list. */
  indexOf(entry) {
    return [...this.files].indexOf(entry);
  }

  #lanes() {
    return [this.queue.uploads, this.queue.conversions, this.queue.downloads];
  }

  #lay() {
    for (const [entry, row] of this.#rows) {
      if (this.indexOf(entry) < 0) {
        row.element.remove();
        this.#rows.delete(entry);
      }
    }
    for (const entry of this.files) {
      if (this.#rows.has(entry)) continue;
      const row = new Row(entry, this.formats.targetsOf(entry.name), this.acts);
      this.#rows.set(entry, row);
      row.update(this.#waitOf(entry));
      $("files").append(row.element);
    }
    this.#sum();
  }

  #sum() {
    const entries = [...this.files];
    const ready = this.files.of("ready");
    const done = this.files.of("completed");
    const going = entries.filter((entry) => BUSY.has(entry.status)).length;
    const title = words.heading(entries.length, going, done.length);
    document.body.classList.toggle("has-files", entries.length > 0);
    $("choose").className = entries.length > 0 ? "quiet" : "strong";
    $("list").hidden = entries.length === 0;
    $("close").hidden = !this.files.anyOnServer && !this.files.hasLeft;
    if ($("list-title").textContent !== title) $("list-title").textContent = title;
    document.title = words.title(entries.length, going, done.length);
    $("convert").hidden = ready.length === 0;
    $("convert").textContent = `Convert ${words.files(ready.length)}`;
    $("download-all").hidden = done.length < 2;
    $("download-all").setAttribute("aria-disabled", done.some((entry) => entry.saving !== null));
    $("download-all").textContent = `Download all ${done.length}`;
    this.#offerAll(ready);
  }

  #offerAll(ready) {
    const targets = this.formats.targetsOfAll(ready.map((entry) => entry.name));
    $("all").hidden = ready.length < 2;
    const select = $("all-target");
    if (select.dataset.targets === targets.join()) return; // it may be open
    select.dataset.targets = targets.join();
    select.replaceChildren(new Option("Choose …", ""), ...choices(targets));
  }

  /** While a lane waits, whoever stands in it counts down. */
  #tick() {
    const isWaiting = this.#lanes().some((lane) => lane.until > 0);
    if (isWaiting) this.#ticking ??= setInterval(() => this.#count(), 1000);
    else {
      clearInterval(this.#ticking);
      this.#ticking = null;
    }
    this.#count();
  }

  #count() {
    for (const [entry, row] of this.#rows) {
      if (BUSY.has(entry.status) || entry.saving !== null) row.update(this.#waitOf(entry));
    }
  }

  /** How long an entry's lane waits, if the entry is the lane's first. */
  #waitOf(entry) {
    const { uploads, conversions, downloads } = this.queue;
    const lane = entry.saving !== null ? downloads : { waiting: uploads, uploaded: conversions }[entry.status];
    if (!lane?.until) return null;
    const first = [...this.files].find((one) => (entry.saving === null ? one.status === entry.status : one.saving !== null));
    return first === entry ? waitOf(lane) : null;
  }
}

/** How long a lane still waits -> {seconds, isLost}. */
export function waitOf(lane) {
  return { seconds: Math.max(1, Math.ceil((lane.until - Date.now()) / 1000)), isLost: lane.why instanceof Lost };
}
