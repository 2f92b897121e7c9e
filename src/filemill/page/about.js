/** What the empty page says of its limits and formats, as the server tells them. */

import * as words from "./words.js";

const $ = (id) => document.getElementById(id);

/** Fills in the limits, what is lacking, and the table of formats. */
export function tell(formats) {
  $("drop-limit").textContent = words.limit(formats.mostBytes);
  $("fact-size").textContent = words.sizeFact(formats.mostBytes);
  $("lack").hidden = !formats.lackDocuments;
  $("lack").textContent = formats.lackDocuments ? words.NO_DOCUMENTS : "";
  $("formats-rows").replaceChildren(...rowsOf(formats.pairs).map(([sources, targets]) => row(sources, targets)));
  $("formats").hidden = $("formats-rows").childElementCount === 0;
}

/** Sources that can become the same share a row; each other's included -> [[sources, targets], ...]. */
function rowsOf(pairs) {
  const made = new Set(Object.values(pairs).flat());
  const rows = new Map();
  for (const [source, targets] of Object.entries(pairs)) {
    const whole = new Set(made.has(source) ? [...targets, source] : targets);
    const key = [...whole].sort().join();
    if (!rows.has(key)) rows.set(key, [[], new Set()]);
    const [sources, becomes] = rows.get(key);
    sources.push(source);
    for (const target of targets) becomes.add(target);
  }
  return [...rows.values()].map(([sources, becomes]) => [sources, [...becomes]]);
}

function row(sources, targets) {
  const line = document.createElement("tr");
  for (const names of [sources, targets]) {
    const cell = document.createElement(names === sources ? "th" : "td");
    if (names === sources) cell.scope = "row";
    cell.textContent = words.formats(names);
    line.append(cell);
  }
  return line;
}
