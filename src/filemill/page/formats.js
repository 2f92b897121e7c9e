/** What can become what, as the server tells it, asked by the name of a file. */

import * as api from "./api.js";

const ALIASES = { jpeg: "jpg", tif: "tiff", htm: "html", markdown: "md", heif: "heic", jsonl: "ndjson", feather: "arrow" };
const PACKED = new Set(["gz", "zst"]);

/** What most people want of a format; of those not named here it is the first the server names. */
const LIKELY = { pdf: "docx", csv: "xlsx", png: "jpg", jpg: "pdf", heic: "jpg", svg: "png", webp: "png", gif: "png", bmp: "png", tiff: "pdf" };

/** The extension of a file name, together with one before `.gz` or `.zst`: `Rows.CSV.gz` -> `csv.gz`. */
function extensionOf(name) {
  const parts = name.toLowerCase().split(".");
  if (parts.length > 2 && PACKED.has(parts.at(-1))) return parts.slice(-2).join(".");
  return parts.length > 1 ? parts.at(-1) : "";
}

/** The format of a file name, as the server calls it: `Photo.JPEG` -> `jpg`. */
export function formatOf(name) {
  const [base, ...packing] = extensionOf(name).split(".");
  return [ALIASES[base] ?? base, ...packing].join(".");
}

/** How a format is packed: `csv.gz` -> `gz`; undefined for one that is not. */
export function packingOf(format) {
  return format.split(".")[1];
}

/** The name without its extension: `rows.csv.gz` -> `rows`. */
export function stemOf(name) {
  const extension = extensionOf(name);
  return extension ? name.slice(0, -extension.length - 1) : name;
}

/** Event: `change` when the server tells something new. */
export class Formats extends EventTarget {
  /** `told` is the server's answer at /convert/formats. */
  constructor(told) {
    super();
    this.#read(told);
  }

  #read(told) {
    this.pairs = told.formats;
    this.mostBytes = told.max_size_bytes;
  }

  /** Asks the server again, as its workers come and go; where it does not answer, all stays as it was. */
  async renew() {
    try {
      this.#read(await api.formats());
    } catch {
      return;
    }
    this.dispatchEvent(new Event("change"));
  }

  /** Whether nothing at all can be converted: no worker is running. */
  get areNone() {
    return Object.keys(this.pairs).length === 0;
  }

  /** Whether something is converted, but no documents: no worker for them is running. */
  get lackDocuments() {
    return !this.areNone && !this.pairs.md;
  }

  /** What a file of this name can become; empty where nothing can be made of it. */
  targetsOf(name) {
    return this.pairs[formatOf(name)] ?? [];
  }

  /** The target that is proposed. */
  likelyTarget(name) {
    const targets = this.targetsOf(name);
    const wished = LIKELY[formatOf(name)] ?? "pdf";
    return targets.includes(wished) ? wished : targets[0];
  }

  /** Every target that one of these files can become, those that most of them can first. */
  targetsOfAll(names) {
    const counts = new Map();
    for (const name of names) for (const target of this.targetsOf(name)) counts.set(target, (counts.get(target) ?? 0) + 1);
    return [...counts].sort((one, other) => other[1] - one[1]).map(([target]) => target);
  }
}
