/** Everything the page says. Sentences come as plain text; nothing here touches the page. */

import { packingOf } from "./formats.js";

const MOST_NAMES = 3;
const MOST_NOTES = 3;
const MENDED = "Whoever runs this server adds them by “filemill install documents”.";

const FORMATS = {
  pdf: "PDF", docx: "Word (docx)", doc: "Word 97 (doc)", odt: "OpenDocument (odt)", rtf: "Rich text (rtf)",
  txt: "Plain text (txt)", md: "Markdown (md)", html: "Web page (html)", epub: "E-book (epub)",
  xlsx: "Excel (xlsx)", xls: "Excel 97 (xls)", ods: "OpenDocument (ods)", csv: "Table (csv)", tsv: "Table (tsv)",
  pptx: "PowerPoint (pptx)", ppt: "PowerPoint 97 (ppt)", odp: "OpenDocument (odp)",
  jpg: "JPEG (jpg)", png: "PNG", webp: "WebP", gif: "GIF", tiff: "TIFF", bmp: "BMP", heic: "HEIC", svg: "SVG",
  parquet: "Parquet", arrow: "Arrow", avro: "Avro", json: "JSON", ndjson: "JSON lines (ndjson)",
};

/** What a format is called in a list of choices. */
export function format(name) {
  return FORMATS[name] ?? name;
}

/** Formats in a line, those that are packed in short: `csv, json (text also as .gz, .zst)`. */
export function formats(names) {
  const plain = names.filter((name) => !packingOf(name));
  const packings = [...new Set(names.map(packingOf).filter(Boolean))];
  return plain.join(", ") + (packings.length ? ` (text also as ${packings.map((name) => `.${name}`).join(", ")})` : "");
}

/** `1 file`, `3 files`. */
export function files(count) {
  return count === 1 ? "1 file" : `${count} files`;
}

/** Bytes as people read them: `312 bytes`, `1.4 KB`, `12 MB`. */
export function size(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  const units = ["KB", "MB", "GB"];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value < 9.95 ? value.toFixed(1).replace(/\.0$/, "") : Math.round(value)} ${units[unit]}`;
}

/** Seconds until something goes on: `8 s`, `1:05`. */
export function countdown(seconds) {
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function percent(part) {
  return `${Math.floor(part * 100)}%`;
}

/** How an entry stands. `wait` is {seconds, isLost} where its lane waits, else null. */
export function status(entry, wait) {
  if (entry.saving !== null) return wait ? paused(wait) : `Downloading, ${percent(entry.saving)}`;
  switch (entry.status) {
    case "ready":
      return size(entry.file.size);
    case "waiting":
      return wait ? paused(wait) : "Waits for its turn to be sent";
    case "uploading":
      return entry.progress < 1 ? `Sending, ${percent(entry.progress)} of ${size(entry.file.size)}` : "Sent, being checked";
    case "uploaded":
      return wait ? paused(wait) : "On the server, waits to be converted";
    case "processing":
      if (entry.place !== null) return entry.place === 1 ? "Next in line" : `In line, ${entry.place - 1} before it`;
      return entry.progress === null ? "Being converted" : `Being converted, ${percent(entry.progress)}`;
    case "completed":
      if (entry.error) return `Not downloaded: ${problem(entry.error)}`;
      return `${entry.isSaved ? "Done and downloaded" : "Done"}${withNotes(entry)}`;
    case "missing":
      return "It was not sent yet when this page was left. Choose it again to go on.";
  }
  return problem(entry.error);
}

function withNotes({ notes }) {
  if (notes.length === 0) return "";
  return notes.length === 1 ? ", with a note" : `, with ${notes.length} notes`;
}

/** A warning without its last clause where the clause names options: callers of the API for jobs have those alone. */
export function sentence(message) {
  return message.replace(/; [^;]*\binput_options\b[^;]*\.$/, ".");
}

/** What the server said about a conversion, as many sentences as one reads. */
export function notes(all) {
  const rest = all.length - MOST_NOTES;
  return rest > 0 ? [...all.slice(0, MOST_NOTES), `and ${rest} more`] : all;
}

/** The note where the server does not tell what it has said about a conversion. */
export const UNKNOWN_NOTES = "The server does not say whether anything was left out. Compare the result with the original.";

function paused({ seconds, isLost }) {
  const when = countdown(seconds);
  return isLost ? `No connection. Tries again in ${when}` : `Waits for the server's limit, goes on in ${when}`;
}

/** Why there is no session: the cookie did not come back. */
export function cookieless() {
  if (!isSecureContext) return "The page was opened by http, where browsers do not keep its cookie. Open it by https.";
  const allow = "This browser keeps no cookies of this page, and without one there is no session. Allow them and try again.";
  if (location.protocol === "https:") return allow;
  return `${allow} A browser that keeps no Secure cookie over http, such as Safari, can be used once the server is started with FILEMILL_COOKIE_SECURE=off.`;
}

const REMEDIES = {
  VirusDetectedError: "Be careful with this file, and ask whoever gave it to you.",
  ServerError: "Try again; if it stays so, tell whoever runs this server.",
  ConversionFailed: "",
};

/** What went wrong, and what to do about it. */
export function problem({ name, message }) {
  switch (name) {
    case "Unsupported":
      return message ? `Nothing can be made of .${message} files here. Below is what can be converted.`
        : "Its name has no extension, such as .docx, so nobody knows what it is. Rename it and add it again.";
    case "Lacking":
      return `The programs for .${message} files are missing here, or are not running. ${MENDED}`;
    case "NothingWorks":
      return "Nothing can be converted here for the moment: the server has no worker running. Try again in a minute.";
    case "NoCookie":
      return cookieless();
    case "TooLarge":
      return `Larger than ${message}, the most that one file may have. Make it smaller or split it.`;
    case "Empty":
      return "There is nothing in it: 0 bytes. Save it again where it comes from.";
    case "Unreadable":
      return "It was changed, moved or deleted after it was chosen. Choose it again.";
    case "ResourceNotFound":
      return "It is not on the server any more. Add the file again.";
  }
  return [message || "It could not be converted.", REMEDIES[name]].filter(Boolean).join(" ");
}

/** What the button that mends it says. */
export const REMEDY = { convert: "Try again", send: "Try again", choose: "Choose again" };

/** How much one file may have, for the drop zone. */
export function limit(bytes) {
  return `up to ${size(bytes)} each`;
}

/** The first fact about files. */
export function sizeFact(bytes) {
  return `One file may have up to ${size(bytes)}. Add as many as you like: they wait in line here.`;
}

/** What is said where nothing is made of documents. */
export const NO_DOCUMENTS = `Documents, slides and pictures cannot be converted here for the moment: the programs for them are missing, or are not running. ${MENDED}`;

/** Whether this is a format that is converted where the programs for it are there: `docx`, `csv.gz`. */
export function isKnown(format) {
  return Object.hasOwn(FORMATS, format.split(".")[0]);
}

/** The heading of the list. */
export function heading(count, going, done) {
  if (going) return `${files(count)}, ${going} under way`;
  if (done === 0) return files(count);
  return `${files(count)}, ${done === count ? "all" : done} done`;
}

/** The title of the tab, for whoever waits in another one. */
export function title(count, going, done) {
  if (going) return `${done} of ${count} done: filemill`;
  return done ? `${heading(count, going, done)}: filemill` : "filemill: convert files, keep nothing";
}

export const NOTICES = {
  limit: { title: "A short wait", text: "This server takes only so many files a minute. Nothing is lost: it goes on by itself in {}." },
  crowd: { title: "A short wait", text: "Many visitors from your address came within a minute. The page goes on by itself within {}." },
  away: { title: "The server cannot go on now", text: "{said} Nothing is lost: the page tries again by itself in {}." },
  lost: { title: "No connection", text: "The server cannot be reached. Your files wait here, and it goes on by itself." },
  unreachable: { title: "The server does not answer", text: "This page needs it to know what can be converted. It tries again by itself." },
  closed: { title: "Session closed", text: "Everything you sent, and everything made of it, is deleted from the server." },
  over: { title: "Your session has ended", text: "Its time was over or it was closed, so {} deleted from the server. Add the originals again to convert them once more." },
  idle: { title: "Your session has ended", text: "Its time was over or it was closed. Nothing of yours is on the server." },
  gone: { title: "Some files are gone", text: "They belonged to an earlier session: {}." },
  left: { title: "Off the list", text: "What the server has of {} is deleted when the session ends. Close the session to have it deleted now." },
  cookieless: { title: "The browser keeps no cookie of this page", text: "{}" },
  folder: { title: "Folders stay outside", text: "A folder cannot be converted. Open it and drop the files in it." },
};

/** Names, as many as one reads: `a.docx and b.docx`, `a.docx, b.docx, c.docx and 4 files more`. */
export function names(all) {
  const shown = all.length > MOST_NAMES ? [...all.slice(0, MOST_NAMES), `${files(all.length - MOST_NAMES)} more`] : all;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

/** `a.docx was`, `a.docx and b.docx were`: what is gone, to begin a sentence's end with. */
export function were(all) {
  return `${names(all)} ${all.length === 1 ? "was" : "were"}`;
}

/** What a screen reader is told when an entry comes to a new status; empty for what happens on the way. */
export function announcement(entry) {
  switch (entry.status) {
    case "completed":
      return [`${entry.name} is done${withNotes(entry)}: ${format(entry.target)} can be downloaded.`, ...notes(entry.notes)].join(" ");
    case "failed":
      return `${entry.name}: ${problem(entry.error)}`;
  }
  return "";
}

/** The question before the session is closed. */
export function question(held) {
  return `${held ? `${files(held)} of yours and all results` : "Everything"} will be deleted from the server now. What you have downloaded stays with you.`;
}

/** What is said when an entry was taken off the list. */
export function removed(entry) {
  const rest = entry.isOnServer ? " The server deletes it when the session ends, or when you close it." : "";
  return `${entry.name} is off the list.${rest}`;
}
