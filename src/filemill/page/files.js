/** The files of this page: what is known of each, and who hears when that changes. */

/**
 * Where a file can stand. The server's own words, and before them those of this page:
 * ready (its target may still be chosen) -> waiting (for its upload) -> uploading -> uploaded -> processing -> completed |
 * failed. `missing`: it was not uploaded when the page was left, and the browser does not let go of files for longer.
 */
export const ON_SERVER = new Set(["uploaded", "processing", "completed", "failed"]);
export const BUSY = new Set(["waiting", "uploading", "uploaded", "processing"]);

/** Errors that the same bytes would only meet again. */
const HOPELESS = new Set(["TooLarge", "Unsupported", "Empty", "VirusDetectedError", "FileValidationError", "ValidationError"]);

/** A version 4 UUID; crypto.randomUUID is there over https only. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

let lastMoment = 0;

/** The time now, but later than any before: files that come at once keep their order. */
function nextMoment() {
  lastMoment = Math.max(Date.now(), lastMoment + 1);
  return new Date(lastMoment).toISOString();
}

/** One file. `file` holds its bytes, null after a reload. */
export class Entry {
  status = "ready";
  progress = null; // 0 to 1 of what is going on; null where that cannot be told
  place = null; // in the server's queue, from 1
  error = null; // {name, message}: why it failed
  notes = []; // sentences that the server said about the finished conversion
  canRetry = false; // whether the server still has the original
  isInDoubt = false; // whether the server may have it, as the answer to its upload was lost
  saving = null; // 0 to 1 while the result comes
  isSaved = false;
  downloadToken = null;
  taskId = null; // the conversion that is under way; not known any more after a reload
  abort = new AbortController();

  constructor(name, file, target, jobId = newId(), addedAt = nextMoment()) {
    Object.assign(this, { name, file, target, jobId, addedAt });
  }

  /** The entry as history.js keeps it. */
  get record() {
    return {
      job_id: this.jobId,
      original_filename: this.name,
      target_format: this.target,
      status: ON_SERVER.has(this.status) ? this.status : "waiting",
      timestamp: this.addedAt,
      download_token: this.downloadToken,
    };
  }

  /** What can be done about it when it stands still: `convert` what is on the server, `send` or `choose` it again. */
  get remedy() {
    if (this.status === "missing" || this.error?.name === "Unreadable") return "choose";
    if (this.status !== "failed") return null;
    if (this.canRetry) return "convert";
    return this.file && !HOPELESS.has(this.error.name) ? "send" : null;
  }

  /** Whether its target can be chosen. */
  get isOpen() {
    return this.status === "ready" || this.remedy === "convert";
  }

  /** Whether the server has anything of it, as far as can be told. */
  get isOnServer() {
    return ON_SERVER.has(this.status) && (this.status !== "failed" || this.canRetry);
  }
}

/** All entries in the order they came. Events: `list` after one came or went, `entry` (its `detail`) after one changed. */
export class Files extends EventTarget {
  #entries = [];
  hasLeft = false; // whether something that was taken off the list may still be on the server

  [Symbol.iterator]() {
    return this.#entries[Symbol.iterator]();
  }

  /** The entries of these statuses; without any: all. */
  of(...statuses) {
    return this.#entries.filter((entry) => statuses.length === 0 || statuses.includes(entry.status));
  }

  /** Whether any of them is on the server. */
  get anyOnServer() {
    return this.#entries.some((entry) => entry.isOnServer);
  }

  add(...entries) {
    this.#entries.push(...entries);
    this.dispatchEvent(new Event("list"));
  }

  remove(...entries) {
    this.#entries = this.#entries.filter((entry) => !entries.includes(entry));
    this.dispatchEvent(new Event("list"));
  }

  /** Changes an entry and tells whoever listens, if it is still there. */
  set(entry, changes) {
    const was = entry.status;
    Object.assign(entry, changes);
    if (this.#entries.includes(entry)) this.dispatchEvent(new CustomEvent("entry", { detail: { entry, was } }));
  }
}
