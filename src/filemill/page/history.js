/**
 * What the browser remembers of its files, in IndexedDB, so that a reload loses nothing.
 *
 * A record: {job_id, original_filename, target_format, status, timestamp, download_token}. `status` is the server's
 * word, `waiting` for a file that is not uploaded yet, or `removed` for one that is off the list and may still be on the
 * server; the bytes of a file are never kept. Where the browser keeps nothing (private windows of some), all of this
 * does nothing.
 */

const NAME = "filemill";
const STORE = "files";

let opened = null;

function open() {
  opened ??= new Promise((resolve) => {
    let request;
    try {
      request = indexedDB.open(NAME, 1);
    } catch {
      return resolve(null);
    }
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "job_id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(null);
  });
  return opened;
}

async function run(mode, act) {
  const database = await open();
  if (database === null) return undefined;
  return new Promise((resolve) => {
    const transaction = database.transaction(STORE, mode);
    const request = act(transaction.objectStore(STORE));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = transaction.onabort = () => resolve(undefined);
  });
}

/** All records, the oldest first. */
export async function all() {
  const records = (await run("readonly", (store) => store.getAll())) ?? [];
  return records.sort((one, other) => one.timestamp.localeCompare(other.timestamp));
}

/** Keeps a record, in place of a former one of its job_id. */
export async function keep(record) {
  await run("readwrite", (store) => store.put(record));
}

/** Keeps a record in place of one of another job_id; who reloads in between finds the one or the other. */
export async function replace(jobId, record) {
  await run("readwrite", (store) => {
    store.delete(jobId);
    return store.put(record);
  });
}

/** Forgets the record of one file. */
export async function forget(jobId) {
  await run("readwrite", (store) => store.delete(jobId));
}

/** Forgets everything. */
export async function clear() {
  await run("readwrite", (store) => store.clear());
}
