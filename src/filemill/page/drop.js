/** How files come in: dropped anywhere on the page, chosen by a button, or pasted. */

const $ = (id) => document.getElementById(id);

/** `take(files)` gets what came; `folders()` hears that there was a folder among it. */
export function listen(take, folders) {
  let depth = 0; // of elements that the pointer has entered: only leaving the last one is leaving the page
  const dragging = (is) => document.body.classList.toggle("dragging", is);

  addEventListener("dragenter", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    depth++;
    dragging(true);
  });
  addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  addEventListener("dragleave", (event) => {
    if (!holdsFiles(event)) return;
    depth = Math.max(0, depth - 1);
    dragging(depth > 0);
  });
  addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    depth = 0;
    dragging(false);
    const { files, hasFolder } = sorted(event.dataTransfer);
    if (hasFolder) folders();
    take(files);
  });
  addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) take([...event.clipboardData.files]);
  });

  $("choose").onclick = () => $("picker").click();
  $("picker").onchange = () => {
    take([...$("picker").files]);
    $("picker").value = ""; // the same file may be chosen twice
  };
}

/** Lets one file be chosen in place of one that cannot be read any more -> the file, if one was chosen. */
export function chooseAgain() {
  const picker = $("picker-again");
  picker.value = "";
  return new Promise((resolve) => {
    picker.onchange = () => resolve(picker.files[0] ?? null);
    picker.oncancel = () => resolve(null);
    picker.click();
  });
}

function holdsFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}

function sorted(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const isFolder = (item) => item.webkitGetAsEntry?.()?.isDirectory ?? false;
  return {
    files: items.filter((item) => !isFolder(item)).map((item) => item.getAsFile()).filter(Boolean),
    hasFolder: items.some(isFolder),
  };
}
