// Drives the first surface on the page, not its twin, and writes what was seen into the title.
(async () => {
  const [surface, twin] = document.querySelectorAll(".surface");
  const canvas = surface.querySelector("canvas");
  const report = { seen: {}, prevented: {}, problems: window.problems };
  Element.prototype.setPointerCapture = () => {}; // made-up pointers cannot be captured

  const pause = () => new Promise((resolve) => setTimeout(resolve, 100));
  const isDrawn = (root) => root.classList.contains("drawn");
  for (let tries = 0; tries < 50 && !(isDrawn(surface) && isDrawn(twin)); tries++) await pause();

  const SIDE = 96;
  const pixelsOf = (root) => {
    const small = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
    const context = small.getContext("2d");
    context.drawImage(root.querySelector("canvas"), 0, 0, SIDE, SIDE);
    return context.getImageData(0, 0, SIDE, SIDE).data;
  };
  // How much of the canvas is covered, its mean colours, whether its middle is covered, and where the mean of it lies.
  const summary = (root) => {
    const pixels = pixelsOf(root);
    const covered = [...Array(SIDE * SIDE).keys()].filter((index) => pixels[4 * index + 3] > 200);
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const colourOf = (indices) =>
      [0, 1, 2].map((channel) => Math.round(mean(indices.map((index) => pixels[4 * index + channel]))));
    const columnOf = (index) => index % SIDE;
    const rowOf = (index) => Math.floor(index / SIDE);
    const highest = Math.min(...covered.map(rowOf));
    const colour = colourOf(covered);
    const left = colourOf(covered.filter((index) => columnOf(index) < 0.45 * SIDE));
    const top = colourOf(covered.filter((index) => rowOf(index) < highest + 3));
    const middle = pixels[4 * ((SIDE / 2) * SIDE + SIDE / 2) + 3] > 200;
    const [x, y] = [mean(covered.map(columnOf)) / SIDE, mean(covered.map(rowOf)) / SIDE];
    const sum = pixels.reduce((total, value, index) => (total * 31 + value + index) % 1000000007, 0);
    return { share: covered.length / SIDE ** 2, colour, left, top, middle, x, y, sum };
  };
  const see = async (name) => {
    await pause();
    report.seen[name] = summary(surface);
  };

  const send = (target, event) => target.dispatchEvent(event) === false;
  const key = (name, shiftKey = false) =>
    send(canvas, new KeyboardEvent("keydown", { key: name, shiftKey, bubbles: true, cancelable: true }));
  const wheel = (deltaY, ctrlKey) =>
    send(canvas, new WheelEvent("wheel", { deltaY, ctrlKey, bubbles: true, cancelable: true }));
  const point = (type, pointerId, x, y, shiftKey = false) =>
    send(canvas, new PointerEvent(type, { clientX: x, clientY: y, pointerId, shiftKey, bubbles: true }));
  const FINGER = { clientX: 100, clientY: 100, pointerId: 1, pointerType: "touch", bubbles: true };
  const touch = (type) => send(canvas, new PointerEvent(type, FINGER));
  const swipe = (fingers) =>
    send(canvas, Object.assign(new Event("touchmove", { cancelable: true }), { touches: Array(fingers).fill({}) }));
  const lift = (pointerId) => send(canvas, new PointerEvent("lostpointercapture", { pointerId }));
  const press = (text) => [...surface.querySelectorAll("button")].find((button) => button.textContent === text).click();
  const slide = (value) => {
    const slider = surface.querySelector("input");
    slider.value = value;
    send(slider, new Event("input", { bubbles: true }));
  };

  report.missing = surface.querySelector(".missing").textContent;
  report.stills = getComputedStyle(surface.querySelector(".stage")).display;
  report.scene = getComputedStyle(surface.querySelector(".scene")).display;
  report.box = [canvas.clientWidth, canvas.clientHeight];
  if (isDrawn(surface)) {
    await see("first");
    report.twinBefore = summary(twin);
    key("ArrowRight");
    await see("arrow");
    key("Home");
    await see("home");
    for (let times = 0; times < 5; times++) key("ArrowDown");
    for (let times = 0; times < 4; times++) key("ArrowLeft");
    await see("front");
    press("Heights");
    report.legend = getComputedStyle(surface.querySelector(".legend")).display;
    await see("heights");
    press("Shape");
    await see("shape");
    press("Picture");
    key("ArrowUp");
    for (let times = 0; times < 13; times++) key("ArrowUp");
    await see("steep");
    slide(2);
    await see("exaggerated");
    report.said = surface.querySelector("output").textContent;
    press("Reset");
    await see("reset");

    report.prevented["plain wheel"] = wheel(-100, false);
    await see("plain wheel");
    report.prevented["ctrl wheel"] = wheel(-100, true);
    await see("ctrl wheel");
    key("r");
    key("+");
    await see("plus");
    key("-");
    key("-");
    await see("minus");
    key("0");
    key("ArrowRight", true);
    await see("shift arrow");
    key("0");

    point("pointerdown", 1, 100, 100);
    point("pointermove", 1, 160, 100);
    lift(1);
    await see("one finger");
    report.prevented["wheel after a press"] = wheel(100, false);
    report.focused = document.activeElement === canvas;
    report.prevented.escape = key("Escape");
    report.prevented["wheel after Escape"] = wheel(100, false);
    key("Home");
    point("pointerdown", 1, 100, 100);
    point("pointerdown", 2, 200, 100);
    point("pointermove", 1, 60, 100);
    point("pointermove", 2, 240, 100);
    lift(1);
    lift(2);
    await see("pinch");
    key("Home");
    point("pointerdown", 1, 100, 100);
    point("pointermove", 1, 160, 100, true);
    lift(1);
    await see("shift drag");
    key("Home");

    // What one and two fingers on the surface are left to the page for, and when the surface gets the focus.
    const touched = () => ({
      focused: document.activeElement === canvas,
      action: getComputedStyle(canvas).touchAction,
      kept: [swipe(1), swipe(2)],
    });
    canvas.blur();
    touch("pointerdown");
    report.pressed = touched();
    touch("pointerup");
    lift(1);
    report.tapped = touched();
    key("Escape");
    report.left = touched();

    const described = (root) => document.getElementById(root.querySelector("canvas").getAttribute("aria-describedby"));
    report.keys = described(surface).textContent;
    report.isOwn = [surface, twin].every((root) => root.contains(described(root)));

    const told = () => ({
      missing: surface.querySelector(".missing").textContent,
      stills: getComputedStyle(surface.querySelector(".stage")).display,
      scene: getComputedStyle(surface.querySelector(".scene")).display,
      controls: getComputedStyle(surface.querySelector(".controls")).display,
    });
    const lost = canvas.getContext("webgl2").getExtension("WEBGL_lose_context");
    const before = told();
    slide(1); // so that it is about to be drawn when the context is lost
    send(canvas, new Event("webglcontextlost", { cancelable: true }));
    await pause();
    lost.loseContext();
    await pause();
    report.lost = told();
    slide(surface.querySelector("input").defaultValue);
    lost.restoreContext();
    await see("restored");
    report.isAsBefore = JSON.stringify(told()) === JSON.stringify(before);
    report.twinAfter = summary(twin);
    report.measures = [...surface.querySelectorAll(".measures span")].map((span) => span.textContent);
  }
  const addresses = performance.getEntriesByType("resource").map((entry) => entry.name);
  report.fetched = addresses.filter((address) => !/^(data|blob):/.test(address));
  document.title = JSON.stringify(report);
})();
