/** Whether this page is open in another tab: all tabs hold one lock of the browser's together. */

const NAME = "filemill";

/** Whether there are other tabs; from now on they see this one. Over plain http browsers cannot tell: then not. */
export async function others() {
  if (!navigator.locks) return false;
  const { held } = await navigator.locks.query();
  navigator.locks.request(NAME, { mode: "shared" }, () => new Promise(() => {})); // for as long as the tab lives
  return held.some((lock) => lock.name === NAME);
}
