// Keys that JupyterLab should still hear: leave the output, run the cell, save, and other shortcuts.
function isForThePage(event) {
  return event.key === "Escape" || event.ctrlKey || event.metaKey || event.altKey
    || (event.key === "Enter" && event.shiftKey);
}

function keepKeysInside(event) {
  if (!isForThePage(event)) event.stopPropagation();
}

function nameTheHandles(box) {
  for (const slider of box.querySelectorAll(".widget-slider")) {
    const label = slider.querySelector(".widget-label")?.textContent.trim();
    for (const handle of slider.querySelectorAll(".noUi-handle")) {
      if (label && handle.getAttribute("aria-label") !== label) handle.setAttribute("aria-label", label);
    }
  }
}

const PLAYER = ["Play", "Stop and go back to the start", "Repeat"];

function nameThePlayer(box) {
  for (const player of box.querySelectorAll(".widget-play")) {
    player.querySelectorAll("button").forEach((button, place) => {
      const icon = button.querySelector(".fa")?.className ?? "";
      const name = icon.includes("fa-pause") ? "Pause" : PLAYER[place];
      if (button.getAttribute("aria-label") !== name) button.setAttribute("aria-label", name);
    });
  }
}

function nameThings(box) {
  nameTheHandles(box);
  nameThePlayer(box);
}

function lookAfter(box) {
  nameThings(box);
  box.addEventListener("keydown", keepKeysInside);
  const watcher = new MutationObserver(() => nameThings(box));
  watcher.observe(box, { childList: true, subtree: true, attributeFilter: ["class"] });
  return () => {
    box.removeEventListener("keydown", keepKeysInside);
    watcher.disconnect();
  };
}

function render({ model, el }) {
  const voice = document.createElement("div");
  voice.setAttribute("role", "status");
  voice.setAttribute("aria-live", "polite");
  voice.style.cssText = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)";
  el.append(voice);
  model.on("change:announcement", () => { voice.textContent = model.get("announcement"); });

  // The element is put on the page after this function returns; until then it has no box around it.
  let letGo = () => {};
  let waiting = requestAnimationFrame(function search() {
    const box = el.closest(".unrolled-guarded");
    if (box) letGo = lookAfter(box);
    else waiting = requestAnimationFrame(search);
  });
  return () => { cancelAnimationFrame(waiting); letGo(); };
}

export default { render };
