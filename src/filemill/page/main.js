/** The page: puts its parts together, and decides what happens when somebody does something. */

import * as about from "./about.js";
import * as api from "./api.js";
import { ask } from "./ask.js";
import * as drop from "./drop.js";
import { Lost } from "./errors.js";
import { Entry, Files, newId } from "./files.js";
import { Formats, formatOf } from "./formats.js";
import * as history from "./history.js";
import { pause, pauseAfter } from "./lane.js";
import { List } from "./list.js";
import * as notice from "./notice.js";
import { Queue } from "./queue.js";
import { remembered } from "./resume.js";
import { nameOf, save } from "./saving.js";
import { Session, isOver } from "./session.js";
import { stillThere, watch } from "./watch.js";
import * as words from "./words.js";

const $ = (id) => document.getElementById(id);
const files = new Files();
const session = new Session(() => files.anyOnServer);
const queue = new Queue(files, session);
const lanes = [queue.uploads, queue.conversions, queue.downloads];
let formats;
let list;
let hasEnded = false; // by closing or by itself; until the next one begins

const acts = {
  target: (entry, target) => files.set(entry, { target }),
  targetOfAll,
  convert: (entries) => {
    $("list-title").focus(); // the button that was pressed goes
    for (const entry of entries) queue.start(entry);
  },
  download,
  downloadAll: async (entries) => {
    if (entries.some((entry) => entry.saving !== null)) return; // they are on their way
    for (const entry of entries) await download(entry);
  },
  again,
  remove,
};

async function begin() {
  formats = new Formats(await persistently(api.formats));
  formats.addEventListener("change", () => about.tell(formats));
  about.tell(formats);
  list = new List(files, formats, queue, acts);
  notice.followLanes(lanes, words.countdown);
  files.addEventListener("entry", ({ detail }) => {
    if (detail.was !== detail.entry.status) notice.announce(words.announcement(detail.entry));
  });
  session.addEventListener("over", ended);
  drop.listen(take, () => notice.show("folder"));
  $("close").onclick = close;
  addEventListener("beforeunload", (event) => {
    if (files.of("waiting", "uploading").length) event.preventDefault();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) stillThere(files).catch((error) => isOver(error) && session.over());
  });
  await resume();
  if (!hasEnded && !(await persistently(() => session.isKept()))) notice.show("cookieless", { fill: words.cookieless() });
  $("choose").disabled = false;
  watch(files, session, (isLost) => {
    if (isLost) notice.show("lost");
    else if (!lanes.some((lane) => lane.why instanceof Lost)) notice.hide("lost");
  });
}

/** Goes on with what was under way before a reload. */
async function resume() {
  let found = { entries: [], hasLeft: false };
  try {
    found = await persistently(() => remembered((names) => notice.show("gone", { fill: words.names(names) })));
  } catch (error) {
    if (!isOver(error)) throw error;
    const listed = (await history.all()).filter((record) => record.status !== "removed");
    const sent = listed.filter((record) => record.status !== "waiting").map((record) => record.original_filename);
    if (listed.length) return endWith(sent);
    await history.clear(); // nobody misses what was taken off the list
  }
  await persistently(() => session.begin());
  files.hasLeft = found.hasLeft;
  files.add(...found.entries);
  for (const entry of found.entries) if (entry.status === "uploaded") queue.convert(entry);
}

/** Does what the page cannot go on without, until it succeeds. */
async function persistently(act) {
  for (let attempt = 0; ; attempt++) {
    try {
      const result = await act();
      notice.hide("unreachable", "crowd");
      return result;
    } catch (error) {
      const seconds = pauseAfter(error, attempt);
      if (seconds === null) throw error;
      if (error.status === 429) notice.show("crowd", { fill: words.countdown(seconds) });
      else notice.show("unreachable");
      await pause(seconds, undefined, true);
    }
  }
}

async function take(chosen) {
  if (chosen.length === 0 || hasEnded) return;
  notice.hide("closed", "gone", "folder", "left");
  await formats.renew();
  files.add(...chosen.map(entryOf));
  notice.announce(`${words.files(chosen.length)} added.`);
}

/** A new entry; what cannot be converted here is not sent at all. */
function entryOf(file) {
  const entry = new Entry(file.name, file, formats.likelyTarget(file.name) ?? null);
  const fail = (name, message) => Object.assign(entry, { status: "failed", error: { name, message } });
  if (formats.areNone) fail("NothingWorks", "");
  else if (entry.target === null) fail(words.isKnown(formatOf(file.name)) ? "Lacking" : "Unsupported", formatOf(file.name));
  else if (file.size > formats.mostBytes) fail("TooLarge", words.size(formats.mostBytes));
  else if (file.size === 0) fail("Empty", "");
  return entry;
}

function targetOfAll(target) {
  const ready = files.of("ready");
  const able = ready.filter((entry) => formats.targetsOf(entry.name).includes(target));
  for (const entry of able) files.set(entry, { target });
  const rest = ready.length - able.length;
  notice.announce(`${words.files(able.length)} to ${words.format(target)}.${rest ? ` ${words.files(rest)} cannot become that.` : ""}`);
}

async function download(entry) {
  if (entry.saving !== null) return; // it is on its way
  const result = await queue.fetch(entry);
  if (result) save(result.blob, nameOf(result.disposition, entry));
}

async function again(entry) {
  switch (entry.remedy) {
    case "convert":
      return queue.convert(entry);
    case "send":
      if (entry.target === null) {
        await queue.remove(entry);
        return take([entry.file]);
      }
      entry.jobId = newId();
      return queue.start(entry);
  }
  const file = await drop.chooseAgain();
  if (!file) return undefined;
  if (file.name !== entry.name) {
    await queue.remove(entry);
    return take([file]);
  }
  await history.forget(entry.jobId);
  Object.assign(entry, { file, jobId: newId() });
  return queue.start(entry);
}

async function remove(entry) {
  const index = list.indexOf(entry);
  const isKept = entry.isOnServer;
  await queue.remove(entry);
  list.focusNear(index);
  notice.announce(words.removed(entry));
  if (isKept) notice.showQuietly("left", entry.name);
}

async function close() {
  const held = [...files].filter((entry) => entry.isOnServer).length;
  if (!(await ask("Close this session?", words.question(held)))) return;
  hasEnded = true; // what is under way will hear that there is no session, which is no news then
  try {
    await session.close();
  } catch {
    hasEnded = false;
    notice.show("lost");
    return;
  }
  await letGo(() => false);
  hasEnded = false;
  notice.show("closed", { focus: true });
}

async function ended() {
  if (hasEnded) return;
  const gone = [...files].filter((entry) => entry.isOnServer).map((entry) => entry.name);
  await endWith(gone);
}

/** The session is over by itself: whatever was on the server is gone, and the page says so. */
async function endWith(gone) {
  hasEnded = true;
  document.body.classList.add("over");
  await letGo((entry) => entry.file !== null && !entry.isOnServer);
  const action = { word: "Start a new session", act: beginAnew };
  notice.show(gone.length ? "over" : "idle", { fill: words.were(gone), action, focus: true });
}

async function beginAnew() {
  await persistently(() => session.begin());
  hasEnded = false;
  document.body.classList.remove("over");
  notice.hide("over", "idle");
  $("choose").focus();
}

/** Takes every entry off the page that is not to stay; those that stay were not sent yet and can be anew. */
async function letGo(stays) {
  const leaving = [...files].filter((entry) => !stays(entry));
  for (const entry of files) entry.abort.abort();
  files.hasLeft = false;
  files.remove(...leaving);
  await history.clear();
  for (const entry of files) {
    const anew = entry.status === "failed" ? {} : { status: "ready", progress: null };
    files.set(entry, { ...anew, jobId: newId(), abort: new AbortController() });
  }
}

begin();
