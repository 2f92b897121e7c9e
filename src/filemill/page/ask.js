/** A question that must be answered first, as a dialog of the browser's own: focus stays in it, Escape means no. */

const $ = (id) => document.getElementById(id);

/** -> whether the answer was yes. */
export function ask(title, text) {
  const dialog = $("ask");
  $("ask-title").textContent = title;
  $("ask-text").textContent = text;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(dialog.returnValue === "yes");
  });
}
