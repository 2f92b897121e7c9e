/** Hands a fetched result to the browser's downloads, under the name the server gave it. */

import { stemOf } from "./formats.js";

const KEPT_MS = 60_000; // some browsers read the address of a blob only after a while

/** The name in a Content-Disposition header, else the file's own with the target's extension. */
export function nameOf(disposition, entry) {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(disposition)?.[1];
  if (encoded) return decodeURIComponent(encoded);
  return `${stemOf(entry.name)}.${entry.target}`;
}

/** Saves a blob under a name. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}
