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

// A picture that is wider than the page scrolls; so it must be reached by Tab, and say what it is.
function letWidePicturesScroll(box) {
  for (const picture of box.querySelectorAll("div:has(> svg[role=img])")) {
    const wide = picture.scrollWidth > picture.clientWidth;
    if (wide === picture.hasAttribute("tabindex")) continue;
    for (const [name, value] of [["tabindex", "0"], ["role", "group"], ["aria-label", "picture, scrolls sideways"]]) {
      if (wide) picture.setAttribute(name, value);
      else picture.removeAttribute(name);
    }
  }
}

function nameThings(box) {
  nameTheHandles(box);
  nameThePlayer(box);
  letWidePicturesScroll(box);
}

// Cells have no element of their own. Each block says its shape, and in JSON what its cells are made of:
// links as Link in course_utils/drawing/refs.py has them.
function blocksOf(svg) {
  if (!svg.unrolledBlocks) {
    svg.unrolledBlocks = [...svg.querySelectorAll("rect[data-shape]")].map((rect) => {
      const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(rect.getAttribute(name)));
      const [rows, columns] = rect.dataset.shape.split(" ").map(Number);
      const madeOf = JSON.parse(rect.dataset.madeOf ?? "[]");
      return { id: rect.dataset.id, x, y, width, height, rows, columns, madeOf };
    });
  }
  return svg.unrolledBlocks;
}

function cellUnder(svg, event) {
  const page = svg.getBoundingClientRect();
  const view = svg.viewBox.baseVal;
  const x = (event.clientX - page.left) * view.width / page.width;
  const y = (event.clientY - page.top) * view.height / page.height;
  const block = blocksOf(svg).find((one) => one.madeOf.length
    && x >= one.x && x < one.x + one.width && y >= one.y && y < one.y + one.height);
  if (!block) return null;
  const row = Math.floor((y - block.y) / block.height * block.rows);
  const column = Math.floor((x - block.x) / block.width * block.columns);
  const [number, count] = block.rows === 1 ? [column + 1, block.columns] : [row + 1, block.rows];
  return { block, row, column, number, count, share: (number - 0.5) / count };
}

// share: how far along its vector the cell is, 0 … 1; so it also finds its place where cells are drawn in groups.
function placeOf(block, how, share) {
  if (how === "all") return block;
  if (how === "cell" && block.rows > 1) {
    const height = block.height / block.rows;
    return { ...block, y: block.y + Math.floor(share * block.rows) * height, height };
  }
  const width = block.width / block.columns;
  return { ...block, x: block.x + Math.floor(share * block.columns) * width, width };
}

// Around a small cell the frame stands outside, so that it does not hide it.
function frame(place, id) {
  const away = Math.min(place.width, place.height) < 16 ? 2.6 : 0;
  const [x, y, width, height] = [place.x - away, place.y - away, place.width + 2 * away, place.height + 2 * away];
  const group = document.createElementNS("http://www.w3.org/2000/svg", "g");
  group.dataset.lit = id;
  for (const [colour, stroke] of [["#FFFFFF", 5], ["#000000", 2.4]]) {
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [name, value] of Object.entries({ x, y, width, height })) rect.setAttribute(name, value);
    rect.setAttribute("style", `fill:none;stroke:${colour};stroke-width:${stroke}px;pointer-events:none`);
    group.append(rect);
  }
  return group;
}

function putOut(svg) {
  svg.querySelector("g[data-light]")?.remove();
  svg.unrolledLit = null;
}

// Frame the cell under the pointer, and everything that made it.
function light(event) {
  const svg = event.target.closest?.("svg[role=img]");
  if (!svg) return;
  const cell = cellUnder(svg, event);
  const key = cell && `${cell.block.id} ${cell.row} ${cell.column}`;
  if (key === svg.unrolledLit) return;
  putOut(svg);
  if (!cell) return;
  svg.unrolledLit = key;
  const lights = document.createElementNS("http://www.w3.org/2000/svg", "g");
  lights.dataset.light = key;
  lights.append(frame(placeOf(cell.block, "cell", cell.share), cell.block.id));
  for (const link of cell.block.madeOf) {
    const [first, last] = link.among ?? [1, cell.count];
    if (cell.number < first || cell.number > last) continue;
    const block = blocksOf(svg).find((one) => one.id === link.to);
    if (!block) continue;
    const share = link.cell ? (link.cell - 0.5) / (block.rows * block.columns) : (cell.number - first + 0.5) / (last - first + 1);
    lights.append(frame(placeOf(block, link.cell ? "cell" : link.how ?? "all", share), link.to));
  }
  svg.append(lights);
}

function lightsOut(box) {
  for (const svg of box.querySelectorAll("svg[role=img]")) putOut(svg);
}

function lookAfter(box) {
  nameThings(box);
  const leave = () => lightsOut(box);
  box.addEventListener("keydown", keepKeysInside);
  box.addEventListener("pointermove", light);
  box.addEventListener("pointerleave", leave);
  const watcher = new MutationObserver(() => nameThings(box));
  watcher.observe(box, { childList: true, subtree: true, attributeFilter: ["class"] });
  const ruler = new ResizeObserver(() => letWidePicturesScroll(box));
  ruler.observe(box);
  return () => {
    box.removeEventListener("keydown", keepKeysInside);
    box.removeEventListener("pointermove", light);
    box.removeEventListener("pointerleave", leave);
    watcher.disconnect();
    ruler.disconnect();
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
