/** The targets of a file as the choices of a `<select>`: packed ones apart, below the others. */

import { packingOf } from "./formats.js";
import * as words from "./words.js";

/** -> the options, and a group of those that are packed where there are any. */
export function choices(targets) {
  const option = (name) => new Option(words.format(name), name);
  const packed = targets.filter((name) => packingOf(name));
  const plain = targets.filter((name) => !packingOf(name)).map(option);
  if (packed.length === 0) return plain;
  const group = document.createElement("optgroup");
  group.label = "Packed";
  group.append(...packed.map(option));
  return [...plain, group];
}
